// drain.mjs - how fast a queue empties: simulator and server beside each other, receipts for N users,
// N messages in arrays of 100, until the simulator has accepted all of them.
//
//   node bench/drain.mjs PROGRAM [N]      on a store in a temporary folder
//
// CALLGRIND=FILE counts the server's instructions instead, which other work beside doesn't change; 4000
// messages take half a minute.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { app, call, cpuTicks, key, secret, start, stopAll } from './lib.mjs';

const [program, count = '40000'] = process.argv.slice(2);
const total = Number(count);
const sendPath = '/cgi-bin/message/wxopen/template/send';
const deadlineMs = 120000;
const profile = process.env.CALLGRIND;
const under = profile ? ['valgrind', '-q', '--tool=callgrind', '--instr-atstart=no',
  `--callgrind-out-file=${profile}`] : [];

function instrument(state, pid) {
  if (profile) execFileSync('callgrind_control', ['-i', state, String(pid)], { stdio: 'ignore' });
}

async function measure(folder) {
  const sim = await start(program, ['sim', '--listen', '127.0.0.1:0'], 'simulator');
  const [command, ...args] = [...under, program, 'serve', '--listen', '127.0.0.1:0', '--log-level', 'warn',
    '--store', `sqlite:${join(folder, 'bench.db')}`, '--wechat-url', sim.url];
  const server = await start(command, args, 'listening', { HONGYAN_ADMIN_KEY: key });
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
  instrument('on', server.pid);
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
  await new Promise((resolve) => setTimeout(resolve, 100)); // for the last outcomes
  instrument('off', server.pid);
  console.log(`messages  ${total}, in arrays of 100, one receipt each`);
  console.log(`accepted  in ${acceptedMs} ms`);
  console.log(`arrived   in ${ms} ms: ${Math.round((total / ms) * 1000)}/s`);
  console.log(`CPU       ${us.toFixed(0)} us of the server a message, accept to recorded outcome`);
}

const folder = mkdtempSync(join(process.env.TMPDIR ?? tmpdir(), 'hongyan-drain.'));
try {
  await measure(folder);
} finally {
  await stopAll();
  rmSync(folder, { recursive: true });
}
if (profile) {
  const instructions = Number(readFileSync(profile, 'utf8').match(/^totals: (\d+)$/m)[1]);
  console.log(`counted   ${Math.round(instructions / total)} instructions a message`);
}
