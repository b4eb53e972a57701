// rest.mjs - what messages cost that wait for their users' permission: N of them at rest, then one
// user accepts.
//
//   node bench/rest.mjs PROGRAM [N] [SECONDS]      on a store in a temporary folder
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { app, call, cpuTicks, key, secret, start, stopAll } from './lib.mjs';

const [program, count = '1000000', rest = '60'] = process.argv.slice(2);
const total = Number(count);
const seconds = Number(rest);
const accepts = 50;

const user = (i) => `o${String(i).padStart(27, '0')}`;
const bytes = (folder) => readdirSync(folder)
  .reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
const megabytes = (pid) =>
  Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;

// Hands over all messages; nobody has permitted one.
async function fill(server, template) {
  let next = 0;
  await Promise.all([0, 1, 2, 3].map(async () => {
    while (next < total) {
      const first = next;
      next += 100;
      await call('POST', `${server.url}/v1/messages`,
        Array.from({ length: Math.min(100, total - first) }, (_, k) =>
          ({ app, user: user(first + k), template, on_missing: 'wait', data: { thing1: `${k}` } })));
    }
  }));
}

// CPU in ms over `seconds` in which nothing happens.
async function idle(server) {
  const ticks = cpuTicks(server.pid);
  await pause(seconds * 1000);
  return (cpuTicks(server.pid) - ticks) * 10;
}

// From the backend's word to the platform's answer, ms: median and longest.
async function wake(server, sim, template) {
  const took = [];
  for (let i = 0; i < accepts; i++) {
    const who = user(Math.floor((total / accepts) * i));
    const begin = process.hrtime.bigint();
    const before = (await call('GET', `${sim.url}/sim/stats`)).sends;
    await call('POST', `${server.url}/v1/grants`, { app, user: who, kind: 'once', template });
    while ((await call('GET', `${sim.url}/sim/stats`)).sends === before) await pause(1);
    took.push(Number(process.hrtime.bigint() - begin) / 1e6);
  }
  took.sort((a, b) => a - b);
  return { median: took[accepts / 2], longest: took[accepts - 1] };
}

async function measure(folder) {
  const sim = await start(program, ['sim', '--listen', '127.0.0.1:0'], 'simulator');
  const server = await start(program, ['serve', '--listen', '127.0.0.1:0', '--log-level', 'warn',
    '--store', `sqlite:${join(folder, 'bench.db')}`, '--wechat-url', sim.url], 'listening',
  { HONGYAN_ADMIN_KEY: key });

  await call('POST', `${server.url}/v1/apps`, { id: app, secret });
  const { template_id: template } = await call('POST', `${sim.url}/sim/templates`,
    { appid: app, title: 'bench', type: 2, keywords: [{ key: 'thing1', label: 'n' }] });
  const before = await idle(server);
  const begin = Date.now();
  await fill(server, template);
  const filled = Date.now() - begin;
  const after = await idle(server);
  const { median, longest } = await wake(server, sim, template);
  console.log(`waiting   ${total} messages, handed over in ${filled} ms`);
  console.log(`memory    ${megabytes(server.pid).toFixed(0)} MB, store ` +
    `${(bytes(folder) / 2 ** 20).toFixed(0)} MB`);
  console.log(`CPU       ${after} ms in ${seconds} s at rest; without any message ${before} ms`);
  console.log(`an accept reaches WeChat after ${median.toFixed(1)} ms (median), ` +
    `${longest.toFixed(1)} ms (longest of ${accepts})`);
}

const folder = mkdtempSync(join(process.env.TMPDIR ?? tmpdir(), 'hongyan-rest.'));
try {
  await measure(folder);
} finally {
  await stopAll();
  rmSync(folder, { recursive: true });
}
