// TLS to PostgreSQL, as libpq does it: who is trusted, who isn't, and that nothing shows the password. A server of
// its own for the run, with certificates made for it. Run by tests/postgres/with-postgres.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chownSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { after, before } from 'node:test';

import { freePort } from '../crash/programs.mjs';
import { ADMIN, run, start, temporary } from './process.mjs';

const control = process.env.HY_POSTGRES_CTL;
const socket = new URLSearchParams(process.env.HY_POSTGRES_URL.split('?')[1]).get('host');
const data = join(socket, 'data');
const password = 's3cret-of-the-database';
const host = '127.0.0.1'; // no name is looked up: libpq compares addresses with the certificate's, too
const port = await freePort();

function openssl(...args) {
  execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] });
}

let url = process.env.HY_POSTGRES_URL; // of the socket

function psql(text) {
  return execFileSync('psql', ['-qAtX', '-v', 'ON_ERROR_STOP=1', '-c', text, url],
    { encoding: 'utf8' }).trim();
}

function makeAuthority(folder, name) {
  openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes',
    '-keyout', join(folder, `${name}.key`), '-out', join(folder, `${name}.crt`), '-days', '2',
    '-subj', `/CN=${name} of a test`);
}

// The server's, for that name alone, signed by `authority`.
function makeServerCertificate(folder, authority, name) {
  const at = (end) => join(folder, end);
  openssl('req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes',
    '-keyout', at('server.key'), '-out', at('server.csr'), '-subj', '/CN=database');
  writeFileSync(at('server.ext'), `subjectAltName=${name}\n`);
  openssl('x509', '-req', '-in', at('server.csr'), '-CA', at(`${authority}.crt`),
    '-CAkey', at(`${authority}.key`), '-CAcreateserial', '-days', '2', '-extfile', at('server.ext'),
    '-out', at('server.crt'));
}

// Owned by whoever owns the server's data, as the server wants it.
function install(folder) {
  const owner = Number(execFileSync('stat', ['-c', '%u', data], { encoding: 'utf8' }));
  for (const name of ['server.key', 'server.crt']) {
    const path = join(data, name);
    writeFileSync(path, readFileSync(join(folder, name)), { mode: 0o600 });
    if (process.getuid() === 0) chownSync(path, owner, owner);
  }
}

function restart() {
  const [program, ...args] = control.split(' ');
  for (const what of ['stop', 'start']) execFileSync(program, [...args, what], { stdio: 'ignore' });
}

let folder;

before(() => {
  folder = mkdtempSync('/tmp/hongyan-tls-');
  makeAuthority(folder, 'ours');
  makeAuthority(folder, 'theirs');
  makeServerCertificate(folder, 'ours', `IP:${host}`);
  install(folder);
  psql(`CREATE ROLE guarded LOGIN SUPERUSER PASSWORD '${password}'`);
  psql("ALTER SYSTEM SET listen_addresses = '127.0.0.1'");
  psql(`ALTER SYSTEM SET port = ${port}`);
  psql('ALTER SYSTEM SET ssl = on');
  const rules = readFileSync(join(data, 'pg_hba.conf'), 'utf8');
  writeFileSync(join(data, 'pg_hba.conf'), `${rules}hostssl all guarded 127.0.0.1/32 scram-sha-256\n`);
  restart();
  url += `&port=${port}`;
});

after(() => rmSync(folder, { recursive: true, force: true }));

function location(parameters, { secret = password, at = host } = {}) {
  const query = new URLSearchParams(parameters).toString();
  return `postgresql://guarded${secret ? `:${secret}` : ''}@${at}:${port}/hongyan?${query}`;
}

const trusted = () => ({ sslmode: 'verify-full', sslrootcert: join(folder, 'ours.crt') });

// One line that says why, without the password.
async function refused(t, pattern, store, env = {}) {
  const end = await run(['serve', '--listen', '127.0.0.1:0', '--log-level', 'error',
    '--master-key-file', join(temporary(t), 'key')], { env: { HONGYAN_STORE: store, ...env } });
  assert.equal(end.code, 1, end.stderr);
  assert.match(end.stderr, pattern);
  assert.equal(end.stderr.trimEnd().split('\n').length, 1, end.stderr);
  assert.ok(!`${end.stdout}${end.stderr}`.includes(password), end.stderr);
}

// It serves, all that it has with the database is encrypted, and nothing that others may read has the password.
async function serves(t, store, env = {}) {
  const server = start(t, ['serve', '--listen', '127.0.0.1:0', '--log-level', 'debug',
    '--master-key-file', join(folder, 'key')],
  { env: { HONGYAN_ADMIN_KEY: ADMIN, HONGYAN_STORE: store, ...env } });
  const ready = await fetch(`${await server.address('listening')}/readyz`);
  const shown = `${readFileSync(`/proc/${server.pid}/cmdline`, 'utf8')}${await ready.text()}`;
  const links = psql('SELECT count(*) >= 3, bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) ' +
    "WHERE usename = 'guarded'");

  assert.equal(await server.stop(), 0);
  assert.equal(links, 't|t');
  assert.ok(!`${shown}${server.stdout}${server.stderr}`.includes(password));
}

test('the right authority and the right host are let in, over TLS', async (t) => {
  await serves(t, location(trusted()));
});

test('the password may come from a file that only its owner reads', async (t) => {
  const path = join(folder, 'pgpass');
  writeFileSync(path, `${host}:${port}:hongyan:guarded:${password}\n`, { mode: 0o600 });
  await serves(t, location(trusted(), { secret: '' }), { PGPASSFILE: path });
});

test('another authority, another host, and no authority at all are refused', async (t) => {
  const theirs = join(folder, 'theirs.crt');
  await refused(t, /certificate verify failed/, location({ ...trusted(), sslrootcert: theirs }));
  await refused(t, /certificate verify failed/,
    location({ sslmode: 'verify-ca', sslrootcert: theirs }));
  await refused(t, /does not match host name "localhost"/, location(trusted(), { at: 'localhost' }));
  await refused(t, /root certificate file .*nowhere.* does not exist/,
    location({ ...trusted(), sslrootcert: join(folder, 'nowhere.crt') }));
});

test('a wrong password and no TLS are refused by the server', async (t) => {
  await refused(t, /password authentication failed for user "guarded"/,
    location(trusted(), { secret: 'wrong' }));
  await refused(t, /no encryption/, location({ sslmode: 'disable' }));
});
