// /client/v1: what the pages of a mini program call, without an API key.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { APP, World, checkProblem } from './lib.mjs';

let world, user, template;
before(async () => {
  world = await World.open();
  user = await world.newUser();
  template = await world.newTemplate2();
});
after(() => world.close());

const codeOf = async (openid) =>
  (await world.play('/sim/login', { appid: APP, openid })).code;
const login = (code, app = APP) =>
  world.call('POST', '/client/v1/login', { app, code }, { key: null });

async function enter(openid = user) {
  const answer = await login(await codeOf(openid));

  assert.equal(answer.status, 200, answer.text);
  return answer.json.session;
}

const report = (session, body) =>
  world.call('POST', '/client/v1/grants', body, { key: session });
const ask = (session, ...templates) =>
  world.call('GET', `/client/v1/ask?templates=${templates.join(',')}`, undefined, { key: session });
const available = async (of) => (await world.must(200, 'GET',
  `/v1/grants?app=${APP}&user=${of}&template=${template}`)).available;

test('a code is good for one session', async () => {
  const code = await codeOf(user);
  const answer = await login(code);

  assert.equal(answer.status, 200, answer.text);
  assert.deepEqual(Object.keys(answer.json).sort(), ['expires_in', 'session']);
  assert.equal(answer.json.expires_in, 7200);
  checkProblem(assert, await login(code), 401, 'bad_code');
  checkProblem(assert, await login('made-up'), 401, 'bad_code');
  checkProblem(assert, await login(code, 'wx0000000000000099'), 400, 'invalid_input', 'app');
});

test('trouble of the platform is told as such', async () => {
  const code = await codeOf(user);
  for (const fault of [{ errcode: 45011 }, { errcode: -1 }, { drop: 'before' }, { status: 502 }]) {
    await world.play('/sim/faults', { path: '/sns/jscode2session', times: 1, ...fault });
    const answer = await login(code);
    checkProblem(assert, answer, 503, 'platform_unavailable');
    assert.match(answer.headers.get('retry-after'), /^\d+$/);
  }
});

test('a page reports for its own user and no other', async () => {
  const session = await enter();
  const other = await world.newUser();
  const form_id = await world.newForm(user);
  const body = { report_id: 'r1', form_ids: [form_id], subscriptions: { [template]: 'accept' } };
  const answer = await report(session, body);

  assert.equal(answer.status, 201, answer.text);
  assert.deepEqual(answer.json, { accepted: 2, duplicates: 0, refused: [] });
  assert.deepEqual((await report(session, body)).json, { accepted: 0, duplicates: 2, refused: [] });
  for (const field of ['user', 'openid', 'app'])
    checkProblem(assert, await report(session, { report_id: 'r2', [field]: other }), 400,
      'invalid_input', field);
  assert.equal((await world.grants(other)).items.length, 0);
  const grants = (await world.grants(user)).items;
  assert.deepEqual(grants.map((one) => one.kind).sort(), ['form_id', 'once']);
});

test('what cannot be used is refused, each with its reason', async () => {
  const session = await enter();
  const answer = await report(session, [
    { report_id: 'x1', form_ids: ['the formId is a mock one', await world.newForm(user)] },
    { form_ids: ['a'] },
    { report_id: 'x2', subscriptions: { [template]: 'maybe' } },
  ]);

  assert.equal(answer.status, 201, answer.text);
  assert.equal(answer.json.accepted, 1);
  const short = answer.json.refused.map(({ index, reason, form_id, template: of }) =>
    [index, reason, form_id ?? of]);
  assert.deepEqual(short, [[0, 'mock_form_id', 'the formId is a mock one'], [1, 'invalid', undefined],
    [2, 'unknown_answer', template]]);
});

test('the answers of a prompt say whether to ask again', async () => {
  const someone = await world.newUser();
  const session = await enter(someone);
  const say = (id, answer) => report(session, { report_id: id, subscriptions: { [template]: answer } });
  const reason = async () => {
    const { json } = await ask(session, template);
    const [one] = json.templates;
    assert.deepEqual(json.ask, one.ask ? [template] : []);
    return `${one.reason} ${one.available}`;
  };

  assert.equal(await reason(), 'none_left 0');
  await say('1', 'accept');
  assert.equal(await reason(), 'running_low 1');
  await say('2', 'acceptWithAlert');
  assert.equal(await reason(), 'enough 2');
  await say('3', 'reject');
  assert.equal(await reason(), 'refused_recently 2');
  assert.equal(await available(someone), 2);
});

test('an accept on a page wakes the message that waits', async () => {
  const someone = await world.newUser();
  const session = await enter(someone);
  const { id } = await world.must(202, 'POST', '/v1/messages', { app: APP, user: someone, template,
    data: { thing1: 'a' }, on_missing: 'wait' });

  assert.equal((await ask(session, template)).json.templates[0].reason, 'message_waiting');
  await world.play('/sim/subscribe',
    { appid: APP, openid: someone, choices: { [template]: 'accept' } });
  await report(session, { report_id: 'w', subscriptions: { [template]: 'accept' } });
  await world.messageIn(id, 'sent');
});

test('a session is revoked by its page or an operator, and outlives a restart', async () => {
  const first = await enter(), second = await enter();
  const empty = { report_id: 'e' };

  assert.equal((await report(first, empty)).status, 201);
  assert.equal((await world.call('DELETE', '/client/v1/session', undefined, { key: first })).status,
    204);
  for (const session of [first, second])
    checkProblem(assert, await report(session, empty), 401, 'no_session');
  const third = await enter();
  assert.equal(await world.stopServer(), 0);
  await world.startServer();
  assert.equal((await report(third, empty)).status, 201);
  checkProblem(assert, await report(second, empty), 401, 'no_session');
  await world.must(204, 'DELETE', `/v1/users/${APP}/${user}/sessions`);
  checkProblem(assert, await report(third, empty), 401, 'no_session');
});

test('too often is 429 with the time to wait', async () => {
  const someone = await world.newUser();
  const session = await enter(someone);
  const answers = await Promise.all(Array.from({ length: 140 }, () => ask(session, template)));
  const refused = answers.filter((one) => one.status === 429);

  assert.ok(refused.length >= 10 && refused.length <= 20, `${refused.length} of 140`);
  checkProblem(assert, refused[0], 429, 'too_many_requests');
  assert.match(refused[0].headers.get('retry-after'), /^[1-9]\d*$/);
  const codes = await Promise.all(Array.from({ length: 40 }, (_, i) => login(`guess-${i}`)));
  assert.ok(codes.some((one) => one.status === 429));
  assert.ok(codes.every((one) => [401, 429].includes(one.status)));
});

test('nothing secret is in the log', () => {
  assert.ok(!/session_key|Bearer|js_code/.test(world.server.stderr));
});
