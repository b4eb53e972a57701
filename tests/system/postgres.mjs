// A store in PostgreSQL, on the command line: its master key, its password, check and backup. Run by
// tests/postgres/with-postgres.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';

import { run, startServer, temporary } from './process.mjs';

const store = process.env.HY_POSTGRES_URL;

function serve(...args) {
  return run(['serve', '--listen', '127.0.0.1:0', '--log-level', 'error', ...args]);
}

async function refused(code, pattern, ...args) {
  const end = await serve(...args);
  assert.equal(end.code, code, end.stderr);
  assert.match(end.stderr, pattern);
  assert.equal(end.stderr.trimEnd().split('\n').length, 1, end.stderr);
  assert.doesNotMatch(end.stderr, /s3cret/);
}

test('a location that leads nowhere is told without its password', async (t) => {
  const key = ['--master-key-file', join(temporary(t), 'key')];

  await refused(1, /^hongyan: store: PostgreSQL: .*127\.0\.0\.1.*refused/,
    '--store', 'postgresql://hongyan:s3cret@127.0.0.1:1/hongyan', ...key);
  await refused(2, /^hongyan: store: the store's location is no URL of PostgreSQL/,
    '--store', 'postgresql://hongyan:s3cr/et@127.0.0.1/hongyan', ...key);
  await refused(2, /of no known kind; give sqlite:PATH, postgresql:\/\/\.\.\. or memory:/,
    '--store', 'mysql://hongyan:s3cret@127.0.0.1/hongyan', ...key);
});

test('a password that others can read on the command line is warned of', async (t) => {
  const secret = 'postgresql://hongyan:s3cret@127.0.0.1:1/hongyan';
  const args = ['serve', '--listen', '127.0.0.1:0', '--master-key-file', join(temporary(t), 'key')];
  const shown = await run([...args, '--store', secret]);
  assert.equal(shown.code, 1);
  assert.match(shown.stderr, / start\.password_shown /);
  assert.doesNotMatch(shown.stderr, /s3cret/);

  const hidden = [
    await run(args, { env: { HONGYAN_STORE: secret } }),
    await run([...args, '--store', 'postgresql://hongyan@127.0.0.1:1/hongyan']),
  ];
  for (const end of hidden) {
    assert.equal(end.code, 1);
    assert.doesNotMatch(end.stderr, /password_shown|s3cret/);
  }
});

test('its master key has to be named, and is the same for all', async (t) => {
  const key = join(temporary(t), 'key');

  await refused(2, /^hongyan: a store in PostgreSQL needs --master-key-file/, '--store', store);
  const first = await startServer(t, { store, args: ['--master-key-file', key] });
  const made = readFileSync(key, 'utf8');
  assert.equal(await first.stop(), 0);

  renameSync(key, `${key}.away`);
  await refused(1, /^hongyan: master key .* is missing, and the store was made with one: copy it/,
    '--store', store, '--master-key-file', key);
  assert.ok(!existsSync(key)); // nothing stands where the right one is to be put
  writeFileSync(key, `hongyan-master-key-1 ${'ab'.repeat(32)}\n`, { mode: 0o600 });
  await refused(1, /^hongyan: master key .*: the store was made with another one$/m,
    '--store', store, '--master-key-file', key);
  assert.ok(existsSync(key));
  assert.equal(readFileSync(`${key}.away`, 'utf8'), made);
  const again = await startServer(t, { store, args: ['--master-key-file', `${key}.away`] });

  // Beside the server that uses it.
  const check = await run(['check', '--store', store]);
  assert.equal(check.code, 0, check.stderr);
  assert.match(check.stdout, /Everything is as it must be/);
  const copy = join(temporary(t), 'copy.db');
  const backup = await run(['backup', copy, '--store', store]);
  assert.equal(backup.code, 2);
  assert.match(backup.stderr, /pg_dump/);
  assert.ok(!existsSync(copy));
  assert.equal(await again.stop(), 0);
});

test('one node more than there are places is told so, and leaves nothing behind', async (t) => {
  const psql = (text) => execFileSync('psql', ['-qAtX', '-v', 'ON_ERROR_STOP=1', '-c', text, store],
    { encoding: 'utf8' }).trim();
  const key = ['--master-key-file', join(temporary(t), 'key')];
  psql('DROP SCHEMA public CASCADE; CREATE SCHEMA public');
  const first = await startServer(t, { store, args: key });
  psql(`INSERT INTO node (node, slot, name, version, schema, started_ms, beat_ms, lease_until_ms, group_no)
    SELECT 1000 + s, s, 'n' || s, '1', 1, 1, 1, 9e15, 0 FROM generate_series(0, 255) AS t (s)
    WHERE NOT EXISTS (SELECT FROM node WHERE slot = s)`);

  await refused(1, /^hongyan: store: 256 nodes use it, and there cannot be more: stop one first/,
    '--store', store, ...key);
  assert.equal(psql('SELECT count(*) FROM node'), '256');
  assert.equal(await first.stop(), 0);
  // The place of the one that left.
  const next = await startServer(t, { store, args: key });
  assert.equal(psql('SELECT count(*) FROM node'), '256');
  assert.equal(await next.stop(), 0);
});
