// Idempotency, lists, cancel, arrays.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { APP, World, checkProblem } from './lib.mjs';

const data = { keyword1: 'a', keyword2: 'b' };

let world, template;
before(async () => {
  world = await World.open();
  template = await world.newTemplate();
});
after(() => world.close());

test('the same key and body send once', async () => {
  const { user } = await world.newGrantedUser();
  const order = { app: APP, user, template, data };
  const headers = { 'idempotency-key': 'order 42/shipped' };
  const first = await world.must(202, 'POST', '/v1/messages', order, { headers });

  await world.messageIn(first.id, 'sent');
  const again = await world.must(202, 'POST', '/v1/messages', order, { headers });
  assert.deepEqual(again, first);
  const byField = await world.must(202, 'POST', '/v1/messages', {
    key: 'order 42/shipped', data, template, user, app: APP, // in another order
  });
  assert.deepEqual(byField, first);
  const other = { ...order, data: { ...data, keyword2: 'c' } };
  checkProblem(assert, await world.call('POST', '/v1/messages', other, { headers }), 409,
    'idempotency_conflict');
  assert.equal((await world.phone(user)).length, 1);
});

test('one key from many at once sends once', async () => {
  const { user } = await world.newGrantedUser();
  const order = { app: APP, user, template, data, key: 'at once' };
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => world.must(202, 'POST', '/v1/messages', order)));

  assert.equal(new Set(answers.map((one) => one.id)).size, 1);
  await world.messageIn(answers[0].id, 'sent');
  assert.equal((await world.phone(user)).length, 1);
});

test('an Idempotency-Key is for one message', async () => {
  const user = await world.newUser();

  checkProblem(assert, await world.call('POST', '/v1/messages', [{ app: APP, user, template, data }],
    { headers: { 'idempotency-key': 'k' } }), 400, 'invalid_input', 'Idempotency-Key');
});

test('an array is answered in order, the good ones sent', async () => {
  const people = await Promise.all(Array.from({ length: 5 }, () => world.newGrantedUser()));
  const orders = people.map(({ user }, i) => ({
    app: APP, user, template, data: { ...data, keyword1: `to ${i}` }, key: `array ${i}`,
  }));

  orders.splice(2, 0, { app: APP, user: people[0].user });
  orders.push({ ...orders[0], tag: 'another body' });
  const { results } = await world.must(202, 'POST', '/v1/messages', orders);
  assert.equal(results.length, 7);
  assert.equal(results[2].error.status, 400);
  assert.equal(results[6].error.status, 409);
  const ids = [0, 1, 3, 4, 5].map((i) => results[i].id);
  for (const [i, id] of ids.entries()) {
    const message = await world.messageIn(id, 'sent');
    assert.equal(message.user, people[i].user);
    assert.equal((await world.phone(people[i].user))[0].data.keyword1.value, `to ${i}`);
  }
  const again = await world.must(202, 'POST', '/v1/messages', orders);
  assert.deepEqual(again.results.map((one) => one.id), results.map((one) => one.id));
});

test('a thousand messages in one array', async () => {
  const user = await world.newUser();
  const orders = Array.from({ length: 1000 }, (_, i) => ({
    app: APP, user, template, data, tag: 'thousand', send_at: '2035-01-01T00:00:00Z', key: `t${i}`,
  }));
  const far = await world.call('POST', '/v1/messages', orders);

  assert.equal(far.status, 202);
  assert.ok(far.json.results.every((one) => one.error.errors[0].field === 'send_at'));
  const soon = new Date(Date.now() + 86_400_000).toISOString();
  const near = await world.must(202, 'POST', '/v1/messages',
    orders.map((one) => ({ ...one, send_at: soon })));
  const ids = near.results.map((one) => one.id);
  assert.equal(new Set(ids).size, 1000);
  assert.deepEqual(ids, [...ids].sort());
});

test('a list goes on page by page while messages come in', async () => {
  const user = await world.newUser();
  const order = { app: APP, user, template, data, tag: 'pages' };
  const made = [];

  for (let i = 0; i < 7; i++) made.push((await world.must(202, 'POST', '/v1/messages', order)).id);
  const seen = [];
  let after = '';
  do {
    const page = await world.must(200, 'GET',
      `/v1/messages?app=${APP}&user=${user}&tag=pages&limit=3${after && `&after=${after}`}`);
    assert.ok(page.items.length <= 3);
    seen.push(...page.items.map((one) => one.id));
    after = page.next;
    if (after) await world.must(202, 'POST', '/v1/messages', { ...order, tag: 'later' });
  } while (after);
  assert.deepEqual(seen, made.reverse());
  const failed = await world.must(200, 'GET', `/v1/messages?user=${user}&state=failed&limit=1000`);
  assert.equal(failed.items.length, 9);
  assert.equal(failed.next, null);
  const none = await world.must(200, 'GET', `/v1/messages?user=${user}&state=sent`);
  assert.deepEqual(none, { items: [], next: null });
});

test('cancel gives the grant back', async () => {
  const { user } = await world.newGrantedUser();
  const { id } = await world.must(202, 'POST', '/v1/messages', {
    app: APP, user, template, data, send_at: Math.floor(Date.now() / 1000) + 3600,
  });
  const canceled = await world.must(200, 'POST', `/v1/messages/${id}/cancel`);

  assert.equal(canceled.state, 'canceled');
  assert.equal(canceled.timeline.at(-1).event, 'canceled');
  assert.equal((await world.grants(user)).available, 1);
  checkProblem(assert, await world.call('POST', `/v1/messages/${id}/cancel`), 409, 'conflict');
  assert.equal((await world.phone(user)).length, 0);
  const sent = await world.must(202, 'POST', '/v1/messages', { app: APP, user, template, data });
  await world.messageIn(sent.id, 'sent');
  const refused = await world.call('POST', `/v1/messages/${sent.id}/cancel`);
  checkProblem(assert, refused, 409, 'conflict');
  assert.match(refused.json.detail, /sent/);
});

test('a message is sent at its instant', async () => {
  const { user } = await world.newGrantedUser();
  const at = Date.now() + 1500;
  const { id } = await world.must(202, 'POST', '/v1/messages', {
    app: APP, user, template, data, send_at: new Date(at).toISOString(),
  });

  assert.equal((await world.message(id)).state, 'queued');
  const message = await world.messageIn(id, 'sent');
  assert.ok(Date.parse(message.attempts[0].at) >= at);
});

test('counters', async () => {
  const stats = await world.must(200, 'GET', '/v1/stats');

  assert.ok(stats.messages.sent > 0 && stats.messages.canceled > 0);
  assert.equal(stats.messages.unknown, 0);
  assert.deepEqual(stats.apps.map((one) => one.app), [APP]);
  assert.deepEqual(stats.apps[0].messages, stats.messages);
});

test('the only one of its kind is found below many others', { timeout: 120_000 }, async () => {
  const { openid: user } = await world.play('/sim/users', { appid: APP });
  const order = { app: APP, user, template, data };
  const { id } = await world.must(202, 'POST', '/v1/messages', { ...order, tag: 'rare' });

  // More than one call of the store looks at: the first pages are empty.
  for (let i = 0; i < 21; i++)
    await world.must(202, 'POST', '/v1/messages', Array(1000).fill(order));
  let pages = 0;
  const found = [];
  for (let after = ''; after !== null; pages++) {
    const page = await world.must(200, 'GET', `/v1/messages?app=${APP}&tag=rare&limit=10${after}`);
    found.push(...page.items);
    after = page.next && `&after=${page.next}`;
  }
  assert.deepEqual(found.map((one) => one.id), [id]);
  assert.ok(pages > 1, 'a page was short');
});
