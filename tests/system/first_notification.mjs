// One notification from the form on the phone to the message on the phone, and what is known of it
// afterwards.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ADMIN_KEY, APP, SECRET, World } from './lib.mjs';

let world;
before(async () => (world = await World.open()));
after(() => world.close());

test('a form_id carries one notification to the phone', async () => {
  const template = await world.newTemplate();
  const { user, credential } = await world.newGrantedUser();
  const page = 'pages/order?id=42&from=notice';
  const data = { keyword1: '咖啡 ☕', keyword2: { value: 'shipped' } };

  assert.equal((await world.grants(user)).available, 1);
  const accepted = await world.must(202, 'POST', '/v1/messages', {
    app: APP, user, template, page, data, emphasis: 'keyword1.DATA', tag: 'first',
  });
  assert.match(accepted.id, /^m[0-9a-z]{13}$/);
  assert.equal(accepted.state, 'queued');

  const message = await world.messageIn(accepted.id, 'sent');
  assert.equal(message.app, APP);
  assert.equal(message.user, user);
  assert.equal(message.tag, 'first');
  assert.deepEqual(message.data, { keyword1: { value: '咖啡 ☕' }, keyword2: { value: 'shipped' } });
  assert.equal(message.attempts.length, 1);
  assert.equal(message.attempts[0].verdict, 'ok');
  assert.equal(message.attempts[0].errcode, 0);
  assert.deepEqual(message.timeline.map((one) => one.event), ['accepted', 'attempt', 'sent']);
  for (const one of message.timeline)
    assert.match(one.at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

  const [shown, ...more] = await world.phone(user);
  assert.deepEqual(more, []);
  assert.equal(shown.template_id, template);
  assert.equal(shown.page, page);
  assert.equal(shown.form_id, credential);
  assert.equal(shown.emphasis_keyword, 'keyword1.DATA');
  assert.deepEqual(shown.data, message.data);

  const grants = await world.grants(user);
  assert.equal(grants.available, 0);
  assert.equal(grants.items[0].state, 'spent');
});

test('the next message finds the form_id used up', async () => {
  const template = await world.newTemplate();
  const { user } = await world.newGrantedUser();
  const order = { app: APP, user, template, data: { keyword1: 'a', keyword2: 'b' } };
  const first = await world.must(202, 'POST', '/v1/messages', order);

  await world.messageIn(first.id, 'sent');
  const second = await world.must(202, 'POST', '/v1/messages', order);
  assert.equal(second.state, 'failed');
  assert.equal(second.reason, 'no_grant.used_up');
  assert.equal((await world.phone(user)).length, 1);
});

test('a message waits for the permission when it is told to', async () => {
  const template = await world.newTemplate();
  const user = await world.newUser();
  const accepted = await world.must(202, 'POST', '/v1/messages', {
    app: APP, user, template, data: { keyword1: 'a', keyword2: 'b' }, on_missing: 'wait',
  });

  assert.equal(accepted.state, 'waiting');
  const credential = await world.newForm(user);
  await world.must(201, 'POST', '/v1/grants', { app: APP, user, kind: 'form_id', credential });
  await world.messageIn(accepted.id, 'sent');
  assert.equal((await world.phone(user))[0].form_id, credential);
});

test('a payment carries three notifications', async () => {
  const template = await world.newTemplate();
  const user = await world.newUser();
  const { prepay_id } = await world.play('/sim/payments', { appid: APP, openid: user });
  const order = { app: APP, user, template, data: { keyword1: 'a', keyword2: 'b' } };

  await world.must(201, 'POST', '/v1/grants', {
    app: APP, user, kind: 'prepay_id', credential: `prepay_id=${prepay_id}`,
  });
  assert.equal((await world.grants(user)).available, 3);
  for (let i = 0; i < 3; i++) {
    const { id } = await world.must(202, 'POST', '/v1/messages', order);
    await world.messageIn(id, 'sent');
  }
  assert.equal((await world.grants(user)).available, 0);
  assert.equal((await world.phone(user)).length, 3);
});

test('a form_id that the platform refuses is dropped and the next one used', async () => {
  const template = await world.newTemplate();
  const user = await world.newUser();
  const other = await world.newUser();
  const wrong = await world.newForm(other);
  const right = await world.newForm(user);

  for (const credential of [wrong, right])
    await world.must(201, 'POST', '/v1/grants', { app: APP, user, kind: 'form_id', credential });
  const { id } = await world.must(202, 'POST', '/v1/messages', {
    app: APP, user, template, data: { keyword1: 'a', keyword2: 'b' },
  });
  const message = await world.messageIn(id, 'sent');
  assert.deepEqual(message.attempts.map((one) => one.errcode), [41028, 0]);
  assert.equal(message.attempts[0].verdict, 'grant_gone');
  assert.ok(message.attempts[0].meaning && message.attempts[0].fix);
  const states = (await world.grants(user)).items.map((one) => [one.credential, one.state]);
  assert.deepEqual(Object.fromEntries(states), { [wrong]: 'revoked', [right]: 'spent' });
});

test('no answer of the API and no line of the log holds a secret', async () => {
  const { access_token } = await world.must(200, 'GET', `/v1/apps/${APP}/token`);
  const texts = [world.server.stderr];

  for (const path of ['/v1/apps', `/v1/apps/${APP}`, '/v1/keys', '/v1/messages', '/v1/schedules',
    '/v1/stats', '/readyz'])
    texts.push((await world.call('GET', path)).text);
  assert.ok(access_token.length > 20);
  for (const text of texts)
    for (const secret of [SECRET, access_token, ADMIN_KEY])
      assert.ok(!text.includes(secret), `a secret is in ${text.slice(0, 2000)}`);
});
