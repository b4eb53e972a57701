// ways.mjs - a queue of due messages, one form_id each, until the simulator has accepted them all: hongyan, and
// beside it, on the same simulator in the same run, wrk that only posts, PHP from crontab with SQLite, and
// BullMQ with Redis and undici. Everything durable. With a platform that answers at once, and after 100 ms.
//
//   node bench/ways.mjs PROGRAM [N]      on a folder that is removed afterwards
import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { app, call, secret, serve, simulate, stop, temporary } from './lib.mjs';
import { redis } from './peers.mjs';
import { inArrays, people, sendPath as path, wire } from './queue.mjs';

const [program, count = '20000'] = process.argv.slice(2);
const total = Number(count);
const here = (file) => new URL(`peers/${file}`, import.meta.url).pathname;

async function world(n) {
  const sim = await simulate(program);
  return { sim, ...await people(sim, n) };
}

async function slow(sim, ms) {
  if (ms) await sim.control('/sim/faults', { path, latency_ms: ms, times: 1e9 });
}

async function hongyan(folder, n, latency) {
  const sim = await simulate(program);
  mkdirSync(folder);
  const server = await serve(program, folder, ['--wechat-url', sim.url]);
  await call('POST', `${server.url}/v1/apps`, { id: app, secret, max_in_flight: latency ? 1000 : 64 });
  const users = await people(sim, n, { server });
  await slow(sim, latency);
  const { ms, cpu_us: cpu } = await inArrays(server, sim, users);
  await stop(server.child);
  await stop(sim.child);
  return { us: ms * 1000, n, note: `${cpu.toFixed(0)} us CPU of the server a message` };
}

// A program of its own, with the users on its standard input, that prints microseconds.
function script(command, args, users) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    let out = '';
    child.stdout.on('data', (bytes) => (out += bytes));
    child.on('exit', (code) => (code ? reject(new Error(`${command} ended with ${code}`)) : resolve(Number(out))));
    child.stdin.end(users);
  });
}

async function scripted(n, latency, run) {
  const { sim, template, openids, forms } = await world(n);
  await slow(sim, latency);
  const us = await run(sim, template, openids.map((user, i) => `${user} ${forms[i]}`).join('\n') + '\n');
  const { accepted } = await sim.stats();
  await stop(sim.child);
  if (accepted < n) throw new Error(`only ${accepted} of ${n} arrived`);
  return { us, n };
}

const php = (folder, n, latency) => scripted(n, latency, (sim, template, users) => {
  mkdirSync(folder);
  return script('php', [here('cron.php'), join(folder, 'cron.db'), sim.url, app, secret, template], users);
});

const bullmq = (folder, n, latency) => scripted(n, latency, async (sim, template, users) => {
  const { port } = await redis(folder);
  return script('node', [here('queue.mjs'), port, sim.url, app, secret, template], users);
});

// What the wire and the simulator can do.
async function onlyPosts(folder, n, latency) {
  const sim = await simulate(program);
  await slow(sim, latency);
  const result = await wire(sim, join(folder, '..'), 4);
  await stop(sim.child);
  return { ...result, note: 'posts only' };
}

const ways = [['wrk', onlyPosts, 1], ['PHP, crontab', php, 10], ['BullMQ', bullmq, 2]];
const slowWays = [['PHP, crontab', php, 200], ['BullMQ', bullmq, 4]];

async function compare(folder, latency, rivals) {
  const rate = ({ us, n }) => (n * 1e6) / us;
  const own = await hongyan(join(folder, `hongyan-${latency}`), total, latency);
  console.log(`answers after ${latency} ms`);
  console.log(`hongyan       ${rate(own).toFixed(0).padStart(7)}/s   ${own.note}`);
  for (const [name, run, part] of rivals) {
    const theirs = await run(join(folder, `${name.slice(0, 3)}-${latency}`), Math.ceil(total / part), latency);
    console.log(`${name.padEnd(13)} ${rate(theirs).toFixed(0).padStart(7)}/s   ${theirs.note ? `${theirs.note}; ` : ''}` +
      `hongyan has ${(rate(own) / rate(theirs)).toFixed(2)} of it`);
  }
}

await temporary('ways', async (folder) => {
  await compare(folder, 0, ways);
  await compare(folder, 100, slowWays);
});
