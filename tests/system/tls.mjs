// The platform behind TLS: the simulator with a certificate of its own, which the server knows by --ca-file,
// or does not know.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { APP, run, settle, startServer, startSim, submitForms, temporary, until } from './process.mjs';

// Who the simulator is, the server has to check, not this test.
process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';

// A certificate for 127.0.0.1 that vouches for itself.
function certificate(folder, name) {
  const files = { cert: join(folder, `${name}.pem`), key: join(folder, `${name}.key`) };
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes',
    '-days', '2', '-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', files.key,
    '-out', files.cert], { stdio: 'ignore' });
  return files;
}

const startTlsSim = (t, { cert, key }) => startSim(t, '--tls-cert', cert, '--tls-key', key);
const message = (server, id) => server.api('GET', `/v1/messages/${id}`);

async function post(server, { openid, template_id }) {
  const { id } = await server.api('POST', '/v1/messages',
    { app: APP, user: openid, template: template_id, data: { keyword1: 'a', keyword2: 'b' } });
  return id;
}

const inState = (server, id, state) => until(async () => {
  const found = await message(server, id);
  return found.state === state && found;
}, `${id} to be ${state}`);

test('messages go over TLS, also late and unanswered ones', async (t) => {
  const folder = temporary(t);
  const own = certificate(folder, 'own');
  const sim = await startTlsSim(t, own);
  assert.match(sim.url, /^https:/);
  const server = await startServer(t, { store: 'memory:', sim, args: ['--ca-file', own.cert] });
  const people = await settle(server, sim);
  const path = '/cgi-bin/message/wxopen/template/send';

  await submitForms(server, sim, people.openid, 4);
  assert.equal((await inState(server, await post(server, people), 'sent')).attempts.length, 1);

  await sim.post('/sim/faults', { path, latency_ms: 300, times: 1 });
  const late = await inState(server, await post(server, people), 'sent');
  assert.ok(late.attempts[0].ms >= 300, JSON.stringify(late));

  await sim.post('/sim/faults', { path, drop: 'after', times: 1 });
  const dropped = await inState(server, await post(server, people), 'sent');
  assert.equal(dropped.attempts[0].verdict, 'unknown');
  assert.equal((await sim.phone(people.openid)).length, 3);

  // The server gives up while the simulator still holds the answer back; both end in order.
  await sim.post('/sim/faults', { path, latency_ms: 60000, times: 1 });
  await post(server, people);
  await until(async () => (await sim.get('/sim/stats')).sends === 5, 'the last one to be under way');
  assert.equal(await server.stop('SIGKILL'), 'SIGKILL');
  assert.equal(await sim.stop(), 0);
});

test('a platform whose certificate is not vouched for gets nothing', async (t) => {
  const folder = temporary(t);
  const store = `sqlite:${join(folder, 'a.db')}`;
  const [own, other] = [certificate(folder, 'own'), certificate(folder, 'other')];
  const sim = await startTlsSim(t, own);
  const trusting = await startServer(t, { store, sim, args: ['--ca-file', own.cert] });
  const people = await settle(trusting, sim);

  await submitForms(trusting, sim, people.openid, 2);
  await inState(trusting, await post(trusting, people), 'sent'); // its token is stored
  assert.equal(await trusting.stop(), 0);

  const wary = await startServer(t, { store, sim, args: ['--ca-file', other.cert] });
  const id = await post(wary, people);
  const { attempts } = await until(async () => {
    const found = await message(wary, id);
    return found.attempts.length > 0 && found;
  }, 'an attempt');
  assert.equal(attempts[0].verdict, 'transient');
  assert.match(attempts[0].errmsg, /TLS certificate not accepted/);
  assert.equal((await message(wary, id)).state, 'queued');
  assert.equal((await sim.get('/sim/stats')).sends, 1);
  assert.equal(await wary.stop(), 0);

  const again = await startServer(t, { store, sim, args: ['--ca-file', own.cert] });
  const sent = await inState(again, id, 'sent'); // with the permission that it held all the time
  assert.equal(sent.attempts.at(-1).verdict, 'ok');
  assert.equal((await sim.get('/sim/stats')).sends, 2);
  assert.equal(await again.stop(), 0);
});

test('files that are no certificate and key end the start with one line', async (t) => {
  const folder = temporary(t);
  const [own, other] = [certificate(folder, 'own'), certificate(folder, 'other')];
  const empty = join(folder, 'empty.pem');
  const sim = ['sim', '--listen', '127.0.0.1:0'];
  const serve = ['serve', '--listen', '127.0.0.1:0', '--store', 'memory:'];

  writeFileSync(empty, 'not in PEM\n');
  for (const [code, says, ...args] of [
    [2, /--tls-cert: needs --tls-key/, ...sim, '--tls-cert', own.cert],
    [2, /--tls-key: needs --tls-cert/, ...sim, '--tls-key', own.key],
    [1, /are no certificate and its key/, ...sim, '--tls-cert', own.cert, '--tls-key', other.key],
    [1, /are no certificate and its key/, ...sim, '--tls-cert', empty, '--tls-key', own.key],
    [1, /--tls-key: .*No such file/, ...sim, '--tls-cert', own.cert, '--tls-key', join(folder, 'none')],
    [1, /--ca-file: .*No such file/, ...serve, '--ca-file', join(folder, 'none')],
    [1, /--ca-file: .*holds no certificate/, ...serve, '--ca-file', empty],
  ]) {
    const ended = await run(args);
    assert.equal(ended.code, code, `${args}: ${ended.stderr}`);
    assert.match(ended.stderr, says);
    assert.equal(ended.stderr.trim().split('\n').length, 1, ended.stderr);
    assert.equal(ended.stdout, '');
  }
});
