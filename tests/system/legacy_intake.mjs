// POST /index/index/form_id, as home-made mini programs call it today.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { APP, INTAKE, SECRET, World, checkProblem } from './lib.mjs';

const SECOND = 'wx00000000000000bb';

let world, user;
before(async () => {
  world = await World.open();
  user = await world.newUser();
});
after(() => world.close());

test('no app takes it until it is told to', async () => {
  const form = { form_id: await world.newForm(user), openId: user };
  const answer = await world.postForm(form);

  checkProblem(assert, answer, 404, 'not_found');
  assert.match(answer.json.detail, /legacy_intake/);
  checkProblem(assert, await world.postForm(form, `?app=${APP}`), 400, 'invalid_input', 'app');
  assert.equal((await world.grants(user)).items.length, 0);
  await world.must(200, 'PATCH', `/v1/apps/${APP}`, { legacy_intake: true });
});

test('a form becomes a grant that sends', async () => {
  const form_id = await world.newForm(user);
  const answer = await world.postForm({ form_id, openId: user });

  assert.equal(answer.status, 200);
  assert.deepEqual(answer.json, { accepted: 1, duplicates: 0 });
  assert.deepEqual((await world.postForm({ form_id, openId: user })).json,
    { accepted: 0, duplicates: 1 });
  const grants = await world.grants(user);
  assert.equal(grants.available, 1);
  assert.equal(grants.items[0].credential, form_id);
  const template = await world.newTemplate();
  const { id } = await world.must(202, 'POST', '/v1/messages', {
    app: APP, user, template, data: { keyword1: 'a', keyword2: 'b' },
  });
  await world.messageIn(id, 'sent');
  assert.equal((await world.phone(user))[0].form_id, form_id);
});

test('faults name the field and store nothing', async () => {
  const form_id = await world.newForm(user);
  const before = await world.grants(user);
  const faults = [
    [{}, 'form_id'],
    [{}, 'openId'],
    [{ openId: user }, 'form_id'],
    [{ form_id: '', openId: user }, 'form_id'],
    [{ form_id }, 'openId'],
    [{ form_id, openid: user }, 'openId'],
    [{ form_id, openId: 'undefined' }, 'openId'],
    [{ form_id: 'the formId is a mock one', openId: user }, 'form_id'],
    [{ form_id: 'x'.repeat(600), openId: user }, 'form_id'],
    [{ form_id, openId: user, app: 'wx1' }, 'app'],
  ];

  for (const [form, field] of faults)
    checkProblem(assert, await world.postForm(form), 400, 'invalid_input', field);
  assert.match((await world.postForm({ form_id, openid: user })).text, /openid was sent instead/);
  checkProblem(assert, await world.postForm('form_id=%E9&openId=x'), 400, 'invalid_input');
  checkProblem(assert, await world.call('POST', INTAKE, { form_id, openId: user }, { key: null }),
    415, 'unsupported_media_type');
  checkProblem(assert, await world.call('GET', INTAKE, undefined, { key: null }), 405,
    'method_not_allowed');
  assert.deepEqual(await world.grants(user), before);
});

test('of several apps one has to be named', async () => {
  const form_id = await world.newForm(user);

  await world.must(201, 'POST', '/v1/apps', { id: SECOND, secret: SECRET, legacy_intake: true });
  checkProblem(assert, await world.postForm({ form_id, openId: user }), 400, 'invalid_input', 'app');
  assert.equal((await world.postForm({ form_id, openId: user }, `?app=${APP}`)).json.accepted, 1);
  assert.equal((await world.postForm({ form_id, openId: user, app: APP })).json.duplicates, 1);
  await world.must(200, 'PATCH', `/v1/apps/${SECOND}`, { legacy_intake: false });
  assert.equal((await world.postForm({ form_id, openId: user })).json.duplicates, 1);
});
