// drain.mjs - how fast a queue empties: simulator and server beside each other, receipts for N users,
// N messages in arrays of 100, until the simulator has accepted all of them.
//
//   node bench/drain.mjs PROGRAM [N] [LATENCY_MS] [MAX_IN_FLIGHT]      on a store in a temporary folder
//
// With a latency the simulator answers so much later. (Under callgrind, which is fifty times slower, a latency has to
// be longer too, or few requests are under way at once.)
//
// HY_TLS=1: the simulator is behind TLS. CALLGRIND=FILE counts the server's instructions instead, which other
// work beside doesn't change; 4000 messages take half a minute.
import { app, authority, call, certificate, instructions, secret, serve, simulate, temporary, under } from './lib.mjs';
import { inArrays, people } from './queue.mjs';

const [program, count = '40000', latency = '0', inFlight = '256'] = process.argv.slice(2);
const total = Number(count);

await temporary('drain', async (folder) => {
  const tls = process.env.HY_TLS ? certificate(folder) : null;
  const sim = await simulate(program, tls);
  const server = await serve(program, folder,
    ['--wechat-url', sim.url, '--request-timeout-ms', '60000', ...authority(tls)], under);
  await call('POST', `${server.url}/v1/apps`, { id: app, secret, max_in_flight: Number(inFlight) });
  const queue = await people(sim, total, { server });
  if (Number(latency))
    await sim.control('/sim/faults', { path: '/cgi-bin/message/wxopen/template/send', latency_ms: Number(latency), times: 1e9 });
  const { acceptedMs, ms, rate, cpu_us: us } = await inArrays(server, sim, queue);
  console.log(`messages  ${total}, in arrays of 100, one receipt each${tls ? ', over TLS' : ''}; ` +
    `answers after ${latency} ms, at most ${inFlight} under way`);
  console.log(`accepted  in ${acceptedMs} ms`);
  console.log(`arrived   in ${ms} ms: ${Math.round(rate)}/s`);
  console.log(`CPU       ${us.toFixed(0)} us of the server a message, accept to recorded outcome`);
});
instructions(total);
