// ways.mjs - a queue of due messages, one form_id each, until the simulator has accepted them all: hongyan, and
// beside it, on the same simulator in the same run, wrk that only posts, PHP from crontab with SQLite, and
// BullMQ with Redis and undici. Everything durable. With a platform that answers at once, and after 100 ms.
//
//   node bench/ways.mjs PROGRAM [N]      on a folder that is removed afterwards
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { app, call, cpuTicks, secret, serve, simulate, stop, temporary, wrk } from './lib.mjs';
import { redis } from './peers.mjs';

const [program, count = '20000'] = process.argv.slice(2);
const total = Number(count);
const path = '/cgi-bin/message/wxopen/template/send';
const here = (file) => new URL(`peers/${file}`, import.meta.url).pathname;

/** Users with a form_id each, and a template. */
async function world(n) {
  const sim = await simulate(program);
  const { template_id: template } = await sim.control('/sim/templates',
    { title: 'bench', type: 'legacy', keywords: [{ key: 'keyword1', label: 'n' }] });
  const { openids } = await sim.control('/sim/users', { count: n });
  const { form_ids: forms } = await sim.control('/sim/forms', { openids });
  return { sim, template, openids, forms };
}

async function arrived(sim, n) {
  const end = Date.now() + 180000;
  while ((await sim.stats()).accepted < n) {
    if (Date.now() > end) throw new Error('not all arrived');
    await pause(5);
  }
}

async function slow(sim, ms) {
  if (ms) await sim.control('/sim/faults', { path, latency_ms: ms, times: 1e9 });
}

async function hongyan(folder, n, latency) {
  const { sim, template, openids, forms } = await world(n);
  mkdirSync(folder);
  const server = await serve(program, folder, ['--wechat-url', sim.url]);
  await call('POST', `${server.url}/v1/apps`, { id: app, secret, max_in_flight: latency ? 1000 : 64 });
  for (let i = 0; i < n; i += 10000)
    await call('POST', `${server.url}/v1/grants`, openids.slice(i, i + 10000).map((user, k) =>
      ({ app, user, kind: 'form_id', credential: forms[i + k] })));
  await slow(sim, latency);
  const arrays = [];
  for (let i = 0; i < n; i += 100)
    arrays.push(openids.slice(i, i + 100).map((user) => ({ app, user, template, data: { keyword1: user } })));
  const ticks = cpuTicks(server.pid);
  const begin = Date.now();
  await Promise.all([0, 1, 2, 3].map(async () => {
    while (arrays.length) await call('POST', `${server.url}/v1/messages`, arrays.pop());
  }));
  await arrived(sim, n);
  const us = (Date.now() - begin) * 1000;
  const cpu = ((cpuTicks(server.pid) - ticks) * 10000) / n;
  await stop(server.child);
  await stop(sim.child);
  return { us, n, note: `${cpu.toFixed(0)} us CPU of the server a message` };
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

// Posts the same bytes again and again: what the wire and the simulator can do. Nothing is decided or kept.
async function wire(folder, n, latency) {
  const { sim, template, openids, forms } = await world(1);
  await slow(sim, latency);
  const { access_token: token } = await call('POST', `${sim.url}/cgi-bin/stable_token`,
    { grant_type: 'client_credential', appid: app, secret });
  const lua = join(folder, '..', 'wire.lua');
  writeFileSync(lua, `wrk.method = "POST"\nwrk.body = '${JSON.stringify({ touser: openids[0], template_id: template,
    form_id: forms[0], data: { keyword1: { value: openids[0] } } })}'\n` + `wrk.headers["content-type"] = "application/json"\n` +
    'function done(s) io.write(string.format(\'{"requests":%d,"us":%d}\\n\', s.requests, s.duration)) end\n');
  const { requests, us } = await wrk(`${sim.url}${path}?access_token=${token}`,
    { connections: 64, seconds: 4, args: [], lua });
  await stop(sim.child);
  return { us, n: requests, note: 'posts only' };
}

const ways = [['wrk', wire, 1], ['PHP, crontab', php, 10], ['BullMQ', bullmq, 2]];
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
