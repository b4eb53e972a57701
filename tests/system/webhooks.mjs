// Outcome webhooks against a receiver that knows nothing of the server but docs/webhooks.md.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { APP, World, checkProblem, waitFor } from './lib.mjs';
import { TOKEN, popup, push, sent } from './push.mjs';
import { Receiver, phpExample, verify } from './receiver.mjs';

const data = { keyword1: 'a', keyword2: 'b' };
const secrets = [];

let world, template, receiver;
before(async () => {
  world = await World.open({ addApp: false, args: ['--allow-private-webhooks'] });
  await world.addApp({ callback_token: TOKEN });
  template = await world.newTemplate();
});
beforeEach(async () => (receiver = await Receiver.open()));
afterEach(async () => {
  for (const { id } of (await world.must(200, 'GET', '/v1/webhooks')).items)
    await world.must(204, 'DELETE', `/v1/webhooks/${id}`);
  await receiver.close();
});
after(async () => {
  await world.close();
  const log = world.server.stderr + world.server.stdout;
  assert.ok(secrets.length > 0);
  for (const secret of secrets) assert.ok(!log.includes(secret) && !log.includes(secret.slice(6)));
});

async function hook(events, more = {}) {
  const made = await world.must(201, 'POST', '/v1/webhooks', { url: receiver.url, events, ...more });

  secrets.push(made.secret);
  return made;
}

const show = (id) => world.must(200, 'GET', `/v1/webhooks/${id}`);

function checkSigned(told, ...keys) {
  const signatures = told.headers['webhook-signature'].split(' ');

  assert.equal(signatures.length, keys.length);
  for (const key of keys) assert.ok(verify(key, told.headers, told.body));
  assert.ok(!verify('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', told.headers, told.body));
  assert.ok(!verify(keys[0], told.headers, `${told.body} `));
}

async function failOne(tag = 'order 17') {
  const user = await world.newUser();

  return world.must(202, 'POST', '/v1/messages', { app: APP, user, template, data, tag });
}

test('a failure and a success are told, signed', async () => {
  const { id, secret, state } = await hook(['message.failed', 'message.sent']);
  assert.match(secret, /^whsec_[A-Za-z0-9+/]{43}=$/);
  assert.equal(state, 'ok');
  const failed = await failOne();
  const [told] = await receiver.wait('message.failed');

  assert.equal(told.method, 'POST');
  assert.equal(told.path, '/hook');
  assert.equal(told.headers['content-type'], 'application/json');
  assert.match(told.id, /^e[1-9]\d*$/);
  checkSigned(told, secret);
  assert.equal(told.data.id, failed.id);
  assert.equal(told.data.app, APP);
  assert.equal(told.data.template, template);
  assert.equal(told.data.tag, 'order 17');
  assert.equal(told.data.state, 'failed');
  assert.equal(told.data.reason, 'no_grant.never');
  assert.match(told.timestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

  const { user } = await world.newGrantedUser();
  const { id: message } = await world.must(202, 'POST', '/v1/messages',
    { app: APP, user, template, data });
  const [second] = await receiver.wait('message.sent');
  checkSigned(second, secret);
  assert.equal(second.data.id, message);
  assert.equal(second.data.user, user);
  assert.equal(second.data.attempts, 1);
  await waitFor('nothing to be pending', async () => (await show(id)).pending === 0);
  assert.equal(receiver.told.length, 2);
  assert.ok(!('secret' in (await show(id))));
});

test('sent comes before delivered, even when the first try of sent fails', async () => {
  await hook(['message.sent', 'message.delivered']);
  const template2 = await world.newTemplate2();
  const user = await world.newUser();
  receiver.answers = [500];
  await world.play('/sim/subscribe',
    { appid: APP, openid: user, choices: { [template2]: 'accept' } });
  await push(world, popup(user, { [template2]: 'accept' }), 'plain', 'json');
  const { id } = await world.must(202, 'POST', '/v1/messages',
    { app: APP, user, template: template2, data: { thing1: 'x' } });
  await world.messageIn(id, 'sent');
  await receiver.wait('message.sent');
  const message = await world.message(id);
  await push(world, sent(user, template2, message.msgid), 'plain', 'json');
  await world.messageIn(id, 'delivered');
  await receiver.wait('message.delivered', 1, 20_000);
  assert.deepEqual(receiver.told.map((one) => one.type),
    ['message.sent', 'message.sent', 'message.delivered']);
  assert.equal(receiver.told[0].id, receiver.told[1].id);
  assert.ok(receiver.told[1].at - receiver.told[0].at >= 4900);
  assert.notEqual(receiver.told[2].id, receiver.told[0].id);
  assert.equal(receiver.told[1].data.state, 'sent');
  assert.equal(typeof receiver.told[2].data.msgid, 'string');
});

test('what could not be told is told after a restart', async () => {
  const { id, secret } = await hook(['message.failed']);
  receiver.answers = [503];
  const failed = await failOne();
  await receiver.wait('message.failed');
  await waitFor('the failure to be known', async () => (await show(id)).failing_since);
  assert.equal((await show(id)).last_error, '503');
  assert.equal((await show(id)).pending, 1);
  assert.equal(await world.stopServer('SIGTERM'), 0);
  assert.equal(receiver.told.length, 1);
  await world.startServer();
  const [first, second] = await receiver.wait('message.failed', 2, 20_000);
  assert.equal(second.id, first.id);
  assert.equal(second.data.id, failed.id);
  checkSigned(second, secret);
  await waitFor('it to be well', async () => (await show(id)).state === 'ok');
});

test('what a killed server was telling is told by the next one', async () => {
  const { secret } = await hook(['message.failed']);
  receiver.answers = [() => {}]; // no answer
  await failOne();
  await receiver.wait('message.failed');
  assert.equal(await world.stopServer('SIGKILL'), 'SIGKILL');
  await world.startServer();
  const [first, second] = await receiver.wait('message.failed', 2, 60_000);
  assert.equal(second.id, first.id);
  checkSigned(second, secret);
});

test('410 disables at once, enable sends what is pending', async () => {
  const { id } = await hook(['message.failed']);
  receiver.answers = [410];
  await failOne();
  await waitFor('it to be disabled', async () => (await show(id)).state === 'disabled');
  assert.equal((await show(id)).last_error, '410');
  assert.equal((await world.must(200, 'GET', '/v1/stats')).webhooks_ailing, 1);
  assert.match(world.server.stderr, /webhook\.disabled webhook=w\d+ error="410"/);
  await failOne(); // collects nothing more
  checkProblem(assert, await world.call('POST', `/v1/webhooks/${id}/test`), 409, 'conflict');
  const enabled = await world.must(200, 'POST', `/v1/webhooks/${id}/enable`);
  assert.equal(enabled.state, 'ok');
  const told = await receiver.wait('message.failed', 2);
  assert.equal(told[1].id, told[0].id);
  await world.must(202, 'POST', `/v1/webhooks/${id}/test`);
  await receiver.wait('webhook.test');
  assert.equal(receiver.told.length, 3);
});

test('a rotation signs twice, until it is over', async () => {
  const { id, secret } = await hook(['message.failed']);
  const rotated = await world.must(200, 'POST', `/v1/webhooks/${id}/rotate`, { overlap_s: 3600 });
  secrets.push(rotated.secret);
  assert.notEqual(rotated.secret, secret);
  assert.ok(rotated.old_secret_until);
  await failOne();
  const [told] = await receiver.wait('message.failed');
  checkSigned(told, rotated.secret, secret);
  const own = `whsec_${Buffer.alloc(40, 'own').toString('base64')}`;
  secrets.push(own);
  await world.must(200, 'POST', `/v1/webhooks/${id}/rotate`, { secret: own, overlap_s: 0 });
  await failOne();
  const [, next] = await receiver.wait('message.failed', 2);
  checkSigned(next, own);
});

test('a raw event goes to two endpoints', async () => {
  const other = await Receiver.open();
  await hook(['callback.raw']);
  await hook(['callback.raw', 'grant.added'], { url: other.url, app: APP });
  const template2 = await world.newTemplate2();
  const user = await world.newUser();
  const event = popup(user, { [template2]: 'accept' });
  await push(world, event, 'plain', 'xml');
  for (const one of [receiver, other]) {
    const [told] = await one.wait('callback.raw');
    assert.equal(told.data.name, 'subscribe_msg_popup_event');
    assert.equal(told.data.user, user);
    assert.equal(told.data.event.FromUserName, user);
  }
  const [added] = await other.wait('grant.added');
  assert.deepEqual(added.data, { app: APP, user, template: template2, uses: 1 });
  assert.equal(receiver.told.length, 1);
  await other.close();
});

const noPhp = spawnSync('php', ['-v']).status !== 0 && 'there is no php here';

test('the example in PHP says the same', { skip: noPhp }, async () => {
  const { secret } = await hook(['message.failed']);
  await failOne();
  const [{ headers, body }] = await receiver.wait('message.failed');
  const ask = (key, text) => spawnSync('php', ['-r',
    `${phpExample} array_shift($argv); echo json_encode(verify(...$argv));`, '--', key,
    headers['webhook-id'], headers['webhook-timestamp'], headers['webhook-signature'], text])
    .stdout.toString();

  assert.equal(ask(secret, body), 'true');
  assert.equal(ask(secret, `${body} `), 'false');
  assert.equal(ask(`whsec_${'A'.repeat(44)}`, body), 'false');
});

test('a slow one keeps no other waiting', async () => {
  const slow = await Receiver.open();
  slow.answers = Array(50).fill(() => {});
  await hook(['message.failed'], { url: slow.url });
  await hook(['message.failed']);
  const started = Date.now();
  await Promise.all(Array.from({ length: 30 }, () => failOne()));
  await receiver.wait('message.failed', 30);
  assert.ok(Date.now() - started < 8000);
  assert.ok(slow.told.length <= 16);
  await slow.close();
});

test('what is paused collects', async () => {
  const { id } = await hook(['message.failed']);
  assert.equal((await world.must(200, 'PATCH', `/v1/webhooks/${id}`, { paused: true })).state,
    'paused');
  await failOne();
  await waitFor('one to be pending', async () => (await show(id)).pending === 1);
  assert.equal(receiver.told.length, 0);
  await world.must(200, 'PATCH', `/v1/webhooks/${id}`, { paused: false });
  await receiver.wait('message.failed');
});

test('a redirect is a failure and leads nowhere', async () => {
  const inner = await Receiver.open();
  const { id } = await hook(['message.failed']);
  receiver.answers = [(response) => response.writeHead(307, { location: inner.url }).end()];
  await failOne();
  await waitFor('the failure to be known', async () => (await show(id)).last_error === '307');
  assert.equal(inner.connections, 0);
  await inner.close();
});

test('faults name the field, and repeat no secret', async () => {
  const good = { url: receiver.url, events: ['message.sent'] };
  const faults = [
    [{ ...good, url: undefined }, 'url'],
    [{ ...good, url: 'nonsense' }, 'url'],
    [{ ...good, events: ['message.gone'] }, 'events[0]'],
    [{ ...good, app: 'wx1' }, 'app'],
    [{ ...good, secret: 'whsec_LEAK' }, 'secret'],
    [{ ...good, even: 1 }, 'even'],
  ];

  for (const [body, field] of faults) {
    const answer = await world.call('POST', '/v1/webhooks', body);
    checkProblem(assert, answer, 400, 'invalid_input', field);
    assert.ok(!answer.text.includes('LEAK'));
  }
  const { id } = await hook(['message.sent']);
  for (const body of [{ overlap_s: -1 }, { overlap_s: 604801 }])
    checkProblem(assert, await world.call('POST', `/v1/webhooks/${id}/rotate`, body), 400,
      'invalid_input', 'overlap_s');
  checkProblem(assert, await world.call('GET', '/v1/webhooks/w999'), 404, 'not_found');
  checkProblem(assert, await world.call('GET', '/v1/webhooks/x'), 404, 'not_found');
  const { key } = await world.must(201, 'POST', '/v1/keys', { name: 's', scopes: ['send', 'read'] });
  for (const path of ['/v1/webhooks', `/v1/webhooks/${id}`])
    assert.equal((await world.call('GET', path, undefined, { key })).status, 200);
  checkProblem(assert, await world.call('POST', `/v1/webhooks/${id}/test`, undefined, { key }), 403,
    'forbidden');
  checkProblem(assert, await world.call('POST', `/v1/webhooks/${id}/test`, { url: 'x' }), 400,
    'invalid_input', 'url');
});

// Without the option, and with a listener that would notice a mere connection.
test('private addresses are refused by default', async () => {
  const strict = await World.open();
  const listener = createServer((socket) => socket.destroy());
  let connections = 0;
  listener.on('connection', () => connections++);
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address();
  const events = ['message.failed'];

  for (const url of [`http://127.0.0.1:${port}/`, `https://127.0.0.1:${port}/`,
    `https://localhost:${port}/`, `https://0x7f000001:${port}/`, `https://[::1]:${port}/`])
    checkProblem(assert, await strict.call('POST', '/v1/webhooks', { url, events }), 400,
      'invalid_input', 'url');
  assert.equal(connections, 0);
  listener.close();
  await strict.close();
});

// It was taken while they were allowed: the rule of the server that tells is what counts.
test('a server that does not allow them tells them nothing', async () => {
  const { id } = await hook(['message.failed']);
  await world.must(200, 'PATCH', `/v1/webhooks/${id}`,
    { url: `https://localhost:${receiver.port}/hook` });
  assert.equal(await world.stopServer(), 0);
  world.args = world.args.filter((word) => word !== '--allow-private-webhooks');
  await world.startServer();
  await failOne();
  await waitFor('the refusal', async () => (await show(id)).last_error === 'address not public');
  assert.equal(receiver.connections, 0);
  assert.equal(await world.stopServer(), 0);
  world.args.push('--allow-private-webhooks');
  await world.startServer();
});
