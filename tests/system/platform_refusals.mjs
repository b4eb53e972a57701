// What only the platform knows is wrong: the message says so, and the grant is not lost by it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { APP, SECRET, World, checkProblem, waitFor } from './lib.mjs';

const data = { keyword1: 'a', keyword2: 'b' };

let world;
before(async () => (world = await World.open()));
after(() => world.close());

test('a template that the account does not have', async () => {
  const { user } = await world.newGrantedUser();
  const template = 'A'.repeat(43);
  const { id } = await world.must(202, 'POST', '/v1/messages', { app: APP, user, template, data });
  const message = await world.messageIn(id, 'failed');

  assert.equal(message.reason, 'bad_payload.40037');
  assert.equal(message.attempts[0].errcode, 40037);
  assert.ok(message.attempts[0].meaning && message.attempts[0].fix);
  assert.equal((await world.grants(user)).available, 1);
});

test('an openid of nobody', async () => {
  const template = await world.newTemplate();
  const user = 'oNobody00000000000000000000a';

  await world.must(201, 'POST', '/v1/grants', {
    app: APP, user, kind: 'form_id', credential: 'f'.repeat(32),
  });
  const { id } = await world.must(202, 'POST', '/v1/messages', { app: APP, user, template, data });
  const message = await world.messageIn(id, 'failed');
  assert.equal(message.attempts[0].errcode, 40003);
  assert.equal(message.attempts[0].verdict, 'user_gone');
});

test('a form_id that is none', async () => {
  const template = await world.newTemplate();
  const user = await world.newUser();

  await world.must(201, 'POST', '/v1/grants', {
    app: APP, user, kind: 'form_id', credential: 'e'.repeat(32),
  });
  const { id } = await world.must(202, 'POST', '/v1/messages', { app: APP, user, template, data });
  const message = await world.messageIn(id, 'failed');
  assert.equal(message.attempts[0].errcode, 41028);
  assert.match(message.reason, /^no_grant\./);
  assert.equal((await world.grants(user)).items[0].state, 'revoked');
});

async function withoutToken(id, secret, code) {
  const user = await world.newUser();

  await world.must(201, 'POST', '/v1/apps', { id, secret });
  await world.must(201, 'POST', '/v1/grants', {
    app: id, user, kind: 'form_id', credential: 'd'.repeat(32),
  });
  await waitFor('the token to fail', async () => {
    const app = await world.must(200, 'GET', `/v1/apps/${id}`);
    return app.status.token.failures > 0 && app.status.token.error.includes(String(code));
  });
  const token = await world.call('GET', `/v1/apps/${id}/token`);
  checkProblem(assert, token, 503, 'token_unavailable');
  assert.match(token.json.detail, new RegExp(code));
  assert.ok(Number(token.headers.get('retry-after')) > 0);
  assert.ok(!token.text.includes(secret));
  const sends = (await world.play('/sim/stats')).sends;
  const message = await world.must(202, 'POST', '/v1/messages', {
    app: id, user, template: 'B'.repeat(43), data,
  });
  await world.must(200, 'POST', `/v1/messages/${message.id}/cancel`);
  const grants = await world.must(200, 'GET', `/v1/grants?app=${id}&user=${user}`);
  assert.equal(grants.available, 1);
  assert.equal((await world.play('/sim/stats')).sends, sends);
  // It is known that there is no token: the service itself is ready.
  assert.equal((await world.call('GET', '/readyz', undefined, { key: null })).status, 200);
  assert.equal((await world.call('DELETE', `/v1/apps/${id}`)).status, 204);
}

test('an appid that does not exist', () =>
  withoutToken('wx00000000000000ee', '0123456789abcdef0123456789abcdef', 40013));

test('a wrong secret, then the right one', async () => {
  const id = 'wx00000000000000dd';
  const right = 'abcdef0123456789abcdef0123456789';

  await world.play('/sim/apps', { appid: id, secret: right });
  await withoutToken(id, '0123456789abcdef0123456789abcdef', 40125);
  await world.must(201, 'POST', '/v1/apps', { id, secret: SECRET });
  await world.must(200, 'PATCH', `/v1/apps/${id}`, { secret: right });
  await waitFor('a token', async () =>
    (await world.call('GET', `/v1/apps/${id}/token`)).status === 200);
});
