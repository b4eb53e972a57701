// drain.mjs - how fast a queue empties: simulator and server beside each other, receipts for N users,
// N messages in arrays of 100, until the simulator has accepted all of them.
//
//   node bench/drain.mjs PROGRAM [N]      on a store in a temporary folder
//
// CALLGRIND=FILE counts the server's instructions instead, which other work beside doesn't change; 4000
// messages take half a minute.
import { setTimeout as pause } from 'node:timers/promises';
import { app, call, cpuTicks, instructions, instrument, secret, serve, simulate, temporary, under } from './lib.mjs';

const [program, count = '40000'] = process.argv.slice(2);
const total = Number(count);
const deadlineMs = 120000;

await temporary('drain', async (folder) => {
  const sim = await simulate(program);
  const server = await serve(program, folder, ['--wechat-url', sim.url], under);
  await call('POST', `${server.url}/v1/apps`, { id: app, secret, max_in_flight: 256 });
  const { template_id: template } = await sim.control('/sim/templates',
    { title: 'bench', type: 'legacy', keywords: [{ key: 'keyword1', label: 'n' }] });
  const { openids } = await sim.control('/sim/users', { count: total });
  const { form_ids: forms } = await sim.control('/sim/forms', { openids });
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
  while ((await sim.stats()).accepted < total) {
    if (Date.now() - begin > deadlineMs) throw new Error(`not all arrived within ${deadlineMs} ms`);
    await pause(10);
  }
  const ms = Date.now() - begin;
  const us = ((cpuTicks(server.pid) - ticks) * 10000) / total;
  await pause(100); // for the last outcomes
  instrument('off', server.pid);
  console.log(`messages  ${total}, in arrays of 100, one receipt each`);
  console.log(`accepted  in ${acceptedMs} ms`);
  console.log(`arrived   in ${ms} ms: ${Math.round((total / ms) * 1000)}/s`);
  console.log(`CPU       ${us.toFixed(0)} us of the server a message, accept to recorded outcome`);
});
instructions(total);
