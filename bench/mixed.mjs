// mixed.mjs - one message a request over 64 connections, each due at once, with a receipt: accepted, sent and
// settled beside each other.
//
//   node bench/mixed.mjs PROGRAM [SECONDS]      on a store in a temporary folder
import { app, call, instructions, secret, serve, simulate, temporary, under } from './lib.mjs';
import { oneByOne, people } from './queue.mjs';

const [program, length = '4'] = process.argv.slice(2);
const seconds = Number(length);
const total = seconds * 25000; // more than it can take in that time
let answered;

await temporary('mixed', async (folder) => {
  const sim = await simulate(program);
  const server = await serve(program, folder, ['--wechat-url', sim.url], under);
  await call('POST', `${server.url}/v1/apps`, { id: app, secret, max_in_flight: 64 });
  const world = await people(sim, total, { server, keywords: 3 });
  const { n, ms, rate, acceptedRate, p99_us: p99, cpu_us: us } = await oneByOne(server, sim, world, seconds, folder);
  answered = n;
  console.log(`messages  ${n}, one a request, one receipt each`);
  console.log(`accepted  ${acceptedRate.toFixed(0)}/s, p99 ${(p99 / 1000).toFixed(1)} ms`);
  console.log(`arrived   in ${ms} ms: ${Math.round(rate)}/s`);
  console.log(`CPU       ${us.toFixed(0)} us of the server a message, accept to recorded outcome`);
});
instructions(answered);
