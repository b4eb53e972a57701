// hongyan webhook, as people and scripts use it.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import test from 'node:test';

import { APP, SECRET, startServer, startSim, temporary, until } from './process.mjs';

async function open(t) {
  const sim = await startSim(t);
  const server = await startServer(t, { store: 'memory:', sim,
    env: { HONGYAN_ALLOW_PRIVATE_WEBHOOKS: '1' } });
  const told = [];
  const receiver = createServer((request, response) => {
    told.push(request.headers['webhook-id']);
    response.writeHead(receiver.status).end();
  });

  await server.api('POST', '/v1/apps', { id: APP, secret: SECRET });
  await new Promise((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  t.after(() => receiver.close());
  receiver.status = 200;
  const done = async (...args) => {
    const end = await server.cli(args);
    assert.equal(end.code, 0, `${args.join(' ')}: ${end.stderr}`);
    return end.stdout;
  };
  return { server, receiver, told, done, url: `http://127.0.0.1:${receiver.address().port}/` };
}

test('add, list, change, rotate, remove', async (t) => {
  const { server, done, url } = await open(t);
  const added = await done('webhook', 'add', url, '--event', 'message.failed,message.sent',
    '--app', APP);

  assert.match(added, /^secret +whsec_[A-Za-z0-9+/]{43}=$/m);
  assert.match(added, /shown this once/);
  assert.match(await done('webhook', 'list'), new RegExp(`^w1 +${url} +${APP} +ok +0`, 'm'));
  const shown = await done('webhook', 'show', 'w1');
  assert.match(shown, /^events +message.sent, message.failed$/m);
  assert.ok(!shown.includes('whsec_'));
  assert.match(await done('webhook', 'change', 'w1', '--paused', '--event', 'grant.added', '--app', ''),
    /^state +paused$/m);
  assert.match(await done('webhook', 'change', 'w1', '--no-paused', '--endpoint', `${url}b`),
    /^url +http:.*b$/m);

  const own = join(temporary(t), 'secret');
  writeFileSync(own, `whsec_${Buffer.alloc(24, 7).toString('base64')}\n`);
  const rotated = await done('webhook', 'rotate', 'w1', '--secret-file', own, '--overlap-s', '60');
  assert.match(rotated, /^old secret until +20/m);
  assert.match(rotated, /^secret +whsec_BwcHBwcH/m);
  const json = JSON.parse(await done('webhook', 'show', 'w1', '--json'));
  assert.deepEqual([json.id, json.events, json.app, json.secret],
    ['w1', ['grant.added'], undefined, undefined]);
  assert.match(await done('webhook', 'remove', 'w1'), /^removed w1$/m);
  assert.match(await done('webhook', 'list'), /^none$/m);
  assert.ok(!server.stderr.includes('whsec_'));
});

test('slips are named', async (t) => {
  const { server, url } = await open(t);

  for (const [args, code, fault] of [
    [['add', 'nonsense', '--event', 'message.sent'], 2, /^hongyan: url: url must be an absolute/],
    [['add', url, '--event', 'message.snet'], 2, /events\[0\].*did you mean message\.sent\?/],
    [['add', url], 2, /--event/],
    [['show', 'w9'], 1, /nothing with this id/],
    [['rotate', 'w1', '--overlap-s', '9999999'], 2, /--overlap-s/],
  ]) {
    const end = await server.cli(['webhook', ...args]);
    assert.equal(end.code, code, `${args.join(' ')}: ${end.stderr}`);
    assert.match(end.stderr, fault);
  }
});

test('doctor tells of one that is disabled, enable mends it', async (t) => {
  const { server, receiver, told, done, url } = await open(t);

  await done('webhook', 'add', url, '--event', 'message.failed');
  receiver.status = 410;
  assert.match(await done('webhook', 'test', 'w1'), /^sent e1;/);
  await until(async () => /disabled/.test(await done('webhook', 'list')), 'it to be disabled');
  const ill = await server.cli(['doctor']);
  assert.equal(ill.code, 1);
  assert.match(ill.stdout, /webhook: w1 is told nothing since 20\S+: 410\n.*webhook enable w1/);
  receiver.status = 200;
  assert.match(await done('webhook', 'enable', 'w1'), /^state +ok$/m);
  await until(() => told.length === 2, 'the test to come again');
  assert.equal(told[1], told[0]);
  const well = await server.cli(['doctor']);
  assert.doesNotMatch(well.stdout, /webhook/);
});
