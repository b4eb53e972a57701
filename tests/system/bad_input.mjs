// Every kind of bad input: a clear error that names the field, nothing stored, no grant touched.
import assert from 'node:assert/strict';
import { after, before, beforeEach, afterEach, test } from 'node:test';
import { APP, SECRET, World, checkProblem } from './lib.mjs';

let world, template, user, good, untouched;

before(async () => {
  world = await World.open();
  template = await world.newTemplate();
  ({ user } = await world.newGrantedUser());
  good = { app: APP, user, template, data: { keyword1: 'a', keyword2: 'b' } };
});
after(() => world.close());

const everything = async () => ({
  grants: await world.grants(user),
  messages: await world.must(200, 'GET', '/v1/messages'),
  sends: (await world.play('/sim/stats')).sends,
});

beforeEach(async () => (untouched = await everything()));
afterEach(async () => assert.deepEqual(await everything(), untouched));

const without = (field) => {
  const copy = { ...good };
  delete copy[field];
  return copy;
};

const faults = [
  ['app missing', () => without('app'), 'app'],
  ['app unknown', () => ({ ...good, app: 'wx00000000000000ff' }), 'app'],
  ['user missing', () => without('user'), 'user'],
  ['user empty', () => ({ ...good, user: '' }), 'user'],
  ['user too short', () => ({ ...good, user: 'oShort' }), 'user'],
  ['user with a blank', () => ({ ...good, user: 'oUser 00000000000000000000a' }), 'user'],
  ['template missing', () => without('template'), 'template'],
  ['template cut short', () => ({ ...good, template: template.slice(1) }), 'template'],
  ['template a number', () => ({ ...good, template: 7 }), 'template'],
  ['data missing', () => without('data'), 'data'],
  ['data text', () => ({ ...good, data: '{"keyword1":"a"}' }), 'data'],
  ['data an array', () => ({ ...good, data: ['a'] }), 'data'],
  ['data empty', () => ({ ...good, data: {} }), 'data'],
  ['a value that is a number', () => ({ ...good, data: { keyword1: 7 } }), 'data.keyword1'],
  ['page too long', () => ({ ...good, page: 'p'.repeat(3000) }), 'page'],
  ['emphasis of no field', () => ({ ...good, emphasis: 'keyword9' }), 'emphasis'],
  ['unknown field', () => ({ ...good, templat_id: 'x' }), 'templat_id'],
  ['form_id has no place here', () => ({ ...good, form_id: 'x' }), 'form_id'],
  ['send_at no time', () => ({ ...good, send_at: 'tomorrow' }), 'send_at'],
  ['expires_at past', () => ({ ...good, expires_at: '2020-01-01T00:00:00Z' }), 'expires_at'],
  ['on_missing unknown', () => ({ ...good, on_missing: 'retry' }), 'on_missing'],
  ['policy unknown', () => ({ ...good, policy: 'exactly_once' }), 'policy'],
];

for (const [name, body, field] of faults) {
  test(`message: ${name}`, async () => {
    checkProblem(assert, await world.call('POST', '/v1/messages', body()), 400, 'invalid_input',
      field);
    const check = await world.must(200, 'POST', '/v1/messages/check', body());
    assert.equal(check.ok, false);
    assert.ok(check.errors.some((one) => one.field === field));
    const many = await world.must(202, 'POST', '/v1/messages', [body()]);
    assert.equal(many.results[0].error.status, 400);
    assert.ok(many.results[0].error.errors.some((one) => one.field === field));
  });
}

test('message: the nearest name is offered', async () => {
  const answer = await world.call('POST', '/v1/messages', { ...good, templat: 'x' });

  assert.match(answer.text, /did you mean template\?/);
});

test('message: the actual length is told', async () => {
  const answer = await world.call('POST', '/v1/messages', { ...good, page: 'p'.repeat(3000) });
  const fault = answer.json.errors.find((one) => one.field === 'page');

  assert.equal(fault.actual, 3000);
  assert.ok(fault.limit < 3000);
});

const bodies = [
  ['nothing', ''],
  ['half an object', '{"app":'],
  ['no JSON', 'app=wx0000000000000001&user=x'],
  ['two documents', '{}{}'],
  ['a key twice', '{"app":"a","app":"b"}'],
  ['too deep', '['.repeat(40) + ']'.repeat(40)],
  ['not UTF-8', Buffer.from([0x22, 0xff, 0x22])],
  ['a NUL', '{"app":"\\u0000"}'],
];

for (const [name, body] of bodies) {
  test(`body: ${name}`, async () => {
    for (const path of ['/v1/messages', '/v1/grants', '/v1/apps', '/v1/keys', '/v1/schedules'])
      checkProblem(assert, await world.call('POST', path, body, { raw: true }), 400, 'bad_json', '');
  });
}

test('body: a text, a number, an empty array', async () => {
  for (const body of ['hello', 7])
    checkProblem(assert, await world.call('POST', '/v1/messages', body), 400, 'bad_json', '');
  checkProblem(assert, await world.call('POST', '/v1/messages', []), 400, 'invalid_input', '');
});

test('body: too large', async () => {
  const large = { ...good, tag: 'x'.repeat(9 << 20) };
  const answer = await world.call('POST', '/v1/messages', large);

  checkProblem(assert, answer, 413, 'too_large');
  assert.equal((await world.call('GET', '/healthz')).status, 200);
});

test('body: too many in one array', async () => {
  const answer = await world.call('POST', '/v1/messages', Array(1001).fill(good));

  checkProblem(assert, answer, 400, 'invalid_input', '');
  assert.equal(answer.json.errors[0].actual, 1001);
  const grant = { app: APP, user, kind: 'form_id', credential: 'x'.repeat(32) };
  checkProblem(assert, await world.call('POST', '/v1/grants', Array(10001).fill(grant)), 400,
    'invalid_input', '');
});

test('body: of another kind', async () => {
  const answer = await world.call('POST', '/v1/messages', '<xml/>', {
    raw: true,
    headers: { 'content-type': 'text/xml' },
  });

  checkProblem(assert, answer, 415, 'unsupported_media_type');
});

test('methods and paths that are not there', async () => {
  const answer = await world.call('PUT', '/v1/messages', good);

  checkProblem(assert, answer, 405, 'method_not_allowed');
  assert.deepEqual(answer.headers.get('allow').split(', ').sort(), ['GET', 'POST']);
  checkProblem(assert, await world.call('GET', '/v1/nothing'), 404, 'not_found');
  checkProblem(assert, await world.call('GET', '/v1/messages/m0000000000000'), 404, 'not_found');
  checkProblem(assert, await world.call('GET', '/v1/messages/whatever'), 404, 'not_found');
});

test('no key, a wrong key, a key without the scope', async () => {
  const none = await world.call('POST', '/v1/messages', good, { key: null });

  checkProblem(assert, none, 401, 'unauthorized');
  assert.match(none.headers.get('www-authenticate'), /^Bearer/);
  checkProblem(assert, await world.call('POST', '/v1/messages', good, { key: 'hy_wrong' }), 401,
    'unauthorized');
  const { id, key } = await world.must(201, 'POST', '/v1/keys', { name: 'r', scopes: ['read'] });
  const refused = await world.call('POST', '/v1/messages', good, { key });
  checkProblem(assert, refused, 403, 'forbidden');
  assert.match(refused.json.detail, /send/);
  assert.equal((await world.call('GET', '/v1/messages', undefined, { key })).status, 200);
  for (const path of ['/v1/keys', `/v1/apps/${APP}/token`])
    checkProblem(assert, await world.call('GET', path, undefined, { key }), 403, 'forbidden');
  assert.equal((await world.call('DELETE', `/v1/keys/${id}`)).status, 204);
  checkProblem(assert, await world.call('GET', '/v1/messages', undefined, { key }), 401,
    'unauthorized');
});

const credentialFaults = [
  ['kind missing', { credential: 'x' }, 'kind'],
  ['kind unknown', { kind: 'coupon', credential: 'x' }, 'kind'],
  ['credential missing', { kind: 'form_id' }, 'credential'],
  ['credential too long', { kind: 'form_id', credential: 'x'.repeat(600) }, 'credential'],
  ['user wrong', { user: 'nobody', kind: 'form_id', credential: 'f'.repeat(32) }, 'user'],
  ['app unknown', { app: 'wx1', kind: 'form_id', credential: 'f'.repeat(32) }, 'app'],
  ['unknown field', { kind: 'form_id', credential: 'f'.repeat(32), form_id: 'x' }, 'form_id'],
];

for (const [name, fields, field] of credentialFaults) {
  test(`grant: ${name}`, async () => {
    const body = { app: APP, user, ...fields };

    checkProblem(assert, await world.call('POST', '/v1/grants', body), 400, 'invalid_input', field);
    const many = await world.must(201, 'POST', '/v1/grants', [body]);
    assert.deepEqual([many.accepted, many.refused[0].index, many.refused[0].reason],
      [0, 0, 'invalid']);
  });
}

const fakes = ['the formId is a mock one', 'the formId is a mock one.', 'The+formId+is+a+mock+one',
  'the formId is no longer available in develop or trial version', 'requestFormId:fail',
  'undefined', 'null', '[object Object]'];

for (const credential of fakes) {
  test(`grant: the fake form_id "${credential}"`, async () => {
    const one = await world.must(201, 'POST', '/v1/grants', {
      app: APP, user, kind: 'form_id', credential,
    });
    assert.equal(one.accepted, 0);
    assert.equal(one.refused.length, 1);
    assert.ok(one.refused[0].reason && one.refused[0].message);
  });
}

test('app: faults are named and secrets not repeated', async () => {
  const appFaults = [
    [{}, ['id', 'secret']],
    [{ id: 'nonsense', secret: 'a-secret-that-leaks' }, ['id', 'secret']],
    [{ id: 'wx00000000000000aa', secret: SECRET, platform: 'email' }, ['platform']],
    [{ id: 'wx00000000000000aa', secret: SECRET, token_mode: 'fresh' }, ['token_mode']],
    [{ id: 'wx00000000000000aa', secret: SECRET, max_in_flight: 0 }, ['max_in_flight']],
    [{ id: 'wx00000000000000aa', secret: SECRET, legacyintake: true }, ['legacyintake']],
  ];

  for (const [body, fields] of appFaults)
    for (const field of fields) {
      const answer = await world.call('POST', '/v1/apps', body);
      checkProblem(assert, answer, 400, 'invalid_input', field);
      assert.ok(!answer.text.includes('that-leaks') && !answer.text.includes(SECRET));
    }
  checkProblem(assert, await world.call('POST', '/v1/apps', { id: APP, secret: SECRET }), 409,
    'already_exists');
  assert.equal((await world.must(200, 'GET', '/v1/apps')).items.length, 1);
});

test('query: unknown names and bad values', async () => {
  const queries = [
    ['/v1/messages?stat=sent', 'stat'],
    ['/v1/messages?limit=1001', 'limit'],
    ['/v1/messages?limit=x', 'limit'],
    ['/v1/messages?state=done', 'state'],
    ['/v1/messages?after=x', 'after'],
    ['/v1/messages?app=wx1', 'app'],
    [`/v1/grants?app=${APP}`, 'user'],
    [`/v1/grants?user=${user}`, 'app'],
    ['/v1/schedules/next?cron=61+*+*+*+*', 'cron'],
    ['/v1/schedules/next?cron=*+*+*+*+*&timezone=Mars', 'timezone'],
  ];

  for (const [path, field] of queries)
    checkProblem(assert, await world.call('GET', path), 400, 'invalid_input', field);
});
