// script/demo is the first thing that a newcomer runs.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';

import { BINARY, run, start, temporary, until } from './process.mjs';

const DEMO = join(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '../../script/demo');

test('script/demo --once ends when the notification arrived', async (t) => {
  const dir = temporary(t);
  const demo = await run(['--once'], { command: DEMO, env: { HONGYAN_BIN: BINARY, TMPDIR: dir } });

  assert.equal(demo.code, 0, demo.stdout + demo.stderr);
  assert.match(demo.stdout, /hongyan message send /);
  assert.match(demo.stdout, /奶茶/);
  assert.match(demo.stdout, /ask: true, because: none_left/);
  assert.match(demo.stdout, /waiting no_grant\.never/);
  assert.match(demo.stdout, /state +delivered/, 'the event came, and was believed');
  assert.match(demo.stdout, /100 %  20 of 20 sent/, 'the broadcast reached everybody');
  assert.match(demo.stdout, /once, page, event/, 'one tap, told by two');
  assert.match(demo.stdout, /data\.thing1/, 'a text that is too long is named');
  assert.match(demo.stdout, /failed no_grant\.used_up/);
  assert.deepEqual(readdirSync(dir), [], 'it left files behind');
});

test('script/demo stays until it is told to go, and cleans up', async (t) => {
  const dir = temporary(t);
  const demo = start(t, [], { command: DEMO, env: { HONGYAN_BIN: BINARY, TMPDIR: dir } });

  await until(() => /Ctrl-C/.test(demo.stdout) || demo.code !== undefined, 'the end of the day', 60000);
  const phone = /http:\/\/127\.0\.0\.1:\d+\/sim\/\S*/.exec(demo.stdout)?.[0];
  assert.ok(phone, demo.stdout + demo.stderr);
  assert.equal((await fetch(phone)).status, 200);
  await demo.stop('SIGTERM');
  await assert.rejects(fetch(phone), 'the simulator is still there');
  assert.deepEqual(readdirSync(dir), [], 'it left files behind');
});

test('script/demo fails when nothing arrives', async (t) => {
  const demo = await run(['--once'], { command: DEMO,
    env: { HONGYAN_BIN: '/bin/false', TMPDIR: temporary(t) } });

  assert.notEqual(demo.code, 0);
  const odd = await run(['--twice'], { command: DEMO, env: { HONGYAN_BIN: BINARY } });
  assert.equal(odd.code, 2);
});
