// drain.mjs - how fast a queue empties: simulator and server beside each other, receipts for N users,
// N messages in arrays of 100, until the simulator has accepted all of them.
//
//   node bench/drain.mjs PROGRAM [N]      on a store in a temporary folder
//
// HY_TLS=1: the simulator is behind TLS. CALLGRIND=FILE counts the server's instructions instead, which other
// work beside doesn't change; 4000 messages take half a minute.
import { app, authority, call, certificate, instructions, secret, serve, simulate, temporary, under } from './lib.mjs';
import { inArrays, people } from './queue.mjs';

const [program, count = '40000'] = process.argv.slice(2);
const total = Number(count);

await temporary('drain', async (folder) => {
  const tls = process.env.HY_TLS ? certificate(folder) : null;
  const sim = await simulate(program, tls);
  const server = await serve(program, folder, ['--wechat-url', sim.url, ...authority(tls)], under);
  await call('POST', `${server.url}/v1/apps`, { id: app, secret, max_in_flight: 256 });
  const { acceptedMs, ms, rate, cpu_us: us } = await inArrays(server, sim, await people(sim, total, { server }));
  console.log(`messages  ${total}, in arrays of 100, one receipt each${tls ? ', over TLS' : ''}`);
  console.log(`accepted  in ${acceptedMs} ms`);
  console.log(`arrived   in ${ms} ms: ${Math.round(rate)}/s`);
  console.log(`CPU       ${us.toFixed(0)} us of the server a message, accept to recorded outcome`);
});
instructions(total);
