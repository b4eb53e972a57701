// Trouble around the program, one kind after the other: files that cannot grow, descriptors that are
// used up, a platform that cannot be reached by name, by port or by TLS. While it lasts callers are
// told so; nothing that was accepted is lost or sent twice; it ends by itself, without a restart.
//
// Needs prlimit and openssl; without one of them its tests are skipped.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, readFileSync, readdirSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import tls from 'node:tls';
import { ADMIN, APP, SECRET, call, run, settle, start, startServer, startSim, submitForms,
  temporary, until } from './process.mjs';

const has = (program) => spawnSync(program, ['--help']).error === undefined;
const send = '/cgi-bin/message/wxopen/template/send';

function post(server, { openid, template_id }, more = {}) {
  return server.api('POST', '/v1/messages', {
    app: APP, user: openid, template: template_id,
    data: { keyword1: '咖啡', keyword2: '9.00' }, on_missing: 'wait', ...more,
  });
}

const inState = (server, id, state) => until(async () => {
  const message = await server.api('GET', `/v1/messages/${id}`);
  return message.state === state && message;
}, `${id} is ${state}`);

// The whole answer, whatever its status.
async function answer(server, method, path, body) {
  const response = await fetch(server.url + path, {
    method, body: body && JSON.stringify(body),
    headers: { authorization: `Bearer ${ADMIN}`, 'content-type': 'application/json' },
  });
  return { status: response.status, headers: response.headers, json: await response.json() };
}

// The seconds of CPU that a process has used.
function cpuSeconds(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /, '').split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

async function phoneHas(sim, openid, count) {
  assert.equal((await sim.phone(openid)).length, count);
}

// --- the disk

test('a disk that takes nothing more', { skip: !has('prlimit') }, async (t) => {
  const folder = temporary(t);
  const sim = await startSim(t);
  const server = await startServer(t, { store: `sqlite:${join(folder, 'a.db')}`, sim });
  const people = await settle(server, sim);
  const limit = (bytes) => execFileSync('prlimit', ['--pid', server.pid, `--fsize=${bytes}:`]);

  await submitForms(server, sim, people.openid, 4);
  await inState(server, (await post(server, people)).id, 'sent');

  // One is under way when it begins: its answer comes and cannot be written down.
  await sim.post('/sim/faults', { path: send, latency_ms: 500, times: 1 });
  const caught = await post(server, people);
  await inState(server, caught.id, 'sending');
  const waiting = await post(server, people);
  limit(4096);
  try {
    const refused = await answer(server, 'POST', '/v1/messages', {
      app: APP, user: people.openid, template: people.template_id,
      data: { keyword1: 'a', keyword2: 'b' }, key: 'refused',
    });
    assert.equal(refused.status, 503);
    assert.equal(refused.headers.get('content-type'), 'application/problem+json');
    assert.match(refused.json.type, /store_(unavailable|uncertain)$/);
    assert.ok(Number(refused.headers.get('retry-after')) > 0);
    await until(async () => (await fetch(`${server.url}/readyz`)).status === 503, 'not ready');
    assert.equal((await fetch(`${server.url}/healthz`)).status, 200);
    await until(() => /store\.settle error=/.test(server.stderr), 'the answer is not written');
    await pause(1500); // it tries, and is in no hurry
    assert.ok(server.stderr.split('\n').length < 400, server.stderr.slice(-2000));
    assert.equal((await server.api('GET', `/v1/messages/${waiting.id}`)).state, 'queued');
  } finally {
    limit('unlimited');
  }
  await until(async () => (await fetch(`${server.url}/readyz`)).status === 200, 'ready');
  assert.equal((await inState(server, caught.id, 'sent')).attempts.length, 1);
  await inState(server, waiting.id, 'sent');
  await inState(server, (await post(server, people, { key: 'refused' })).id, 'sent');
  await phoneHas(sim, people.openid, 4);
  assert.equal(await server.stop(), 0);
});

// --- descriptors

test('descriptors are used up', async (t) => {
  const folder = temporary(t);
  const store = `sqlite:${join(folder, 'a.db')}`;
  const sim = await startSim(t);
  const first = await startServer(t, { store, sim });
  const people = await settle(first, sim);

  await submitForms(first, sim, people.openid, 2);
  await inState(first, (await post(first, people)).id, 'sent'); // the token is stored
  const { id } = await post(first, people, { send_at: Math.floor(Date.now() / 1000) + 4 });
  assert.equal(await first.stop(), 0);

  // It has no connection to the platform yet, and will not get one.
  const child = start(t, ['-c', 'ulimit -n 64; exec "$0" "$@"', process.env.HONGYAN_BIN, 'serve',
    '--listen', '127.0.0.1:0', '--store', store, '--wechat-url', sim.url],
  { command: '/bin/bash', env: { HONGYAN_ADMIN_KEY: ADMIN } });
  child.url = await child.address('listening');
  const server = { ...child, api: (method, path) =>
    call(child.url + path, { method, headers: { authorization: `Bearer ${ADMIN}` } }) };
  const { hostname, port } = new URL(child.url);
  const sockets = [];
  const descriptors = () => readdirSync(`/proc/${child.pid}/fd`).length;

  t.after(() => sockets.forEach((one) => one.destroy()));
  for (let i = 0; i < 120; i++)
    sockets.push(net.connect(Number(port), hostname).on('error', () => {}));
  await until(() => descriptors() >= 63, 'all descriptors are used');
  const before = cpuSeconds(child.pid);
  await pause(2000);
  assert.ok(cpuSeconds(child.pid) - before < 1, 'it spins while it can accept nobody');
  assert.match(child.stderr, /warn http\.limit /);
  await pause(3000); // the message is due meanwhile
  assert.equal(child.code, undefined);
  sockets.forEach((one) => one.destroy());

  const message = await inState(server, id, 'sent');
  const failures = message.attempts.slice(0, -1);
  assert.ok(failures.length > 0, 'it had a socket');
  for (const one of failures) {
    assert.equal(one.verdict, 'transient', JSON.stringify(message));
    assert.match(one.errmsg, /no socket/);
  }
  await phoneHas(sim, people.openid, 2);
  assert.equal(await child.stop(), 0);
});

// --- the way to the platform

function certificate(folder, name, ...more) {
  const [key, cert] = [join(folder, `${name}.key`), join(folder, `${name}.pem`)];

  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt',
    'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', key, '-out', cert, '-subj', '/CN=test',
    '-days', '2', ...more], { stdio: 'ignore' });
  return { key: readFileSync(key), cert: readFileSync(cert) };
}

async function listen(t, server) {
  const sockets = new Set();
  const keep = (socket) => sockets.add(socket.on('error', () => {}));

  server.on('connection', keep).on('tlsClientError', () => {});
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    sockets.forEach((socket) => socket.destroy());
    server.close();
  });
  return server.address().port;
}

async function tlsServer(t, options) {
  const requests = [];
  const server = tls.createServer(options, (socket) => {
    socket.on('data', (bytes) => requests.push(bytes)).on('error', () => {});
  });
  return { url: `https://127.0.0.1:${await listen(t, server)}`, requests };
}

// What the address of the platform is, and what operators read then. Nobody gets a request.
async function ways(t, folder, sim) {
  const closed = net.createServer();
  const plain = certificate(folder, 'self', '-addext', 'subjectAltName=IP:127.0.0.1');

  await new Promise((resolve) => closed.listen(0, '127.0.0.1', resolve));
  const { port } = closed.address();
  await new Promise((resolve) => closed.close(resolve));
  const old = { ...plain, minVersion: 'TLSv1', maxVersion: 'TLSv1.1',
    ciphers: 'DEFAULT@SECLEVEL=0' };
  return [
    { name: 'no such name', url: 'http://platform.invalid', says: /name not resolved/ },
    { name: 'nobody listens', url: `http://127.0.0.1:${port}`, says: /connection refused/ },
    { name: 'no TLS on that port', url: sim.url.replace('http:', 'https:'), says: /TLS handshake/ },
    { name: 'a certificate of nobody', ...await tlsServer(t, plain), says: /TLS certificate/ },
    { name: 'TLS that is too old', ...await tlsServer(t, old), says: /TLS handshake/ },
  ];
}

// An app that never had a token, the templates and a login say it, too.
async function othersSaySo(server, way) {
  const app = 'wx00000000000000ff';

  await server.api('POST', '/v1/apps', { id: app, secret: SECRET });
  const token = await answer(server, 'GET', `/v1/apps/${app}/token`);
  assert.equal(token.status, 503, JSON.stringify(token.json));
  assert.match(token.json.detail, way.says);
  assert.ok(Number(token.headers.get('retry-after')) > 0);
  const templates = await answer(server, 'POST', '/v1/templates/sync', { app: APP });
  assert.equal(templates.status, 503, JSON.stringify(templates.json));
  assert.match(templates.json.detail, way.says);
  // Pages are not told why; whoever runs the server is.
  const login = await answer(server, 'POST', '/client/v1/login', { app: APP, code: 'a-code' });
  assert.equal(login.status, 503, JSON.stringify(login.json));
  await until(() => server.stderr.split('\n').some((line) =>
    / login\.failed /.test(line) && way.says.test(line)), `${way.name}: the log says it`);
}

async function triedTwice(server, id, way) {
  const message = await until(async () => {
    const now = await server.api('GET', `/v1/messages/${id}`);
    return now.attempts.length >= 2 && now.state === 'queued' && now;
  }, `${way.name}: it was tried twice`);
  const next = Date.parse(message.due_at) - Date.parse(message.attempts[1].at);

  for (const one of message.attempts) {
    assert.equal(one.verdict, 'transient', `${way.name}: ${JSON.stringify(one)}`);
    assert.match(one.errmsg, way.says, way.name);
  }
  assert.equal(message.reason, 'transient.not_sent');
  // Two seconds in the mean, half of it at least; how late the tries themselves were says nothing.
  assert.ok(next >= 1000, `${way.name}: it waits longer each time, not ${next} ms`);
}

async function playWay(t, sim, people, folder, way) {
  const store = `sqlite:${join(folder, 'a.db')}`;
  const server = await startServer(t, { store, sim: way });
  const { openid } = await sim.post('/sim/users', { appid: APP });

  await submitForms(server, sim, openid, 1);
  const { id } = await post(server, { ...people, openid });
  await triedTwice(server, id, way);
  await othersSaySo(server, way);
  assert.equal(way.requests?.length ?? 0, 0);
  assert.equal(await server.stop(), 0);
  const good = await startServer(t, { store, sim });
  await inState(good, id, 'sent');
  await phoneHas(sim, openid, 1);
  assert.equal(await good.stop(), 0);
}

test('the platform cannot be reached', { skip: !has('openssl') }, async (t) => {
  const folder = temporary(t);
  const sim = await startSim(t);
  const good = await startServer(t, { store: `sqlite:${join(folder, 'a.db')}`, sim });
  const people = await settle(good, sim);

  await submitForms(good, sim, people.openid, 1);
  await inState(good, (await post(good, people)).id, 'sent'); // the token is stored
  assert.equal(await good.stop(), 0);
  const files = readdirSync(folder);
  await Promise.all((await ways(t, temporary(t), sim)).map((way) => {
    const own = temporary(t);

    files.forEach((name) => copyFileSync(join(folder, name), join(own, name)));
    return playWay(t, sim, people, own, way);
  }));
});

test('the command line says why', async (t) => {
  const result = await run(['message', 'show', 'm1'], {
    env: { HONGYAN_URL: 'http://server.invalid', HONGYAN_KEY: ADMIN },
  });
  assert.notEqual(result.code, 0);
  assert.match(result.stderr, /not resolved/);
});
