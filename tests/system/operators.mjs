// What operators do: send again, look at what failed and why, pause, back up and check, and say how long
// what is kept. By the API and by the command line.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { ADMIN, APP, BINARY, run, settle, startServer, startSim, submitForms, temporary,
  until } from './process.mjs';

const data = { keyword1: 'a', keyword2: 'b' };

async function world(t, { args = [] } = {}) {
  const folder = temporary(t);
  const sim = await startSim(t);
  const store = `sqlite:${join(folder, 'test.db')}`;
  const server = await startServer(t, { store, sim, args });
  const { openid, template_id } = await settle(server, sim);
  const message = (id) => server.api('GET', `/v1/messages/${id}`);

  return {
    folder, sim, store, server, openid, template: template_id, message,
    send: async (more = {}) => (await server.api('POST', '/v1/messages',
      { app: APP, user: openid, template: template_id, data, ...more })).id,
    settled: (id, ...states) => until(async () => {
      const found = await message(id);
      return states.includes(found.state) && found;
    }, `${id} to be ${states}`),
    // The next send is answered so.
    fault: (fault) => sim.post('/sim/faults',
      { path: '/cgi-bin/message/wxopen/template/send', times: 1, ...fault }),
  };
}

// A message of which nobody knows what became of it: prepay_ids prove nothing while uses are left.
async function unknownMessage(w, drop = 'before') {
  const { prepay_id } = await w.sim.post('/sim/payments', { appid: APP, openid: w.openid });

  await w.server.api('POST', '/v1/grants',
    { app: APP, user: w.openid, kind: 'prepay_id', credential: prepay_id });
  await w.fault({ drop });
  const id = await w.send();
  return (await w.settled(id, 'unknown')).id;
}

const refused = async (promise) => {
  const error = await promise.then(() => null, (caught) => caught);
  assert.ok(error?.status, 'it was not refused');
  return error;
};

test('a failed message goes again when its cause is gone', async (t) => {
  const w = await world(t);
  const id = await w.send();

  assert.equal((await w.message(id)).reason, 'no_grant.never');
  await submitForms(w.server, w.sim, w.openid);
  const queued = await w.server.api('POST', `/v1/messages/${id}/retry`);
  assert.equal(queued.id, id);
  assert.equal((await w.settled(id, 'sent')).attempts.length, 1);
  assert.equal((await w.sim.phone(w.openid)).length, 1);
  const again = await refused(w.server.api('POST', `/v1/messages/${id}/retry`));
  assert.equal(again.status, 409);
  assert.match(again.json.detail, /^The message is sent;/);
});

test('an expired one needs another end', async (t) => {
  const w = await world(t);
  const id = await w.send({ on_missing: 'wait', expires_at: Math.floor(Date.now() / 1000) + 1 });

  await w.settled(id, 'expired');
  await submitForms(w.server, w.sim, w.openid);
  const past = await refused(w.server.api('POST', `/v1/messages/${id}/retry`));
  assert.equal(past.status, 409);
  assert.match(past.json.detail, /expires_at/);
  const bad = await refused(w.server.api('POST', `/v1/messages/${id}/retry`, { expires_at: 5 }));
  assert.equal(bad.status, 400);
  assert.equal(bad.json.errors[0].field, 'expires_at');
  const open = await w.server.api('POST', `/v1/messages/${id}/retry`, { expires_at: null });
  assert.equal(open.expires_at, undefined);
  await w.settled(id, 'sent');
});

test('an unknown one is an operator\'s decision', async (t) => {
  const w = await world(t);
  const id = await unknownMessage(w);

  await w.server.api('POST', `/v1/messages/${id}/retry`);
  await w.settled(id, 'sent');
  assert.equal((await w.sim.phone(w.openid)).length, 1);
  assert.equal((await refused(w.server.api('POST', '/v1/messages/m0000000000000/retry'))).status,
    404);
});

test('dead letters are told by what happened, and go again by it', async (t) => {
  const w = await world(t);
  const missing = [await w.send(), await w.send({ tag: 'spring' })];

  await submitForms(w.server, w.sim, w.openid, 3);
  await w.fault({ errcode: 40037 });
  const bad = await w.send();
  await w.settled(bad, 'failed');

  const { groups, more } = await w.server.api('GET', '/v1/dead-letters');
  assert.equal(more, false);
  assert.deepEqual(groups.map((one) => [one.app, one.state, one.reason, one.messages, one.newest]), [
    [APP, 'failed', 'no_grant.never', 2, missing[1]],
    [APP, 'failed', 'bad_payload.40037', 1, bad],
  ]);
  for (const group of groups) assert.ok(group.meaning && group.fix, JSON.stringify(group));
  const chinese = await w.server.api('GET', '/v1/dead-letters?reason=bad_payload', undefined,
    { 'accept-language': 'zh-CN' });
  assert.match(chinese.groups[0].meaning, /[\u4e00-\u9fff]/);
  const tagged = await w.server.api('GET', `/v1/dead-letters?tag=spring&app=${APP}&state=failed`);
  assert.equal(tagged.groups[0].messages, 1);
  const listed = await w.server.api('GET', '/v1/messages?reason=no_grant');
  assert.deepEqual(listed.items.map((one) => one.id).sort(), [...missing].sort());

  const bare = await refused(w.server.api('POST', '/v1/dead-letters/retry', {}));
  assert.equal(bare.status, 400);
  assert.equal(bare.json.errors[0].field, 'app');
  const retry = (body) => w.server.api('POST', '/v1/dead-letters/retry', { app: APP, ...body });
  assert.deepEqual(await retry({ reason: 'no_grant', dry_run: true }),
    { matched: 2, retried: 0, skipped: 0, more: false });
  assert.equal((await w.message(missing[0])).state, 'failed');
  assert.deepEqual(await retry({ reason: 'no_grant' }),
    { matched: 2, retried: 2, skipped: 0, more: false });
  for (const id of missing) await w.settled(id, 'sent');
  assert.equal((await w.message(bad)).state, 'failed');
  assert.deepEqual(await retry({ since: Math.floor(Date.now() / 1000) + 3600 }),
    { matched: 0, retried: 0, skipped: 0, more: false });
});

test('many go again in pieces, and others are served meanwhile', async (t) => {
  const w = await world(t);
  const orders = Array.from({ length: 1000 }, () =>
    ({ app: APP, user: w.openid, template: w.template, data }));

  for (let i = 0; i < 3; i++) await w.server.api('POST', '/v1/messages', orders);
  await w.server.api('POST', `/v1/apps/${APP}/pause`);
  const done = await w.server.api('POST', '/v1/dead-letters/retry', { app: APP });
  assert.deepEqual(done, { matched: 3000, retried: 3000, skipped: 0, more: false });
});

test('on the command line: what may have arrived is asked before', async (t) => {
  const w = await world(t);
  const id = await unknownMessage(w);
  const { cli } = w.server;

  const nobody = await cli(['message', 'retry', id]);
  assert.equal(nobody.code, 2);
  assert.match(nobody.stderr, /may have arrived\. Send it again\?/);
  assert.equal((await w.message(id)).state, 'unknown');

  const dry = await cli(['dead-letter', 'retry', '--app', APP, '--dry-run']);
  assert.equal(dry.code, 0, dry.stderr);
  assert.match(dry.stdout, /^1 would be sent again, 0 are past their expires_at/);
  const many = await cli(['dead-letter', 'retry', '--app', APP]);
  assert.equal(many.code, 2);
  assert.match(many.stderr, /1 messages, of which 1 may have arrived/);
  const careful = await cli(['dead-letter', 'retry', '--app', APP, '--state', 'failed', '--yes']);
  assert.equal(careful.code, 0);
  assert.match(careful.stdout, /^0 are sent again/);

  const list = await cli(['dead-letter', 'list']);
  assert.match(list.stdout, /unknown\.no_answer +1/);
  assert.match(list.stdout, /unknown\.no_answer: The request left and no answer came/);

  const yes = await cli(['message', 'retry', id, '--yes']);
  assert.equal(yes.code, 0, yes.stderr);
  await w.settled(id, 'sent');
});

test('on the command line: a terminal is asked', async (t) => {
  if (spawnSync('script', ['--version']).status !== 0) return t.skip('needs script(1)');
  const w = await world(t);
  const id = await unknownMessage(w);
  const ask = (answer) => run(['-qec', `${BINARY} message retry ${id}`, '/dev/null'], {
    command: 'script', input: `${answer}\n`,
    env: { HONGYAN_URL: w.server.url, HONGYAN_KEY: ADMIN },
  });

  const no = await ask('n');
  assert.equal(no.code, 1, no.stdout);
  assert.match(no.stdout, /Send it again\? \[y\/N\]/);
  assert.equal((await w.message(id)).state, 'unknown');
  const yes = await ask('y');
  assert.equal(yes.code, 0, yes.stdout);
  await w.settled(id, 'sent');
});

test('on the command line: messages, audit, a failed one needs no question', async (t) => {
  const w = await world(t);
  const { cli } = w.server;
  const id = await w.send();

  const list = await cli(['message', 'list', '--reason', 'no_grant']);
  assert.match(list.stdout, new RegExp(id));
  assert.equal((await cli(['message', 'list', '--reason', 'other'])).stdout, 'none\n');
  await submitForms(w.server, w.sim, w.openid);
  const again = await cli(['message', 'retry', id, '--expires-at', 'never']);
  assert.equal(again.code, 0, again.stderr);
  await w.settled(id, 'sent');
  const audit = await cli(['audit', 'list', '--action', 'message.']);
  assert.equal(audit.code, 0, audit.stderr);
  assert.match(audit.stdout, new RegExp(`message\\.retry +${id}`));
  assert.match(audit.stdout, /HONGYAN_ADMIN_KEY +127\.0\.0\.1/);
});

test('a paused app sends nothing, and goes on where it was', async (t) => {
  const w = await world(t);
  const { cli } = w.server;

  await submitForms(w.server, w.sim, w.openid, 2);
  assert.equal((await cli(['app', 'pause', APP])).code, 0);
  const id = await w.send();
  const app = await w.server.api('GET', `/v1/apps/${APP}`);
  assert.equal(app.status.paused, true);
  assert.equal(app.status.pause_reason, 'operator');
  await w.server.stop();
  w.server = await startServer(t, { store: w.store, sim: w.sim });
  const still = await w.server.api('GET', `/v1/apps/${APP}`);
  assert.equal(still.status.pause_reason, 'operator');
  assert.equal((await w.server.api('GET', `/v1/messages/${id}`)).state, 'queued');
  assert.equal((await w.server.cli(['app', 'resume', APP])).code, 0);
  await until(async () => (await w.server.api('GET', `/v1/messages/${id}`)).state === 'sent', 'sent');
  const past = await refused(w.server.api('POST', `/v1/apps/${APP}/pause`, { until: 5 }));
  assert.equal(past.json.errors[0].field, 'until');
});

test('a backup of a server at work can be restored', async (t) => {
  const w = await world(t);
  const copy = join(w.folder, 'copy.db');

  await submitForms(w.server, w.sim, w.openid, 3);
  const sent = await w.send();
  await w.settled(sent, 'sent');
  const made = await run(['backup', copy, '--store', w.store]);
  assert.equal(made.code, 0, made.stderr);
  assert.match(made.stdout, /holds everything/);
  assert.match(made.stdout, /test\.db\.key/);
  assert.equal(statSync(copy).mode & 0o777, 0o600);
  const later = await w.send();

  const twice = await run(['backup', copy, '--store', w.store]);
  assert.equal(twice.code, 1);
  assert.match(twice.stderr, /^hongyan: backup: /);

  const check = await run(['check', '--store', `sqlite:${copy}`]);
  assert.equal(check.code, 0, check.stderr);
  assert.equal(check.stdout, 'Everything is as it must be.\n');

  const restored = await startServer(t, {
    store: `sqlite:${copy}`, sim: w.sim,
    args: ['--master-key-file', join(w.folder, 'test.db.key')],
  });
  assert.equal((await restored.api('GET', `/v1/messages/${sent}`)).state, 'sent');
  assert.equal((await refused(restored.api('GET', `/v1/messages/${later}`))).status, 404);
  const grants = await restored.api('GET', `/v1/grants?app=${APP}&user=${w.openid}`);
  assert.equal(grants.available, 2);
});

test('check refuses a store in use, one that is not there, and tells of a broken one', async (t) => {
  const w = await world(t);

  const busy = await run(['check', '--store', w.store]);
  assert.equal(busy.code, 1);
  assert.match(busy.stderr, /^hongyan: store: /);
  const nowhere = join(w.folder, 'nowhere.db');
  const none = await run(['check', '--store', `sqlite:${nowhere}`]);
  assert.equal(none.code, 1);
  assert.match(none.stderr, /there is none/);
  assert.ok(!existsSync(nowhere));
  const text = join(w.folder, 'text.db');
  writeFileSync(text, 'this is no database, whatever its name says '.repeat(200));
  assert.equal((await run(['check', '--store', `sqlite:${text}`])).code, 1);
  assert.equal((await run(['check', '--store', 'cassette:x'])).code, 2);
  assert.equal((await run(['backup', join(w.folder, 'x'), '--store', 'memory:'])).code, 2);
});

test('retention is a job like the others, and keeps what is referred to', async (t) => {
  const w = await world(t);
  const { items } = await w.server.api('GET', '/v1/schedules');
  const job = items.find((one) => one.job === 'retention');

  assert.equal(job.cron, '0 4 * * *');
  assert.equal(job.timezone, 'Asia/Shanghai');
  const moved = await w.server.api('PATCH', `/v1/schedules/${job.id}`, { cron: '* * * * *' });
  assert.ok(Date.parse(moved.next_run) - Date.now() <= 60_000);

  for (const [days, window, word] of [['4', '86400', '4 days'], ['30', '2592000', 'idempotency']]) {
    const end = await run(['serve', '--listen', '127.0.0.1:0', '--store', 'memory:',
      '--keep-messages-d', days, '--idempotency-window-s', window]);
    assert.equal(end.code, 2, end.stderr);
    assert.match(end.stderr, new RegExp(`^hongyan: --keep-messages-d: .*${word}`));
    assert.equal(end.stderr.split('\n').length, 2);
  }
});
