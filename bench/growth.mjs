// growth.mjs - what a message and the reads of the API cost beside a long queue and a large ledger, against a
// nearly empty store, in one run; how long a start takes, and what the server takes at rest.
//
//   node bench/growth.mjs PROGRAM GRANTS-BENCH [MESSAGES]      and twice as many grants; on stores in a temporary
//                                                              folder
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { app, ask, call, cpuTicks, secret, serve, simulate, stop, temporary, wrk } from './lib.mjs';

const [program, bench, count = '200000'] = process.argv.slice(2);
const sizes = { empty: 0, full: Number(count) };
const sent = 20000;
const reads = 1000;
const restS = 10;
const acceptS = 3;
const never = 'TEMPLATE-0000000000000000000000000000000001';

const settings = (sim) => ['--wechat-url', sim.url];
const status = (pid, name) =>
  Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;
const bytes = (folder) => readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);

/** One after the other over one connection; microseconds of CPU, and the median of the answers. */
async function read(server, path) {
  const took = [];
  const ticks = cpuTicks(server.pid);
  for (let i = 0; i < reads; i++) {
    const begin = performance.now();
    const { status: code, text } = await ask('GET', server.url + path(i));
    took.push((performance.now() - begin) * 1000);
    if (code !== 200) throw new Error(`${path(i)}: ${code} ${text.slice(0, 200)}`);
  }
  took.sort((a, b) => a - b);
  return { cpu: ((cpuTicks(server.pid) - ticks) * 10000) / reads, median: took[reads / 2] };
}

/** A receipt and a message each for new users, until all have arrived: CPU a message. */
async function send(sim, server, template) {
  const { openids } = await sim.control('/sim/users', { count: sent });
  const { form_ids: forms } = await sim.control('/sim/forms', { openids });
  const before = (await sim.stats()).accepted;
  let ticks = cpuTicks(server.pid);
  for (let i = 0; i < sent; i += 100)
    await call('POST', `${server.url}/v1/grants`, openids.slice(i, i + 100).map((user, k) =>
      ({ app, user, kind: 'form_id', credential: forms[i + k] })));
  const deposit = ((cpuTicks(server.pid) - ticks) * 10000) / sent;
  ticks = cpuTicks(server.pid);
  for (let i = 0; i < sent; i += 100)
    await call('POST', `${server.url}/v1/messages`, openids.slice(i, i + 100).map((user) =>
      ({ app, user, template, data: { keyword1: user } })));
  while ((await sim.stats()).accepted < before + sent) await pause(5);
  await pause(100); // for the last outcomes
  return { deposit, message: ((cpuTicks(server.pid) - ticks) * 10000) / sent };
}

async function accept(server) {
  const ticks = cpuTicks(server.pid);
  const { requests, errors } = await wrk(`${server.url}/v1/messages`,
    { connections: 64, seconds: acceptS, args: ['T'.repeat(43)] });
  if (errors) throw new Error(`${errors} requests failed`);
  return ((cpuTicks(server.pid) - ticks) * 10000) / requests;
}

async function rest(server) {
  const ticks = cpuTicks(server.pid);
  await pause(restS * 1000);
  return { ms: (cpuTicks(server.pid) - ticks) * 10, mb: status(server.pid, 'VmRSS') };
}

/** From the start of the program until it answers. */
async function begin(folder, sim) {
  const at = Date.now();
  const server = await serve(program, folder, settings(sim));
  await call('GET', `${server.url}/healthz`);
  return { server, ms: Date.now() - at };
}

async function measure(folder, messages) {
  const users = join(folder, '..', `users-${messages}`);
  const sim = await simulate(program);
  const { template_id: template } = await sim.control('/sim/templates',
    { title: 'bench', type: 'legacy', keywords: [{ key: 'keyword1', label: 'n' }] });
  let { server } = await begin(folder, sim);
  await call('POST', `${server.url}/v1/apps`, { id: app, secret, max_in_flight: 64 });
  await stop(server.child);
  execFileSync(bench, [`sqlite:${join(folder, 'bench.db')}`, Math.max(2 * messages, 1000), reads, users, 0,
    messages], { stdio: ['ignore', 'ignore', 'inherit'] });
  const mb = bytes(folder) / 2 ** 20;
  const names = readFileSync(users, 'utf8').trim().split('\n');
  const user = (i) => names[i % names.length];

  const started = await begin(folder, sim);
  server = started.server;
  const rows = { 'start, ms': started.ms };
  const { ms: restMs, mb: restMb } = await rest(server);
  const { deposit, message } = await send(sim, server, template);
  rows['deposit in arrays, CPU'] = deposit;
  rows['message in arrays, accept to outcome, CPU'] = message;
  rows['accept one at a time, CPU'] = await accept(server);
  const { items } = await call('GET', `${server.url}/v1/messages?app=${app}&limit=100`);
  const calls = {
    'GET /v1/messages/{id}': (i) => `/v1/messages/${items[i % items.length].id}`,
    'GET /v1/messages, 50 of the app': () => `/v1/messages?app=${app}&limit=50`,
    'GET /v1/messages of a user': (i) => `/v1/messages?app=${app}&user=${user(i)}`,
    'GET /v1/grants of a user': (i) => `/v1/grants?app=${app}&user=${user(i)}`,
    'GET timeline of a user': (i) => `/v1/users/${app}/${user(i)}/timeline`,
    'GET /v1/reach': () => `/v1/reach?app=${app}&template=${never}`,
    'GET /v1/stats': () => '/v1/stats',
  };
  for (const [name, path] of Object.entries(calls)) {
    const { cpu, median } = await read(server, path);
    rows[`${name}, CPU`] = cpu;
    rows[`${name}, median`] = median;
  }
  const peak = status(server.pid, 'VmHWM');
  await stop(server.child);
  await stop(sim.child);
  return { rows, restMs, restMb, peak, mb };
}

await temporary('growth', async (folder) => {
  const results = {};
  for (const [name, messages] of Object.entries(sizes)) {
    const own = join(folder, name);
    mkdirSync(own);
    results[name] = await measure(own, messages);
  }
  const { empty, full } = results;
  console.log(`stores    ${sizes.full} messages queued and ${2 * sizes.full} grants, ${full.mb.toFixed(0)} MB, against ` +
    `none and 1000`);
  for (const [name, { restMs, restMb, peak }] of Object.entries(results))
    console.log(`${name.padEnd(9)} at rest ${restMs} ms of CPU in ${restS} s, ${restMb.toFixed(0)} MB; at most ` +
      `${peak.toFixed(0)} MB`);
  console.log(`${'microseconds'.padEnd(44)}${'empty'.padStart(8)}${'full'.padStart(8)}`);
  for (const [name, value] of Object.entries(empty.rows))
    console.log(`${name.padEnd(44)}${value.toFixed(0).padStart(8)}${full.rows[name].toFixed(0).padStart(8)}` +
      `   x ${(full.rows[name] / Math.max(value, 1)).toFixed(2)}`);
});
