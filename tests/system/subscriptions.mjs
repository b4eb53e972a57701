// Prompts, from the tap on the simulated phone to the question why she did not get it.
import assert from 'node:assert/strict';
import test from 'node:test';

import { ADMIN, APP, SECRET, run, startServer, startSim, temporary, until } from './process.mjs';

const DATA = { thing1: { value: '咖啡' } };

async function open(t) {
  const sim = await startSim(t, '--seed', '3');
  const server = await startServer(t, { store: `sqlite:${temporary(t)}/h.db`, sim });

  await server.api('POST', '/v1/apps', { id: APP, secret: SECRET, suspect_retry_s: 1 });
  const { template_id: template } = await sim.post('/sim/templates', {
    appid: APP, title: '取餐提醒', type: 2, keywords: [{ key: 'thing1', label: '餐品' }],
  });
  const { openid: user } = await sim.post('/sim/users', { appid: APP });
  const world = { sim, server, template, user };

  // She accepts on her phone, and the backend hears of it.
  world.accept = async (times = 1, body = {}) => {
    await sim.post('/sim/subscribe', { appid: APP, openid: user, choices: { [template]: 'accept' },
      times });
    return world.tell({ count: times, ...body });
  };
  world.tell = (body = {}) => server.api('POST', '/v1/grants',
    { app: APP, user, kind: 'once', template, ...body });
  world.send = (body = {}) => server.api('POST', '/v1/messages',
    { app: APP, user, template, data: DATA, ...body });
  world.becomes = (id, state) => until(async () => {
    const message = await server.api('GET', `/v1/messages/${id}`);
    return message.state === state && message;
  }, `${id} ${state}`);
  world.timeline = (query = '') => server.api('GET', `/v1/users/${APP}/${user}/timeline${query}`);
  world.reach = () => server.api('GET', `/v1/reach?app=${APP}&template=${template}`);
  return world;
}

const steps = (story) => story.items.map((item) =>
  `${item.type} ${item.balance_before ?? '?'}>${item.balance_after ?? '?'}`);

test('an accept is one message, and the story says so', async (t) => {
  const { sim, send, accept, becomes, timeline, reach, user, template } = await open(t);

  assert.deepEqual(await reach(), { users: 0, uses: 0 });
  const early = await send();
  assert.equal(early.state, 'failed');
  assert.equal(early.reason, 'no_grant.never');
  assert.deepEqual(await accept(2, { report_id: 'r1' }), { accepted: 1, duplicates: 0, refused: [] });
  assert.deepEqual(await reach(), { users: 1, uses: 2 });

  const { id } = await send();
  await becomes(id, 'sent');
  assert.equal((await sim.phone(user)).length, 1);
  assert.deepEqual(await reach(), { users: 1, uses: 1 });

  const story = await timeline();
  assert.deepEqual(steps(story), ['message_accepted 0>0', 'settled 0>0', 'answer 0>2',
    'message_accepted 2>2', 'attempt 2>1', 'settled 1>1']);
  assert.deepEqual(story.balances, [
    { template, kind: 'once', available: 1, left: 1, state: 'available' }]);
  assert.deepEqual(story.items[2].told_by, ['backend']);
  assert.equal(story.why.message, early.id);
  assert.match(story.why.meaning, /never permitted/);
});

test('the same report again adds nothing', async (t) => {
  const { tell, reach } = await open(t);

  assert.equal((await tell({ report_id: 'r1' })).accepted, 1);
  assert.equal((await tell({ report_id: 'r1' })).duplicates, 1);
  assert.deepEqual(await reach(), { users: 1, uses: 1 });
});

test('a prompt needs a template and has no credential', async (t) => {
  const { server, tell, user } = await open(t);

  for (const [body, field] of [[{ template: undefined }, 'template'],
    [{ credential: 'x' }, 'credential'], [{ kind: 'always', count: 2 }, 'count']]) {
    const refused = await tell(body).catch((error) => error);
    assert.equal(refused.status, 400);
    assert.equal(refused.json.errors[0].field, field);
  }
  assert.equal((await server.api('GET', `/v1/grants?app=${APP}&user=${user}`)).items.length, 0);
});

test('the ledger believes, the platform refuses: doubted, tried once more, gone', async (t) => {
  const { server, tell, send, becomes, timeline, reach, user, template } = await open(t);

  await tell({ count: 2 }); // but she never accepted
  const { id } = await send();
  const failed = await becomes(id, 'failed');
  assert.equal(failed.reason, 'no_grant.revoked');
  assert.deepEqual(failed.attempts.map((attempt) => attempt.errcode), [43101, 43101]);
  assert.deepEqual(await reach(), { users: 0, uses: 0 });

  const [grant] = (await server.api('GET', `/v1/grants?app=${APP}&user=${user}`)).items;
  assert.equal(grant.state, 'revoked');
  assert.equal(grant.reason, '43101');
  assert.equal(grant.refusals, 1);
  const story = await timeline(`?template=${template}`);
  assert.deepEqual(steps(story), ['answer 0>2', 'message_accepted 2>2', 'attempt 2>2',
    'grant_suspect 2>2', 'attempt 2>2', 'grant_revoked 2>0', 'settled 0>0']);
  assert.match(story.why.meaning, /refused .* twice/);
});

test('a doubted permission says when it is tried again, and a new accept needs no waiting',
  async (t) => {
    const { server, tell, accept, send, becomes, user, template } = await open(t);

    await server.api('PATCH', `/v1/apps/${APP}`, { suspect_retry_s: 3600 });
    await tell();
    const { id } = await send();
    const waiting = await becomes(id, 'waiting');
    assert.equal(waiting.reason, 'no_grant.suspect');
    const list = await server.api('GET', `/v1/grants?app=${APP}&user=${user}&template=${template}`);
    assert.equal(list.items[0].state, 'suspect');
    assert.equal(list.items[0].retry_at, waiting.due_at);
    assert.equal(list.available, 0);
    await accept();
    await becomes(id, 'sent');
  });

test('a message that waits goes the moment she accepts', async (t) => {
  const { accept, send, becomes } = await open(t);
  const { id, state } = await send({ on_missing: 'wait' });

  assert.equal(state, 'waiting');
  await accept();
  await becomes(id, 'sent');
});

test('a fault of the text gives the use back', async (t) => {
  const { sim, accept, send, becomes, reach } = await open(t);

  await accept();
  await sim.post('/sim/faults', { path: '/cgi-bin/message/subscribe/send', errcode: 47003, times: 1 });
  const { id } = await send();
  assert.match((await becomes(id, 'failed')).reason, /47003/);
  assert.deepEqual(await reach(), { users: 1, uses: 1 });
});

test('the timeline is shown to readers, of known apps and users', async (t) => {
  const { server, user } = await open(t);
  const { key } = await server.api('POST', '/v1/keys', { name: 'r', scopes: ['send'] });
  const status = (path, headers) => server.api('GET', path, undefined, headers)
    .then(() => 200, (error) => error.status);

  assert.equal(await status(`/v1/users/${APP}/${user}/timeline`), 200);
  assert.equal(await status(`/v1/users/wx9/${user}/timeline`), 404);
  assert.equal(await status(`/v1/users/${APP}/short/timeline`), 400);
  assert.equal(await status(`/v1/users/${APP}/${user}/timeline?limit=1001`), 400);
  assert.equal(await status(`/v1/users/${APP}/${user}/timeline`,
    { authorization: `Bearer ${key}` }), 403);
});

// --- the command line ---------------------------------------------------------------------------

test('doctor user tells the story and what to do', async (t) => {
  const { server, accept, send, becomes, user, template } = await open(t);
  const doctor = (env = {}, ...more) => server.cli(
    ['doctor', 'user', '--app', APP, '--user', user, ...more], { env: { LC_ALL: 'C', ...env } });

  assert.match((await doctor()).stdout, /^Nothing is known of this user/);
  await accept();
  await becomes((await send()).id, 'sent');
  const fine = await doctor();
  assert.equal(fine.code, 0, fine.stderr);
  assert.match(fine.stdout, /The last message went out/);

  const { id } = await send();
  const english = await doctor();
  assert.equal(english.code, 0);
  assert.match(english.stdout, new RegExp(`${template} +once +0 +spent`));
  assert.match(english.stdout, /accepted .* 0 > 1 +once, backend/);
  assert.match(english.stdout, new RegExp(`${id}: failed \\(no_grant.used_up\\)`));
  assert.match(english.stdout, /What to do: Ask again at the next tap/);
  const chinese = await doctor({ LC_ALL: 'zh_CN.UTF-8' });
  assert.match(chinese.stdout, /用户同意/);
  assert.match(chinese.stdout, /建议: 在下一次点击时/);
  const json = JSON.parse((await doctor({}, '--json', '--template', template)).stdout);
  assert.equal(json.why.message, id);
});

test('doctor alone says whether the service is well', async (t) => {
  const { server } = await open(t);
  const well = await until(async () => {
    const answer = await server.cli(['doctor']);
    return answer.code === 0 && answer;
  }, 'all is well');

  assert.match(well.stdout, new RegExp(`server ${server.url}: ready`));
  assert.match(well.stdout, /all is well\n$/);
  await server.api('PATCH', `/v1/apps/${APP}`, { secret: 'f'.repeat(32) });
  await server.api('POST', `/v1/apps/${APP}/token/refresh`).catch(() => {});
  const ill = await server.cli(['doctor', 'service']);
  assert.equal(ill.code, 1);
  assert.match(ill.stdout, new RegExp(`^${APP} token: `, 'm'));
  const json = JSON.parse((await server.cli(['doctor', '--json'])).stdout);
  assert.equal(json.ok, false);
  assert.deepEqual(json.findings.map(({ app, what }) => [app, what]), [[APP, 'token']]);

  await server.stop();
  const gone = await run(['doctor'], { env: { HONGYAN_URL: server.url, HONGYAN_KEY: ADMIN } });
  assert.equal(gone.code, 1);
});

test('grant add and list know prompts', async (t) => {
  const { server, user, template } = await open(t);
  const grant = (...args) => server.cli(['grant', args[0], '--app', APP, '--user', user,
    ...args.slice(1)]);

  const added = await grant('add', '--kind', 'once', '--template', template, '--count', '3',
    '--report-id', 'x');
  assert.equal(added.stdout, 'accepted\n', added.stderr);
  assert.equal((await grant('add', '--kind', 'once', '--template', template, '--count', '3',
    '--report-id', 'x')).stdout, 'already known\n');
  const list = await grant('list', '--template', template);
  assert.match(list.stdout, new RegExp(`once +${template} +available .* 3 +3 +0 `));
  assert.match(list.stdout, /available now: 3\n/);
  assert.equal((await grant('add', '--kind', 'once')).code, 2);
});

test('refusals in numbers raise an alarm, and nothing is given up for them', async (t) => {
  const { sim, server, template } = await open(t);
  const { openids } = await sim.post('/sim/users', { appid: APP, count: 20 });

  await server.api('PATCH', `/v1/apps/${APP}`, { suspect_retry_s: 3600 });
  assert.deepEqual((await server.api('GET', `/v1/apps/${APP}`)).alarms, []);
  await server.api('POST', '/v1/grants', openids.map((user) =>
    ({ app: APP, user, kind: 'once', template })));
  await server.api('POST', '/v1/messages', openids.map((user) =>
    ({ app: APP, user, template, data: DATA })));
  const [alarm] = await until(async () => {
    const { alarms } = await server.api('GET', `/v1/apps/${APP}`);
    return alarms.length && alarms;
  }, 'the alarm');

  assert.equal(alarm.name, 'refusal_burst');
  assert.equal(alarm.refusals, 20);
  assert.ok(alarm.since && alarm.meaning && alarm.fix);
  assert.match(server.stderr, /warn app\.refusal_burst app=wx0000000000000001 refusals=20/);
  const doctor = await server.cli(['doctor']);
  assert.equal(doctor.code, 1);
  assert.match(doctor.stdout, /refusal_burst: since .*, 20 refusals/);
});
