// lateness.mjs - how late messages with a send_at arrive: on an idle server, and beside a load of about half of
// what it can do.
//
//   node bench/lateness.mjs PROGRAM [N]      on a store in a temporary folder
import { setTimeout as pause } from 'node:timers/promises';
import { app, call, secret, serve, simulate, temporary } from './lib.mjs';

const [program, count = '300'] = process.argv.slice(2);
const timed = Number(count);
const seconds = 10;
const loadPerS = 5000;

/** Users with a form_id each, known to the server. */
async function people(sim, server, n) {
  const { openids } = await sim.control('/sim/users', { count: n });
  const { form_ids: forms } = await sim.control('/sim/forms', { openids });
  for (let i = 0; i < n; i += 10000)
    await call('POST', `${server.url}/v1/grants`, openids.slice(i, i + 10000).map((user, k) =>
      ({ app, user, kind: 'form_id', credential: forms[i + k] })));
  return openids;
}

// ms between send_at and the instant at which the message came to the phone, sorted.
async function measure(sim, server, template, users) {
  const due = new Map();
  const messages = users.map((user) => {
    const at = Date.now() + 1000 + Math.floor(Math.random() * (seconds - 2) * 1000);
    due.set(user, at);
    return { app, user, template, data: { keyword1: 'late?' }, send_at: new Date(at).toISOString() };
  });
  for (let i = 0; i < messages.length; i += 100)
    await call('POST', `${server.url}/v1/messages`, messages.slice(i, i + 100));
  await pause(seconds * 1000);
  const late = [];
  for (const [user, at] of due) {
    const { messages: [message] } = await call('GET', `${sim.url}/sim/phone?appid=${app}&openid=${user}`);
    if (!message) throw new Error('one has not arrived');
    late.push(Date.parse(message.at) - at);
  }
  return late.sort((a, b) => a - b);
}

async function load(server, template, users) {
  const arrays = [];
  for (let i = 0; i < users.length; i += 100)
    arrays.push(users.slice(i, i + 100).map((user) => ({ app, user, template, data: { keyword1: 'load' } })));
  const begin = Date.now();
  for (const [i, array] of arrays.entries()) {
    await pause(Math.max(0, begin + (i * 100 * 1000) / loadPerS - Date.now()));
    await call('POST', `${server.url}/v1/messages`, array);
  }
}

const show = (name, late) => console.log(`${name.padEnd(10)} median ${late[Math.floor(late.length / 2)]} ms, p99 ` +
  `${late[Math.floor(late.length * 0.99)]} ms, longest ${late.at(-1)} ms`);

await temporary('lateness', async (folder) => {
  const sim = await simulate(program);
  const server = await serve(program, folder, ['--wechat-url', sim.url]);
  await call('POST', `${server.url}/v1/apps`, { id: app, secret, max_in_flight: 64 });
  const { template_id: template } = await sim.control('/sim/templates',
    { title: 'bench', type: 'legacy', keywords: [{ key: 'keyword1', label: 'n' }] });
  const users = await people(sim, server, timed * 2 + loadPerS * seconds);
  show('idle', await measure(sim, server, template, users.slice(0, timed)));
  const beside = load(server, template, users.slice(timed * 2));
  show(`${loadPerS}/s`, await measure(sim, server, template, users.slice(timed, timed * 2)));
  await beside;
});
