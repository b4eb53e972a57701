// drain.mjs - how fast a queue empties: simulator and server beside each other, receipts for N users,
// N messages in arrays of 100, until the simulator has accepted all of them.
//
//   node bench/drain.mjs PROGRAM [N]      on a store in a temporary folder
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const [program, count = '40000'] = process.argv.slice(2);
const total = Number(count);
const key = 'a key that only this bench uses';
const app = 'wx0000000000000001';
const secret = '00000000000000000000000000000001';
const sendPath = '/cgi-bin/message/wxopen/template/send';
const deadlineMs = 120000;
const agent = new http.Agent({ keepAlive: true, maxSockets: 16 });
const started = [];

function start(args, line, env = {}) {
  const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'inherit'] });
  started.unshift(child);
  return new Promise((resolve, reject) => {
    let out = '';
    child.on('exit', () => reject(new Error(`${args[0]} ended`)));
    child.stdout.on('data', (bytes) => {
      const url = (out += bytes).match(new RegExp(`^${line}: (.*)$`, 'm'))?.[1];
      if (url) resolve({ url, pid: child.pid });
    });
  });
}

function call(method, url, body) {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${key}` };
    const request = http.request(url, { method, agent, headers }, (answer) => {
      let text = '';
      answer.on('data', (bytes) => (text += bytes));
      answer.on('end', () => {
        if (answer.statusCode >= 300) reject(new Error(`${url}: ${answer.statusCode} ${text.slice(0, 200)}`));
        else resolve(JSON.parse(text));
      });
    });
    request.on('error', reject);
    request.end(body && JSON.stringify(body));
  });
}

/** CPU seconds that the process has used, in 1/100. */
function cpuTicks(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

async function measure(folder) {
  const sim = await start(['sim', '--listen', '127.0.0.1:0'], 'simulator');
  const server = await start(['serve', '--listen', '127.0.0.1:0', '--log-level', 'warn',
    '--store', `sqlite:${join(folder, 'bench.db')}`, '--wechat-url', sim.url], 'listening',
  { HONGYAN_ADMIN_KEY: key });
  const control = (path, body) => call('POST', sim.url + path, { appid: app, ...body });

  await control('/sim/apps', { secret, legacy: 'alive', limits: { [sendPath]: 1e12 } });
  await call('POST', `${server.url}/v1/apps`, { id: app, secret, max_in_flight: 256 });
  const { template_id: template } = await control('/sim/templates',
    { title: 'bench', type: 'legacy', keywords: [{ key: 'keyword1', label: 'n' }] });
  const { openids } = await control('/sim/users', { count: total });
  const { form_ids: forms } = await control('/sim/forms', { openids });
  for (let i = 0; i < total; i += 10000)
    await call('POST', `${server.url}/v1/grants`, openids.slice(i, i + 10000).map((user, k) =>
      ({ app, user, kind: 'form_id', credential: forms[i + k] })));

  const arrays = [];
  for (let i = 0; i < total; i += 100)
    arrays.push(openids.slice(i, i + 100).map((user, k) =>
      ({ app, user, template, data: { keyword1: `${i + k}` } })));
  const ticks = cpuTicks(server.pid);
  const begin = Date.now();
  await Promise.all([0, 1, 2, 3].map(async () => {
    while (arrays.length) await call('POST', `${server.url}/v1/messages`, arrays.pop());
  }));
  const acceptedMs = Date.now() - begin;
  while ((await call('GET', `${sim.url}/sim/stats`)).accepted < total) {
    if (Date.now() - begin > deadlineMs) throw new Error(`not all arrived within ${deadlineMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const ms = Date.now() - begin;
  const us = ((cpuTicks(server.pid) - ticks) * 10000) / total;
  console.log(`messages  ${total}, in arrays of 100, one receipt each`);
  console.log(`accepted  in ${acceptedMs} ms`);
  console.log(`arrived   in ${ms} ms: ${Math.round((total / ms) * 1000)}/s`);
  console.log(`CPU       ${us.toFixed(0)} us of the server a message, accept to recorded outcome`);
}

const folder = mkdtempSync(join(process.env.TMPDIR ?? tmpdir(), 'hongyan-drain.'));
try {
  await measure(folder);
} finally {
  agent.destroy();
  for (const child of started) child.kill('SIGTERM');
  await Promise.all(started.map((child) =>
    child.exitCode !== null || new Promise((resolve) => child.once('exit', resolve))));
  rmSync(folder, { recursive: true });
}
