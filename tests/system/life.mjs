// Starting, stopping, dying, starting again; one token for all.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { APP, World, checkProblem, waitFor } from './lib.mjs';

const data = { keyword1: 'a', keyword2: 'b' };

let world, template;
before(async () => {
  world = await World.open();
  template = await world.newTemplate();
});
after(() => world.close());

const tokenCalls = async () => (await world.play('/sim/stats')).token_calls;

test('healthy and ready without a key', async () => {
  const alive = await world.call('GET', '/healthz', undefined, { key: null });

  assert.equal(alive.text, '{"status":"ok"}');
  await waitFor('readiness', async () =>
    (await world.call('GET', '/readyz', undefined, { key: null })).status === 200);
});

test('any number of callers share one token', async () => {
  const answers = await Promise.all(
    Array.from({ length: 50 }, () => world.must(200, 'GET', `/v1/apps/${APP}/token`)));

  assert.equal(new Set(answers.map((one) => one.access_token)).size, 1);
  assert.ok(answers[0].expires_in > 0 && answers[0].expires_in <= 7200);
  assert.ok(Date.parse(answers[0].expires_at) > Date.now());
  assert.equal(await tokenCalls(), 1);
});

test('many who saw the same token fail cause one refresh', async () => {
  const { access_token } = await world.must(200, 'GET', `/v1/apps/${APP}/token`);
  const refresh = (bad_token) =>
    world.must(200, 'POST', `/v1/apps/${APP}/token/refresh`, { bad_token });
  const calls = await tokenCalls();

  assert.equal((await refresh('some other token')).access_token, access_token);
  assert.equal(await tokenCalls(), calls);
  const fresh = await Promise.all(Array.from({ length: 20 }, () => refresh(access_token)));
  assert.equal(new Set(fresh.map((one) => one.access_token)).size, 1);
  assert.ok((await tokenCalls()) - calls <= 2); // an ordinary one, then a forced one
});

test('a stop finishes what is in flight', async () => {
  const { user } = await world.newGrantedUser();

  await world.play('/sim/faults', {
    path: '/cgi-bin/message/wxopen/template/send', latency_ms: 700, times: 1,
  });
  const { id } = await world.must(202, 'POST', '/v1/messages', { app: APP, user, template, data });
  await world.messageIn(id, 'sending');
  assert.equal(await world.stopServer('SIGTERM'), 0);
  await world.startServer();
  const message = await world.message(id);
  assert.equal(message.state, 'sent');
  assert.equal(message.attempts.length, 1);
  assert.equal((await world.phone(user)).length, 1);
});

test('a restart keeps everything and asks for no token', async () => {
  const { user, credential } = await world.newGrantedUser();
  const { id } = await world.must(202, 'POST', '/v1/messages', {
    app: APP, user, template, data, send_at: Math.floor(Date.now() / 1000) + 3600, tag: 'kept',
  });
  const key = await world.must(201, 'POST', '/v1/keys', { name: 'k', scopes: ['read'] });
  const schedule = await world.must(201, 'POST', '/v1/schedules', {
    app: APP, name: 'kept', cron: '0 8 * * *', message: { user, template, data },
  });
  const token = await world.must(200, 'GET', `/v1/apps/${APP}/token`);
  const [message, grants, calls] = [await world.message(id), await world.grants(user),
    await tokenCalls()];

  assert.equal(await world.stopServer('SIGTERM'), 0);
  await world.startServer();
  assert.deepEqual(await world.message(id), message);
  assert.deepEqual(await world.grants(user), grants);
  assert.equal(grants.items[0].credential, credential);
  assert.equal((await world.call('GET', '/v1/apps', undefined, key)).status, 200);
  assert.deepEqual(await world.must(200, 'GET', `/v1/schedules/${schedule.id}`), schedule);
  assert.equal((await world.must(200, 'GET', `/v1/apps/${APP}/token`)).access_token,
    token.access_token);
  assert.equal(await tokenCalls(), calls);
});

test('what was accepted survives kill -9', async () => {
  const people = await Promise.all(Array.from({ length: 10 }, () => world.newGrantedUser()));
  const ids = [];
  let refused = 0;
  const submit = async ({ user }, i) => {
    try {
      const { id } = await world.must(202, 'POST', '/v1/messages', {
        app: APP, user, template, data, key: `before the end ${i}`,
      });
      ids.push(id);
    } catch {
      refused++; // no answer: it may be there or not
    }
  };
  const all = people.map(submit);

  await waitFor('the first answers', () => ids.length >= 3);
  assert.equal(await world.stopServer('SIGKILL'), 'SIGKILL');
  await Promise.all(all);
  await world.startServer();
  assert.equal(ids.length + refused, people.length);
  for (const id of ids) await world.messageIn(id, 'sent', 30_000);
  for (const [i, { user }] of people.entries()) {
    const { id } = await world.must(202, 'POST', '/v1/messages', {
      app: APP, user, template, data, key: `before the end ${i}`,
    });
    await world.messageIn(id, 'sent', 30_000);
    assert.equal((await world.phone(user)).length, 1);
  }
});

test('while it stops it says so or does not answer, and loses nothing', async () => {
  const people = await Promise.all(Array.from({ length: 5 }, () => world.newGrantedUser()));
  const accepted = [];
  const submit = async ({ user }) => {
    const answer = await world.call('POST', '/v1/messages', { app: APP, user, template, data })
      .catch(() => null); // refused connection
    if (answer?.status === 202) accepted.push(answer.json.id);
    else if (answer) checkProblem(assert, answer, 503, 'stopping');
  };
  const [code] = await Promise.all([world.stopServer('SIGTERM'), ...people.map(submit)]);

  assert.equal(code, 0);
  await world.startServer();
  for (const id of accepted) await world.messageIn(id, 'sent');
});
