// nodes.mjs - one, two and three nodes on one PostgreSQL, beside one on SQLite: what a message costs nodes and
// database, and how long after the death of a node its apps send again.
//
//   HY_POSTGRES_FSYNC=1 tests/postgres/with-postgres node bench/nodes.mjs PROGRAM [MESSAGES]
//
// Everything shares this machine's processors, the simulator too: look at the CPU a message, not at the rate. Each is
// run three times, forth, back and forth; told is that run of each beside which the least other work went on.
import { join } from 'node:path';
import { closeSync, fdatasyncSync, mkdtempSync, openSync, readFileSync, writeSync } from 'node:fs';
import { cpus } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { call, cpuTicks, key, secret, simulate, start, stop, temporary, wrk } from './lib.mjs';
import { Database } from './database.mjs';

const [program, count = '30000'] = process.argv.slice(2);
const apps = Array.from({ length: 6 }, (_, i) => `wx${String(i + 1).padStart(16, '0')}`);
const perApp = Math.ceil(Number(count) / apps.length / 100) * 100;
const total = perApp * apps.length;
const callers = 6;
const connections = 66; // of wrk; divides by 1, 2, 3
const seconds = 5;
const kills = 3; // in each run
const deadlineMs = 120000;
const leaseS = 6; // the default

async function until(what, test, pauseMs = 10) {
  const end = Date.now() + deadlineMs;
  for (;;) {
    const found = await test();
    if (found) return found;
    if (Date.now() > end) throw new Error(`not within ${deadlineMs} ms: ${what}`);
    await pause(pauseMs);
  }
}

async function startNode(name, location, folder, sim) {
  const args = ['serve', '--listen', '127.0.0.1:0', '--log-level', 'error', '--store', location, '--wechat-url',
    sim.url, '--master-key-file', join(folder, 'master.key'), '--node-name', name, '--lease-s', leaseS];
  return { name, ...await start(program, args, 'listening', { HONGYAN_ADMIN_KEY: key }) };
}

/** The nodes' apps, {NAME: [app, ...]}, once each of them has its share. */
function shared(nodes) {
  return until('apps are shared', async () => {
    const { items, apps: held } = await call('GET', `${nodes[0].url}/v1/nodes`);
    const names = Object.fromEntries(items.map(({ id, name }) => [id, name]));
    const of = Object.fromEntries(nodes.map(({ name }) => [name, []]));
    for (const { app, node } of held) of[names[node]]?.push(app);
    return Object.values(of).every((own) => own.length === apps.length / nodes.length) && of;
  }, 100);
}

/** Apps, and as many receipts of each as there will be messages: arrays of 100 messages, apps in turn. */
async function prepare(nodes, sim) {
  const arrays = [];
  for (const [i, app] of apps.entries()) {
    const { url } = nodes[i % nodes.length];
    const of = (path, body) => sim.control(path, { appid: app, ...body });
    await of('/sim/apps', { secret, legacy: 'alive', limits: { '/cgi-bin/message/wxopen/template/send': 1e12 } });
    await call('POST', `${url}/v1/apps`, { id: app, secret, max_in_flight: 256 });
    const { template_id: template } = await of('/sim/templates',
      { title: 'bench', type: 'legacy', keywords: [{ key: 'keyword1', label: 'n' }] });
    const { openids } = await of('/sim/users', { count: perApp + 100 });
    const { form_ids: forms } = await of('/sim/forms', { openids });
    for (let k = 0; k < openids.length; k += 5000)
      await call('POST', `${url}/v1/grants`, openids.slice(k, k + 5000).map((user, n) =>
        ({ app, user, kind: 'form_id', credential: forms[k + n] })));
    for (let k = 0; k < openids.length; k += 100)
      arrays.push({ at: k + i, messages: openids.slice(k, k + 100).map((user) =>
        ({ app, user, template, data: { keyword1: 'Two cups of tea, one without sugar' } })) });
  }
  arrays.sort((a, b) => b.at - a.at);
  const spare = arrays.splice(0, apps.length); // the last 100 of each app: for the deaths
  return { arrays: arrays.map(({ messages }) => messages), spare: spare.flatMap(({ messages }) => messages) };
}

const ticksOf = (list) => list.reduce((sum, { pid }) => sum + cpuTicks(pid), 0);

/** ms that a small write and its sync take on the disk of `folder`, in the median. */
function syncMs(folder) {
  const file = openSync(join(folder, 'sync'), 'w');
  const took = Array.from({ length: 101 }, (_, i) => {
    const began = process.hrtime.bigint();
    writeSync(file, Buffer.alloc(8192), 0, 8192, (i % 8) * 8192);
    fdatasyncSync(file);
    return Number(process.hrtime.bigint() - began) / 1e6;
  });
  closeSync(file);
  return took.sort((a, b) => a - b)[50];
}

/** Of all processors together, in 1/100 s: what they did nothing in. */
function idle() {
  const fields = readFileSync('/proc/stat', 'utf8').split('\n')[0].split(/ +/).map(Number);
  return fields[4] + fields[5];
}

/** What `work` costs: it returns how many messages it was, and what else is to be known. */
async function measured({ nodes, sim, database, name }, work) {
  const before = { nodes: ticksOf(nodes), sim: cpuTicks(sim.pid), idle: idle(), own: process.cpuUsage() };
  if (database) Object.assign(before, { pg: database.ticks(), wal: database.wal(), ...database.commits(name) });
  const began = Date.now();
  const result = await work();
  const { messages } = result;
  const us = (ticks) => (ticks * 10000) / messages;
  const s = (Date.now() - began) / 1000;
  const { user, system } = process.cpuUsage(before.own);
  const used = cpus().length * s - (idle() - before.idle) / 100 - (user + system) / 1e6;
  Object.assign(result, { s, nodes: us(ticksOf(nodes) - before.nodes),
    sim: us(cpuTicks(sim.pid) - before.sim), idle: (idle() - before.idle) / 100 / s });
  result.others = used / s - ((result.nodes + result.sim) * messages) / 1e6 / s;
  if (!database) return result;
  Object.assign(result, { pg: us(database.ticks() - before.pg), wal: (database.wal() - before.wal) / messages });
  result.others -= (result.pg * messages) / 1e6 / s;
  await pause(2500); // sessions tell their figures with their next transaction, and nodes beat
  const { commits, syncs } = database.commits(name);
  return Object.assign(result, { commits: commits - before.commits, syncs: syncs - before.syncs });
}

async function drain(nodes, sim, arrays) {
  const already = (await sim.stats()).accepted;
  const began = Date.now();
  await Promise.all(Array.from({ length: callers }, async (_, i) => {
    while (arrays.length) {
      const { results } = await call('POST', `${nodes[i % nodes.length].url}/v1/messages`, arrays.pop());
      const refused = results.find(({ error }) => error);
      if (refused) throw new Error(`a message was refused: ${refused.error.detail}`);
    }
  }));
  const accepted = total / (Date.now() - began) * 1000;
  await until('all arrived', async () => (await sim.stats()).accepted - already >= total);
  const sent = total / (Date.now() - began) * 1000;
  await until('all settled', async () => {
    const { messages } = await call('GET', `${nodes[0].url}/v1/stats`);
    return messages.sent >= total;
  }, 50);
  return { messages: total, accepted, sent };
}

async function oneByOne(nodes) {
  const of = await Promise.all(nodes.map(({ url }) => wrk(`${url}/v1/messages`,
    { connections: connections / nodes.length, seconds, args: ['T'.repeat(43), `apps=${apps.length}`] })));
  const errors = of.reduce((sum, one) => sum + one.errors, 0);
  if (errors) throw new Error(`${errors} requests failed`);
  const messages = of.reduce((sum, { requests }) => sum + requests, 0);
  return { messages, accepted: of.reduce((sum, { requests, us }) => sum + (requests * 1e6) / us, 0),
    p99: Math.max(...of.map(({ p99_us: us }) => us)) / 1000 };
}

/** ms from the SIGKILL of a node until a message of each of its apps has left by another. */
async function death(nodes, sim, spare, location, folder, n) {
  const held = await shared(nodes);
  const victim = nodes[n % nodes.length];
  const others = nodes.filter((node) => node !== victim);
  const already = (await sim.stats()).accepted;
  victim.child.removeAllListeners('exit');
  victim.child.kill('SIGKILL');
  const began = Date.now();
  for (const app of held[victim.name]) {
    const message = spare.splice(spare.findIndex((one) => one.app === app), 1)[0];
    await call('POST', `${others[0].url}/v1/messages`, message);
  }
  await until('they send again', async () => (await sim.stats()).accepted - already >= held[victim.name].length);
  const ms = Date.now() - began;
  Object.assign(victim, await startNode(victim.name, location, folder, sim));
  return ms;
}

const memory = (pid) => Number(readFileSync(`/proc/${pid}/status`, 'utf8').match(/^VmRSS:\s+(\d+)/m)[1]) / 1024;

async function run(folder, size, database) {
  const name = size ? `bench${size}` : 'sqlite';
  const own = mkdtempSync(join(folder, name));
  if (size) database.make(name);
  const location = size ? database.url(name) : `sqlite:${join(own, 'bench.db')}`;
  const sim = await simulate(program);
  const nodes = [];
  for (let i = 0; i < (size || 1); i++) nodes.push(await startNode(`node${i + 1}`, location, own, sim));
  const { arrays, spare } = await prepare(nodes, sim);
  const sync = syncMs(own);
  if (size) await shared(nodes);
  const with_ = { nodes, sim, database: size ? database : null, name };
  const emptied = await measured(with_, () => drain(nodes, sim, arrays));
  if (size) Object.assign(emptied, { sizes: database.sizes(name) });
  const accepted = await measured(with_, () => oneByOne(nodes));
  const largest = Math.max(...nodes.map(({ pid }) => memory(pid)));
  const result = { size, sync, emptied, accepted, memory: largest, deaths: [] };
  if (size === 3)
    for (let n = 0; n < kills; n++) result.deaths.push(await death(nodes, sim, spare, location, own, n));
  for (const { child } of nodes) await stop(child);
  await stop(sim.child);
  if (size) database.drop(name);
  return result;
}

// --- what is told ---------------------------------------------------------------------------------------

const whole = (number) => (number === undefined ? '-' : Math.round(number).toString());
const tenth = (number) => (number === undefined ? '-' : number.toFixed(1));
const title = ({ size }) => (size ? `${size} node${size > 1 ? 's' : ''}` : 'SQLite');

function table(head, results, rows) {
  const lines = [[head, ...results.map(title)], ...rows];
  for (const [first, ...cells] of lines) console.log(first.padEnd(34) + cells.map((c) => c.padStart(13)).join(''));
  console.log('');
}

function ratios(results, value) {
  const [file, one] = results.map(value);
  return results.map((result) => `${(value(result) / one).toFixed(2)} / ${(value(result) / file).toFixed(2)}`);
}

function tell(results, deaths) {
  const rows = (get, what) => results.map((result) => what(get(result)));
  const both = (get) => [
    ['CPU of the nodes, us a message', ...rows(get, (r) => whole(r.nodes))],
    ['CPU of PostgreSQL, us a message', ...rows(get, (r) => whole(r.pg))],
    ['CPU of the simulator, us a message', ...rows(get, (r) => whole(r.sim))],
    ['WAL, bytes a message', ...rows(get, (r) => whole(r.wal))],
    ['commits/s', ...rows(get, (r) => whole(r.commits && r.commits / r.s))],
    ['messages a commit', ...rows(get, (r) => tenth(r.commits && r.messages / r.commits))],
    ['syncs of the log/s', ...rows(get, (r) => whole(r.syncs && r.syncs / r.s))],
    ['processors idle', ...rows(get, (r) => tenth(r.idle))],
    ['  taken by other work, wrk too', ...rows(get, (r) => tenth(r.others))]];
  const sum = (r) => r.nodes + (r.pg ?? 0);
  console.log(`messages  ${total} of ${apps.length} apps, in arrays of 100, one receipt each; load on all nodes\n`);
  table('arrays, accept to outcome', results, [
    ['accepted/s', ...rows((r) => r.emptied, (r) => whole(r.accepted))],
    ['sent/s', ...rows((r) => r.emptied, (r) => whole(r.sent))],
    ['  to 1 node / to SQLite', ...ratios(results, (r) => r.emptied.sent)],
    ...both((r) => r.emptied),
    ['CPU in all, to 1 node / to SQLite', ...ratios(results, (r) => sum(r.emptied))],
    ['kept: message, attempts; bytes', ...rows((r) => r.emptied,
      (r) => whole(r.sizes && r.sizes.kept / total))],
    ['a sync of this disk, ms', ...results.map(({ sync }) => sync.toFixed(2))],
    ['kept: everything; bytes', ...rows((r) => r.emptied, (r) => whole(r.sizes && r.sizes.all / total))]]);
  table(`one a request, ${connections} connections`, results, [
    ['accepted/s', ...rows((r) => r.accepted, (r) => whole(r.accepted))],
    ['  to 1 node / to SQLite', ...ratios(results, (r) => r.accepted.accepted)],
    ['p99, ms', ...rows((r) => r.accepted, (r) => tenth(r.p99))],
    ...both((r) => r.accepted),
    ['CPU in all, to 1 node / to SQLite', ...ratios(results, (r) => sum(r.accepted))],
    ['largest node, MB', ...results.map((r) => whole(r.memory))]]);
  console.log(`kill -9 of one of 3 nodes, until all of its apps send again: ${deaths.sort((a, b) => a - b)
    .map((ms) => (ms / 1000).toFixed(1)).join(', ')} s`);
}

await temporary('nodes', async (folder) => {
  const database = new Database();
  const runs = [];
  for (const size of [0, 1, 2, 3, 3, 2, 1, 0, 0, 1, 2, 3]) runs.push(await run(folder, size, database));
  const quietest = (size, part) => runs.filter((one) => one.size === size)
    .reduce((a, b) => (b[part].others < a[part].others ? b : a));
  const results = [0, 1, 2, 3].map((size) => ({ ...quietest(size, 'emptied'),
    accepted: quietest(size, 'accepted').accepted }));
  for (const { size, sync, emptied, accepted } of runs)
    console.log(`run: ${title({ size }).padEnd(8)} sent/s ${whole(emptied.sent).padStart(6)} beside ` +
      `${tenth(emptied.others)} cores of other work, accepted/s one a request ` +
      `${whole(accepted.accepted).padStart(6)} beside ${tenth(accepted.others)} (wrk too), a sync ${sync.toFixed(2)} ms`);
  console.log('');
  tell(results, runs.flatMap(({ deaths }) => deaths));
});
