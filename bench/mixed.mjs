// mixed.mjs - one message a request over 64 connections, each due at once, with a receipt: accepted, sent and
// settled beside each other.
//
//   node bench/mixed.mjs PROGRAM [SECONDS]      on a store in a temporary folder
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { app, call, cpuTicks, instrument, instructions, secret, serve, simulate, temporary, under, wrk } from './lib.mjs';

const [program, length = '4'] = process.argv.slice(2);
const seconds = Number(length);
const total = seconds * 25000; // more than it can take in that time
let answered;

await temporary('mixed', async (folder) => {
  const sim = await simulate(program);
  const server = await serve(program, folder, ['--wechat-url', sim.url], under);
  await call('POST', `${server.url}/v1/apps`, { id: app, secret, max_in_flight: 64 });
  const { template_id: template } = await sim.control('/sim/templates', { title: 'bench', type: 'legacy',
    keywords: [1, 2, 3].map((n) => ({ key: `keyword${n}`, label: 'n' })) });
  const { openids } = await sim.control('/sim/users', { count: total });
  const { form_ids: forms } = await sim.control('/sim/forms', { openids });
  for (let i = 0; i < total; i += 10000)
    await call('POST', `${server.url}/v1/grants`, openids.slice(i, i + 10000).map((user, k) =>
      ({ app, user, kind: 'form_id', credential: forms[i + k] })));
  const users = join(folder, 'users');
  writeFileSync(users, openids.join('\n') + '\n');

  instrument('on', server.pid);
  const ticks = cpuTicks(server.pid);
  const begin = Date.now();
  const { requests, us, errors, p99_us: p99 } = await wrk(`${server.url}/v1/messages`,
    { connections: 64, seconds, args: [template, users] });
  if (errors) throw new Error(`${errors} requests failed`);
  if (requests >= total - 64) throw new Error('there were too few users');
  answered = requests;
  while ((await sim.stats()).accepted < requests) {
    if (Date.now() - begin > 300000) throw new Error('not all arrived');
    await pause(10);
  }
  const ms = Date.now() - begin;
  const cpu = ((cpuTicks(server.pid) - ticks) * 10000) / requests;
  await pause(100); // for the last outcomes
  instrument('off', server.pid);
  console.log(`messages  ${requests}, one a request, one receipt each`);
  console.log(`accepted  ${((requests * 1e6) / us).toFixed(0)}/s, p99 ${(p99 / 1000).toFixed(1)} ms`);
  console.log(`arrived   in ${ms} ms: ${Math.round((requests / ms) * 1000)}/s`);
  console.log(`CPU       ${cpu.toFixed(0)} us of the server a message, accept to recorded outcome`);
});
instructions(answered);
