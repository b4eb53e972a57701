// grants.mjs - the ledger beside very many grants: the same verbs and calls on a nearly empty store and on
// a full one, in one run.
//
//   node bench/grants.mjs PROGRAM GRANTS-BENCH [GRANTS]      on stores in a temporary folder
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { app, ask, call, cpuTicks, key, secret, start, stop, stopAll } from './lib.mjs';

const [program, bench, grants = '10000000'] = process.argv.slice(2);
const few = 1000;
const waiting = { empty: 0, full: Math.min(Number(grants), 1000000) };
const restMs = 10000;
const calls = 2000;
const template = 'TEMPLATE-0000000000000000000000000000000001';

/** Nothing is sent, so nobody need listen at the platform's address. */
const serve = (db) => start(program, ['serve', '--listen', '127.0.0.1:0', '--log-level', 'error', '--store',
  `sqlite:${db}`, '--wechat-url', 'http://127.0.0.1:1'], 'listening', { HONGYAN_ADMIN_KEY: key });

/** The rows that the program for the verbs prints: name, median, p99, CPU. */
function verbs(name, db, count, users) {
  const child = spawn(bench, [`sqlite:${db}`, count, calls, users, waiting[name]], { stdio: ['ignore', 'pipe', 'inherit'] });
  let out = '';
  child.stdout.on('data', (bytes) => (out += bytes));
  return new Promise((resolve, reject) => child.on('exit', (code) => {
    if (code !== 0) reject(new Error(`${bench} ended with ${code}`));
    const rows = out.matchAll(/^(.*?) +(\d+) +(\d+) +(\d+)$/gm);
    resolve([...rows].map(([, name, ...numbers]) => [name, ...numbers.map(Number)]));
  }));
}

/** The same kind of row for one call, made again and again over one connection; null: there is no such call. */
async function request(server, name, path) {
  const took = [];
  const ticks = cpuTicks(server.pid);
  for (let i = 0; i < calls; i++) {
    const begin = performance.now();
    const { status, text } = await ask('GET', server.url + path(i));
    took.push((performance.now() - begin) * 1000);
    if (status === 404 && i === 0) return null;
    if (status !== 200) throw new Error(`${path(i)}: ${status} ${text.slice(0, 200)}`);
  }
  took.sort((a, b) => a - b);
  const cpu = ((cpuTicks(server.pid) - ticks) * 10000) / calls;
  return [name, took[calls / 2], took[(calls * 99) / 100], cpu].map((v) => (typeof v === 'number' ? Math.round(v) : v));
}

/** What the server takes while nobody asks it for anything. */
async function rest(server) {
  const ticks = cpuTicks(server.pid);
  await new Promise((resolve) => setTimeout(resolve, restMs));
  const pages = Number(readFileSync(`/proc/${server.pid}/statm`, 'utf8').split(' ')[1]);
  return { cpuMs: (cpuTicks(server.pid) - ticks) * 10, mb: Math.round((pages * 4096) / 1e6) };
}

async function measure(folder, name, count) {
  const db = join(folder, `${name}.db`);
  const users = join(folder, `${name}.users`);
  let server = await serve(db);
  await call('POST', `${server.url}/v1/apps`, { id: app, secret });
  await stop(server.child);
  const rows = await verbs(name, db, count, users);
  const names = readFileSync(users, 'utf8').trim().split('\n');
  server = await serve(db);
  const resting = await rest(server);
  rows.push(await request(server, 'GET /v1/grants', (i) => `/v1/grants?app=${app}&user=${names[i % names.length]}`));
  rows.push(await request(server, 'GET /v1/reach', () => `/v1/reach?app=${app}&template=${template}`));
  await stop(server.child);
  return { rows: rows.filter(Boolean), bytes: statSync(db).size, resting };
}

const cells = (row) => row.slice(1).map((n) => String(n).padStart(8)).join('');

function print(empty, full) {
  console.log(`grants    ${few} and ${grants}; the file has ${Math.round(full.bytes / 1e6)} MB`);
  for (const [name, { resting }] of [['empty', empty], ['full', full]])
    console.log(`at rest   ${waiting[name]} messages waiting: ${resting.cpuMs} ms of CPU in ${restMs / 1000} s, ` +
      `${resting.mb} MB of memory`);
  console.log(`calls     ${calls} of each kind, one after the other; microseconds\n`);
  console.log(`${''.padEnd(28)}${'nearly empty'.padStart(24)}${'full'.padStart(24)}   median  CPU`);
  console.log(`${''.padEnd(28)}${'  median     p99     CPU'.repeat(2)}`);
  empty.rows.forEach((row, i) => {
    const other = full.rows[i];
    const ratio = (at) => (row[at] > 0 ? (other[at] / row[at]).toFixed(2) : '-');
    console.log(`${row[0].padEnd(28)}${cells(row)}${cells(other)}   ${ratio(1).padStart(6)} ${ratio(3).padStart(5)}`);
  });
}

const folder = mkdtempSync(join(process.env.TMPDIR ?? tmpdir(), 'hongyan-grants.'));
try {
  const empty = await measure(folder, 'empty', String(few));
  print(empty, await measure(folder, 'full', grants));
} finally {
  await stopAll();
  rmSync(folder, { recursive: true });
}
