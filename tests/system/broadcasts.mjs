// Broadcasts from the table of users to the phones: through the API and the command line, the built
// program against the simulator.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import test from 'node:test';

import { ADMIN, APP, SECRET, run, startServer, startSim, temporary, until } from './process.mjs';

const lines = (text) => text.split('\n').filter(Boolean);
const openid = (n) => `oMany${String(n).padStart(23, '0')}`;

async function open(t, { count = 5, granted = count, kind = 'sqlite', env = {} } = {}) {
  const folder = temporary(t);
  const sim = await startSim(t, '--seed', '5');
  const store = kind === 'sqlite' ? `sqlite:${join(folder, 'h.db')}` : 'memory:';
  const server = await startServer(t, { store, sim, env });
  const world = { folder, store, sim, server, users: [] };

  await server.api('POST', '/v1/apps', { id: APP, secret: SECRET });
  const made = await sim.post('/sim/templates', {
    appid: APP, title: '活动提醒', type: 2, keywords: [{ key: 'thing1', label: '活动' }],
  });
  world.template = made.template_id;
  for (let i = 0; i < count; i++)
    world.users.push((await sim.post('/sim/users', { appid: APP })).openid);
  for (const user of world.users.slice(0, granted)) {
    await sim.post('/sim/subscribe', { appid: APP, openid: user,
      choices: { [world.template]: 'accept' } });
    await server.api('POST', '/v1/grants', { app: APP, user, kind: 'once', template: world.template });
  }
  // Raw, for bodies and answers that are no JSON.
  world.raw = async (method, path, body, headers = {}) => {
    const response = await fetch(server.url + path, {
      method, body, duplex: 'half',
      headers: { authorization: `Bearer ${ADMIN}`, 'content-type': 'application/x-ndjson', ...headers },
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text,
      json: /^application\/(problem\+)?json$/.test(response.headers.get('content-type') ?? '') ? JSON.parse(text) : null };
  };
  world.draft = (body = {}) => server.api('POST', '/v1/broadcasts',
    { app: APP, template: world.template, data: { thing1: '全场八折' }, ...body });
  world.upload = (id, body) => world.raw('POST', `/v1/broadcasts/${id}/users`, body);
  world.show = (id) => server.api('GET', `/v1/broadcasts/${id}`);
  world.move = (id, to) => server.api('POST', `/v1/broadcasts/${id}/${to}`);
  world.becomes = (id, state) => until(async () => {
    const b = await world.show(id);
    return b.state === state && b;
  }, `${id} ${state}`);
  world.cli = (args, options) => server.cli(['broadcast', ...args], options);
  return world;
}

test('a draft is filled, looked at, started, and arrives', async (t) => {
  const w = await open(t, { granted: 4 });
  const draft = await w.draft({ name: 'spring sale', tag: 'spring' });
  assert.match(draft.id, /^b\d+$/);
  assert.equal(draft.state, 'draft');
  assert.equal(draft.eta, null);

  const own = JSON.stringify({ user: w.users[1], data: { thing1: '只为你' } });
  const body = w.users.map((user, i) => (i === 1 ? own : JSON.stringify({ user }))).join('\r\n');
  const first = await w.upload(draft.id, `\ufeff${body}`);
  assert.equal(first.status, 200, first.text);
  assert.deepEqual(first.json, { lines: 5, added: 5, duplicates: 0, refused: 0, errors: [] });
  assert.deepEqual((await w.upload(draft.id, body)).json,
    { lines: 5, added: 0, duplicates: 5, refused: 0, errors: [] });

  const preview = await w.server.api('GET', `/v1/broadcasts/${draft.id}/preview`);
  assert.equal(preview.users, 5);
  assert.equal(preview.reachable, 4);
  assert.equal(preview.complete, true);
  assert.deepEqual(preview.samples.errors, []);

  const started = await w.move(draft.id, 'start');
  assert.ok(['running', 'done'].includes(started.state), started.state);
  const done = await w.becomes(draft.id, 'done');
  assert.equal(done.total, 5);
  assert.equal(done.sent, 4);
  assert.equal(done.failed, 1);
  assert.equal(done.queued, 0);
  assert.equal(done.duplicates, 5);
  assert.ok(done.started_at && done.ended_at);
  for (const [i, user] of w.users.slice(0, 4).entries()) {
    const phone = await w.sim.phone(user);
    assert.equal(phone.length, 1);
    assert.equal(phone[0].data.thing1.value, i === 1 ? '只为你' : '全场八折');
  }

  const failed = await w.raw('GET', `/v1/broadcasts/${draft.id}/failed`);
  assert.equal(failed.headers.get('content-type'), 'application/x-ndjson');
  const [one, ...others] = lines(failed.text).map((line) => JSON.parse(line));
  assert.deepEqual(others, []);
  assert.equal(one.user, w.users[4]);
  assert.equal(one.state, 'failed');
  assert.match(one.reason, /^no_grant/);
  assert.match(one.id, /^m/);
  assert.equal((await w.raw('GET', `/v1/broadcasts/${draft.id}/failed?state=unknown`)).text, '');

  const late = await w.upload(draft.id, body);
  assert.equal(late.status, 409);
  const list = await w.server.api('GET', `/v1/broadcasts?app=${APP}`);
  assert.deepEqual(list.items.map((b) => b.id), [draft.id]);
  const audit = await w.server.api('GET', `/v1/audit?subject=${draft.id}`);
  assert.deepEqual(audit.items.map((a) => a.action), ['broadcast.start', 'broadcast.upload',
    'broadcast.upload', 'broadcast.create']);
});

test('bad lines are told, the others are stored', async (t) => {
  const w = await open(t, { count: 0, kind: 'memory' });
  const { id } = await w.draft();
  const body = [
    JSON.stringify({ user: openid(1) }),
    '',
    '{"user":',
    '[]',
    JSON.stringify({ user: openid(2), data: { thing1: 'x'.repeat(70000) } }),
    JSON.stringify({ usr: openid(3) }),
    JSON.stringify({ user: openid(4), data: { nonsense: 7 } }),
    '   ',
    JSON.stringify({ user: openid(5) }),
  ].join('\n');
  const { json } = await w.upload(id, body);
  assert.equal(json.lines, 7);
  assert.equal(json.added, 2);
  assert.equal(json.refused, 5);
  assert.deepEqual(json.errors.map((error) => error.line), [3, 4, 5, 6, 7]);
  assert.equal(json.errors[2].errors[0].rule, 'max_bytes');
  assert.equal(json.errors[4].errors[0].field, 'data.nonsense');

  const many = await w.upload(id, '{}\n'.repeat(250));
  assert.equal(many.json.refused, 250);
  assert.equal(many.json.errors.length, 100);
  assert.deepEqual((await w.upload(id, '')).json,
    { lines: 0, added: 0, duplicates: 0, refused: 0, errors: [] });
});

test('uploads that are refused, or end in the middle', async (t) => {
  const w = await open(t, { count: 0, kind: 'memory' });
  const { id } = await w.draft();
  const line = (n) => `${JSON.stringify({ user: openid(n) })}\n`;

  assert.equal((await w.upload('b999', line(1))).status, 404);
  assert.equal((await w.upload('nonsense', line(1).repeat(5000))).status, 404);
  for (const [status, headers] of [[401, { authorization: 'Bearer nobody-knows-it' }],
    [415, { 'content-type': 'text/csv' }], [415, { 'content-encoding': 'gzip' }]])
    assert.equal((await w.raw('POST', `/v1/broadcasts/${id}/users`, line(1), headers)).status, status);

  // Two batches are stored, then the peer goes.
  const request = http.request(`${w.server.url}/v1/broadcasts/${id}/users`, {
    method: 'POST', headers: { authorization: `Bearer ${ADMIN}`, 'transfer-encoding': 'chunked' } });
  const closed = new Promise((resolve) => request.on('close', resolve));
  request.on('error', () => {});
  for (let n = 0; n < 2500; n++) request.write(line(n));
  await until(async () => (await w.show(id)).total >= 2000, 'two batches');
  request.destroy();
  await closed;
  const again = await w.upload(id, Array.from({ length: 2500 }, (_, n) => line(n)).join(''));
  assert.equal(again.json.added + again.json.duplicates, 2500);
  assert.equal((await w.show(id)).total, 2500);
});

// Sends lines (null: none) until it is answered; what the answer says.
function uploadForEver(url, id, piece) {
  return new Promise((resolve, reject) => {
    const request = http.request(`${url}/v1/broadcasts/${id}/users`, {
      method: 'POST', headers: { authorization: `Bearer ${ADMIN}`, 'transfer-encoding': 'chunked' } });
    let answered = false;
    const go = () => {
      while (piece && !answered && request.write(piece));
    };
    request.on('drain', go);
    request.on('error', (error) => answered || reject(error));
    request.on('response', (response) => {
      let text = '';
      answered = true;
      response.on('data', (data) => (text += data));
      response.on('end', () => {
        request.destroy();
        resolve({ status: response.statusCode, headers: response.headers, json: JSON.parse(text) });
      });
    });
    request.flushHeaders();
    go();
  });
}

test('a stop does not wait for the end of an upload', async (t) => {
  const w = await open(t, { count: 0 });
  const { id } = await w.draft();
  const known = `${JSON.stringify({ user: openid(1) })}\n`;
  const busy = uploadForEver(w.server.url, id, known.repeat(1000));
  const idle = uploadForEver(w.server.url, id, null);
  await until(async () => (await w.show(id)).total === 1, 'a user was taken');

  const begun = Date.now();
  const [code, ...answers] = await Promise.all([w.server.stop('SIGTERM'), busy, idle]);
  assert.equal(code, 0);
  assert.ok(Date.now() - begun < 12000, 'it did not wait for --drain-s');
  assert.doesNotMatch(w.server.stderr, /stop\.bounded/);
  for (const { status, headers, json } of answers) {
    assert.equal(status, 503);
    assert.equal(json.type.split(/[/:]/).pop(), 'stopping');
    assert.equal(headers['retry-after'], '5');
    assert.match(json.detail, /^\d+ users were taken\./);
  }
});

test('an upload of any size needs no memory', async (t) => {
  // The address sanitizer keeps what was freed; not here.
  const env = { ASAN_OPTIONS: 'quarantine_size_mb=1:thread_local_quarantine_size_kb=64' };
  const w = await open(t, { count: 0, kind: 'memory', env });
  const { id } = await w.draft();
  const size = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${w.server.pid}/status`))[1]);
  // All of them the same user: the store keeps one.
  const piece = `${JSON.stringify({ user: openid(1), data: { thing1: 'x' } })}\n`.repeat(1000);
  async function* body(pieces) {
    for (let i = 0; i < pieces; i++) yield piece;
  }

  await w.upload(id, body(20));
  const before = size();
  const { json } = await w.upload(id, body(300));
  assert.equal(json.lines, 300000);
  assert.equal(json.duplicates, 300000);
  assert.ok(size() < before + 60000, `${before} kB became ${size()} kB`);
});

test('whom it did not reach, and why', async (t) => {
  const w = await open(t, { count: 4 });
  const { id } = await w.draft({ rate_per_s: 2 });
  const path = '/cgi-bin/message/subscribe/send';
  await w.upload(id, w.users.map((user) => JSON.stringify({ user })).join('\n'));
  await w.sim.post('/sim/faults', { path, errcode: 47003, errmsg: 'argument invalid', times: 1 });
  await w.sim.post('/sim/faults', { path, drop: 'after', times: 1 });
  await w.move(id, 'start');
  const done = await w.becomes(id, 'done');
  assert.deepEqual([done.sent, done.failed, done.unknown], [2, 1, 1]);

  const { text } = await w.raw('GET', `/v1/broadcasts/${id}/failed`);
  const [failed, unknown] = lines(text).map((line) => JSON.parse(line));
  assert.equal(lines(text).length, 2);
  assert.deepEqual({ ...failed, user: '', id: '' }, { user: '', id: '', state: 'failed',
    reason: 'bad_payload.47003', errcode: 47003, errmsg: failed.errmsg });
  assert.match(failed.errmsg, /argument invalid/);
  assert.equal(unknown.state, 'unknown');
  const only = await w.raw('GET', `/v1/broadcasts/${id}/failed?state=unknown`);
  assert.deepEqual(lines(only.text).map((line) => JSON.parse(line)), [unknown]);
  const list = await w.server.api('GET', `/v1/messages?app=${APP}&state=failed`);
  assert.equal(list.items[0].id, failed.id);
  assert.equal(list.items[0].broadcast, id);
});

test('a crash in the middle: nobody twice, nobody forgotten', async (t) => {
  const w = await open(t, { count: 20 });
  const { id } = await w.draft({ rate_per_s: 10 });
  await w.upload(id, w.users.map((user) => JSON.stringify({ user })).join('\n'));
  await w.move(id, 'start');
  await until(async () => (await w.show(id)).sent > 3, 'the first to be sent');
  await w.server.stop('SIGKILL');
  w.server = await startServer(t, { store: w.store, sim: w.sim });
  const show = () => w.server.api('GET', `/v1/broadcasts/${id}`);
  const done = await until(async () => {
    const b = await show();
    return b.state === 'done' && b;
  }, 'done');
  assert.equal(done.total, 20);
  assert.equal(done.sent + done.unknown, 20);
  for (const user of w.users) assert.ok((await w.sim.phone(user)).length <= 1);
  assert.equal(await w.server.stop(), 0);
});

test('paused, changed, resumed, canceled', async (t) => {
  const w = await open(t, { count: 6 });
  const { id } = await w.draft({ rate_per_s: 1, name: 'slow' });
  await w.upload(id, w.users.map((user) => JSON.stringify({ user })).join('\n'));
  await assert.rejects(w.move(id, 'pause'), { status: 409 });
  await w.move(id, 'start');
  await assert.rejects(w.move(id, 'start'), { status: 409 });
  const paused = await w.move(id, 'pause');
  assert.equal(paused.state, 'paused');
  assert.equal(paused.reason, 'operator');

  const changed = await w.server.api('PATCH', `/v1/broadcasts/${id}`, { rate_per_s: 1000 });
  assert.equal(changed.rate_per_s, 1000);
  await w.move(id, 'resume');
  assert.equal((await w.becomes(id, 'done')).sent, 6);
  await assert.rejects(w.move(id, 'cancel'), { status: 409 });
  await assert.rejects(w.server.api('PATCH', `/v1/broadcasts/${id}`, { name: 'x' }), { status: 409 });

  const other = await w.draft({ send_at: new Date(Date.now() + 3600e3).toISOString() });
  await w.upload(other.id, JSON.stringify({ user: w.users[0] }));
  assert.equal((await w.move(other.id, 'start')).state, 'scheduled');
  const canceled = await w.move(other.id, 'cancel');
  assert.equal(canceled.state, 'canceled');
  await until(async () => (await w.show(other.id)).canceled === 1, 'its user to be counted');
  await assert.rejects(w.move('b999', 'start'), { status: 404 });
});

test('what is changed is checked as what is made', async (t) => {
  const w = await open(t, { count: 1 });
  const long = { data: { thing1: 'x'.repeat(21) } };
  const refused = (call, field) => assert.rejects(call, (error) => error.status === 400 &&
    error.json.errors.some((one) => one.field === field));
  const later = { send_at: new Date(Date.now() + 3600e3).toISOString() };
  await w.server.api('POST', '/v1/templates/sync', { app: APP });

  const draft = await w.draft();
  const scheduled = await w.draft({ ...later, audience: { users: w.users } });
  for (const { id } of [draft, scheduled])
    await refused(w.server.api('PATCH', `/v1/broadcasts/${id}`, long), 'data.thing1');
  await w.upload(draft.id, JSON.stringify({ user: w.users[0] }));
  await refused(w.server.api('PATCH', `/v1/broadcasts/${draft.id}`, { data: { thing2: 'x' } }), 'data.thing2');
  // A field that a start has not would have changed what it does.
  await refused(w.server.api('POST', `/v1/broadcasts/${draft.id}/start`, later), 'send_at');
  assert.equal((await w.show(draft.id)).state, 'draft');
  assert.equal((await w.server.api('POST', `/v1/broadcasts/${draft.id}/cancel`, {})).state, 'canceled');
});

test('users that bring data, or count on what is there', async (t) => {
  const w = await open(t, { count: 2 });
  const { template_id: template } = await w.sim.post('/sim/templates', { appid: APP, title: 'two', type: 2,
    keywords: [{ key: 'thing1', label: 'what' }, { key: 'thing2', label: 'more' }] });
  const later = { send_at: new Date(Date.now() + 3600e3).toISOString() };
  const patch = (id, body) => w.server.api('PATCH', `/v1/broadcasts/${id}`, body);
  const line = (user, data) => JSON.stringify({ user: w.users[user], data });
  await w.server.api('POST', '/v1/templates/sync', { app: APP });

  const part = await w.draft({ template, ...later });
  await w.upload(part.id, line(0, { thing2: 'own' }));
  assert.equal((await w.move(part.id, 'start')).state, 'scheduled');
  assert.equal((await patch(part.id, { rate_per_s: 5 })).rate_per_s, 5);
  await patch(part.id, { data: { thing1: 'another' } });

  const whole = await w.draft({ template, data: { thing1: 'a', thing2: 'b' } });
  await patch(whole.id, { data: { thing1: 'a' } });
  await patch(whole.id, { data: { thing1: 'a', thing2: 'b' } });
  await w.upload(whole.id, line(0));
  await assert.rejects(patch(whole.id, { data: { thing1: 'a' } }), (error) =>
    error.status === 400 && error.json.errors[0].field === 'data.thing2');
  await patch(whole.id, { data: { thing1: 'c', thing2: 'd' } });
});

test('a list, the reach, and a key that repeats it', async (t) => {
  const w = await open(t, { count: 3, granted: 2 });
  const body = { app: APP, template: w.template, data: { thing1: '八折' }, audience: { reach: true } };
  const made = await w.server.api('POST', '/v1/broadcasts', body, { 'idempotency-key': 'k1' });
  assert.equal(made.reach, true);
  const again = await w.server.api('POST', '/v1/broadcasts', body, { 'idempotency-key': 'k1' });
  assert.equal(again.id, made.id);
  await assert.rejects(w.server.api('POST', '/v1/broadcasts', { ...body, name: 'x' },
    { 'idempotency-key': 'k1' }), { status: 409 });
  const done = await w.becomes(made.id, 'done');
  assert.equal(done.total, 2);
  assert.equal(done.sent, 2);

  const list = await w.server.api('POST', '/v1/broadcasts',
    { ...body, audience: { users: [w.users[2], w.users[0], w.users[2]] } });
  const ended = await w.becomes(list.id, 'done');
  assert.equal(ended.failed, 2);
  assert.equal(ended.duplicates, 1);
});

test('a table of users on the command line', async (t) => {
  const w = await open(t, { count: 3 });
  const table = join(w.folder, 'users.csv');
  writeFileSync(table, `\ufeffopenid,thing1\r\n${w.users[0]},你好\r\n${w.users[1]},\r\n`);

  const created = await w.cli(['create', '--app', APP, '--template', w.template, '--name', 'table',
    '--data', '{"thing1":"大家好"}', '--json']);
  assert.equal(created.code, 0, created.stderr);
  const { id } = JSON.parse(created.stdout);
  const upload = await w.cli(['upload', id, table]);
  assert.equal(upload.code, 0, upload.stderr);
  assert.match(upload.stdout, /^lines +2\nadded +2\nduplicates +0\nrefused +0\n$/);
  assert.match(upload.stderr, /^100 %  0\.0 MB read\n$/);
  const more = await w.cli(['upload', id, '-', '--json'],
    { input: `{"user":"${w.users[2]}"}\n{"user":7}\n` });
  assert.equal(more.code, 1);
  assert.equal(JSON.parse(more.stdout).added, 1);
  assert.match(more.stderr, /hongyan: standard input: line 2: user: /);

  const preview = await w.cli(['preview', id]);
  assert.equal(preview.code, 0, preview.stderr);
  assert.match(preview.stdout, /^users +3$/m);
  const started = await w.cli(['start', id, '--wait']);
  assert.equal(started.code, 0, started.stderr);
  assert.match(started.stdout, /^state +done$/m);
  assert.match(started.stderr, /^100 %  3 of 3 sent\n$/m);
  assert.equal((await w.sim.phone(w.users[0]))[0].data.thing1.value, '你好');
  assert.equal((await w.sim.phone(w.users[1]))[0].data.thing1.value, '大家好');
  assert.equal((await w.cli(['failed', id])).stdout, '');
  assert.match((await w.cli(['list'])).stdout, /^ID +NAME +STATE/);

  const second = JSON.parse((await w.cli(['create', '--app', APP, '--template', w.template,
    '--data', '{"thing1":"x"}', '--json'])).stdout).id;
  assert.equal((await w.cli(['show', second, '--wait'])).code, 1);
  assert.equal((await w.cli(['upload', second, '-'], { input: `{"user":"${openid(1)}"}` })).code, 0);
  const ended = await w.cli(['start', second, '--wait']);
  assert.equal(ended.code, 0, ended.stderr);
  const failed = await w.cli(['failed', second, '--state', 'failed']);
  assert.equal(JSON.parse(failed.stdout).user, openid(1));
});

test('who waits for its end waits over a restart', async (t) => {
  const w = await open(t, { count: 2 });
  const { id } = await w.draft();
  await w.upload(id, w.users.map((user) => JSON.stringify({ user })).join('\n'));
  await w.server.api('POST', `/v1/apps/${APP}/pause`, {});
  const waits = w.cli(['start', id, '--wait']);
  await w.becomes(id, 'running');
  const listen = w.server.url.replace('http://', '');
  assert.equal(await w.server.stop('SIGTERM'), 0);
  const again = await startServer(t, { store: w.store, sim: w.sim, listen });
  await again.api('POST', `/v1/apps/${APP}/resume`);
  const { code, stdout, stderr } = await waits;
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^state +done$/m);
});

test('tables that cannot be read say where and why', async (t) => {
  const w = await open(t, { count: 0, kind: 'memory' });
  const { id } = await w.draft();
  const refused = async (bytes, pattern) => {
    const end = await w.cli(['upload', id, '-', '--csv'], { input: Buffer.from(bytes, 'latin1') });
    assert.equal(end.code, 2, end.stderr);
    assert.match(end.stderr, pattern);
    assert.equal(end.stdout, '');
  };

  await refused('openid,thing1\no1,\xc4\xe3\xba\xc3\n', /line 2: This is not UTF-8.*\n.*iconv -f GB18030/);
  await refused('o1,x\n', /line 1: There are 2 columns: name them in the first line/);
  await refused('openid\n"o1\n', /line 2: A quote is opened and never closed/);
  const missing = await w.cli(['upload', id, 'no-such-file.csv']);
  assert.equal(missing.code, 2);
  assert.match(missing.stderr, /^hongyan: no-such-file\.csv: No such file or directory\n$/);
  assert.equal((await w.cli(['upload', id])).code, 2);
  assert.equal((await w.show(id)).total, 0);
  const unknown = await w.cli(['upload', 'b999', '-'], { input: '{}\n' });
  assert.equal(unknown.code, 1);
  assert.match(unknown.stderr, /There is nothing with this id/);
});

test('what it needs to be made', async (t) => {
  const w = await open(t, { count: 0, kind: 'memory' });
  const slip = async (body, field) => {
    const error = await w.server.api('POST', '/v1/broadcasts', body).then(() => null, (e) => e);
    assert.equal(error?.status, 400, JSON.stringify(body));
    assert.ok(error.json.errors.some((one) => one.field === field), JSON.stringify(error.json));
  };

  await slip({ template: w.template }, 'app');
  await slip({ app: APP }, 'template');
  await slip({ app: APP, template: w.template, audience: { users: [] } }, 'audience.users');
  await slip({ app: APP, template: w.template, rate_per_s: -1 }, 'rate_per_s');
  await slip({ app: APP, template: w.template, audience: {} }, 'audience');
  await slip({ app: APP, template: w.template, sned_at: 1 }, 'sned_at');
  const { id } = await w.draft();
  const empty = await w.move(id, 'start').then(() => null, (e) => e);
  assert.equal(empty.status, 400);
});
