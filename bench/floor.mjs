// floor.mjs - what a message costs where there are only libraries (bench/floor.c), and beside it, in the same run,
// what it costs here: part by part, then the whole way.
//
//   node bench/floor.mjs PROGRAM FLOOR STORE_BENCH [N]      on folders that are removed afterwards
//
// A line is CPU of the process a message, user and system, and messages a second. CALLGRIND=FILE counts thousand
// instructions of the whole way in place of that, which other work beside doesn't change; N of 4000 takes minutes.
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { app, authority, call, certificate, counted, cpuTicks, secret, serve, simulate, start, stop, temporary, under,
  wrk } from './lib.mjs';
import { redisPushes } from './peers.mjs';
import { arraysOf, inArrays, oneByOne, people, sendUrl, wire } from './queue.mjs';

const [program, floor, storeBench, count = '40000'] = process.argv.slice(2);
const total = Number(count);
const counting = under.length > 0;
const seconds = 4;
const connections = 64;

/** What a program prints; `input` goes to its standard input. */
function output(command, args, input = '') {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    let out = '';
    child.stdout.on('data', (bytes) => (out += bytes));
    child.on('exit', (code) => (code ? reject(new Error(`${command} ${args[0]} ended with ${code}`)) : resolve(out)));
    child.stdin.end(input);
  });
}

const part = async (name, args, input) => JSON.parse(await output(floor, [name, ...args.map(String)], input));

function serving(args) {
  const [command, ...all] = [...under, floor, ...args];
  return start(command, all, 'listening');
}

const number = (value, digits, width) => (value === undefined ? '' : value.toFixed(digits)).padStart(width);
const cost = ({ cpu_us: us, rate } = {}) => number(us, 1, 8) + number(rate, 0, 9);

function line(name, bare, own) {
  const ratio = own && (own.cpu_us !== undefined ? own.cpu_us / bare.cpu_us : own.rate / bare.rate);
  console.log(`${name.padEnd(46)}${cost(bare)}${cost(own)}${number(ratio, 2, 8)}`);
}

// --- parts

async function json(folder) {
  const users = Array.from({ length: 100 }, (_, i) => `o${String(i).padStart(27, '0')}`);
  const template = 'T'.repeat(43);
  const [array] = arraysOf(template, users);
  const one = { app, user: users[0], template, page: 'pages/order/show?id=1', data: { keyword1: '2026-11-22 12:00',
    keyword2: 'Two cups of tea, one without sugar', keyword3: 'No. 1' }, tag: 'bench' };
  for (const [name, body] of [['an array of 100', array], ['one body, larger', one]]) {
    const file = join(folder, 'body.json');
    writeFileSync(file, JSON.stringify(body));
    line(`read ${name} (jansson; base/json)`, await part('json', [file, 200000]),
      await part('own-json', [file, 200000]));
  }
}

// The row of batches of 100: admit, claim, settle.
async function store(folder) {
  const out = await output(storeBench, [`sqlite:${join(folder, 'own.db')}`, '0', '0', String(total)]);
  const row = out.split('\n').map((text) => text.trim().split(/\s+/).map(Number)).find(([batch]) => batch === 100);
  line('store, batches of 100 (SQLite)', await part('store', [join(folder, 'bare.db'), total]),
    { cpu_us: row[4], rate: row[8] });
}

// Real receipts, so each is accepted; every measurement needs its own.
async function send(tls, underWay) {
  const sim = await simulate(program, tls);
  const measured = [];
  for (const name of ['send', 'own-send']) {
    const { template, openids, forms } = await people(sim, total);
    const lines = openids.map((user, i) => `${user} ${forms[i]} ${template}\n`).join('');
    measured.push(await part(name, [await sendUrl(sim), underWay, ...(tls ? [tls.cert] : [])], lines));
  }
  await stop(sim.child);
  line(`send${tls ? ' over TLS' : ''}, ${underWay} under way (libcurl; httpc)`, ...measured);
}

async function http(arrays) {
  const measured = [];
  for (const name of ['http', 'own-http']) {
    const server = await serving([name]);
    const ticks = cpuTicks(server.pid);
    const { requests, us, errors } = await wrk(`${server.url}/v1/messages`,
      { connections, seconds, args: ['T'.repeat(43), ...(arrays ? ['array=100'] : [])] });
    if (errors) throw new Error(`${errors} requests failed`);
    const messages = requests * (arrays ? 100 : 1);
    measured.push({ cpu_us: ((cpuTicks(server.pid) - ticks) * 10000) / messages, rate: (messages * 1e6) / us });
    await stop(server.child);
  }
  line(`answer${arrays ? ' arrays' : ''} by another thread (libmicrohttpd)`, ...measured);
}

// --- the whole way

async function bareServer(folder, sim, tls) {
  return serving(['whole', join(folder, 'bench.db'), await sendUrl(sim), ...(tls ? [tls.cert] : [])]);
}

async function ownServer(folder, sim, tls) {
  const server = await serve(program, folder, ['--wechat-url', sim.url, ...authority(tls)], under);
  await call('POST', `${server.url}/v1/apps`, { id: app, secret, max_in_flight: 256 });
  return server;
}

async function whole(name, folder, tls, run, n, keywords) {
  const measured = [];
  for (const [who, open] of [['bare', bareServer], ['own', ownServer]]) {
    const sim = await simulate(program, tls);
    const inside = join(folder, `${name}-${who}`.replaceAll(/\W/g, '-'));
    mkdirSync(inside);
    const server = await open(inside, sim, tls);
    const result = await run(server, sim, await people(sim, n, { server, keywords }), inside);
    await stop(server.child);
    await stop(sim.child);
    measured.push(counting ? { ...result, cpu_us: counted(result.n) / 1000, rate: undefined } : result);
  }
  line(name, ...measured);
  return measured;
}

const single = (server, sim, world, folder) => oneByOne(server, sim, world, seconds, folder);

async function parts(folder, tls) {
  await json(folder);
  await http(true);
  await http(false);
  await store(folder);
  for (const from of [null, tls]) for (const underWay of [64, 256]) await send(from, underWay);
}

async function beside(folder, plain) {
  const sim = await simulate(program);
  const raw = await wire(sim, folder, seconds);
  await stop(sim.child);
  const pushes = await redisPushes(join(folder, 'redis'), { connections, seconds, bytes: 350 });
  console.log(`\nraw wrk to the simulator: ${raw.rate.toFixed(0)}/s; of that the libraries have ` +
    `${(plain[0].rate / raw.rate).toFixed(2)}, hongyan ${(plain[1].rate / raw.rate).toFixed(2)}`);
  console.log(`redis, appendfsync always: ${pushes.toFixed(0)}/s`);
}

await temporary('floor', async (folder) => {
  const tls = certificate(folder);
  const unit = counting ? '1000 in.' : 'us CPU';
  console.log(`${''.padEnd(46)}${'libraries'.padStart(17)}${'hongyan'.padStart(17)}${'ratio'.padStart(8)}`);
  console.log(''.padEnd(46) + `${unit.padStart(8)} a second`.repeat(2));
  if (!counting) await parts(folder, tls);
  const plain = await whole('whole way, arrays of 100', folder, null, inArrays, total);
  if (!counting) await whole('whole way over TLS, arrays of 100', folder, tls, inArrays, total); // it would time out
  const ones = await whole('whole way, one a request', folder, null, single, seconds * (counting ? 2500 : 25000), 3);
  if (counting) return;
  line('  of these: accepted', ...ones.map(({ acceptedRate: rate }) => ({ rate })));
  await beside(folder, plain);
});
