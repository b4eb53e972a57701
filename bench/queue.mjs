// queue.mjs - messages that are due at once, one receipt each, until the simulator has accepted all of them: in
// arrays, or one a request. For every server that takes the program's own two calls (bench/floor_whole.c does).
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { app, call, cpuTicks, instrument, secret, wrk } from './lib.mjs';

export const sendPath = '/cgi-bin/message/wxopen/template/send';

const deadlineMs = process.env.CALLGRIND ? 900000 : 300000;

/** n users with a form_id each, known to the server when it is named, and a template with so many keywords. */
export async function people(sim, n, { server, keywords = 1 } = {}) {
  const { template_id: template } = await sim.control('/sim/templates', { title: 'bench', type: 'legacy',
    keywords: Array.from({ length: keywords }, (_, i) => ({ key: `keyword${i + 1}`, label: 'n' })) });
  const { openids } = await sim.control('/sim/users', { count: n });
  const { form_ids: forms } = await sim.control('/sim/forms', { openids });
  for (let i = 0; server && i < n; i += 10000)
    await call('POST', `${server.url}/v1/grants`, openids.slice(i, i + 10000).map((user, k) =>
      ({ app, user, kind: 'form_id', credential: forms[i + k] })));
  return { template, openids, forms };
}

/** The messages that a queue is emptied of, in arrays of 100. */
export function arraysOf(template, openids) {
  const arrays = [];
  for (let i = 0; i < openids.length; i += 100)
    arrays.push(openids.slice(i, i + 100).map((user, k) =>
      ({ app, user, template, data: { keyword1: `${i + k}` } })));
  return arrays;
}

async function arrived(sim, n, begin, stepMs) {
  while ((await sim.stats()).accepted < n) {
    if (Date.now() - begin > deadlineMs) throw new Error(`not all arrived within ${deadlineMs} ms`);
    await pause(stepMs);
  }
}

// What `work` costs the server until what it returns has arrived: {n, ms, cpu_us, ...}; the rest is its own.
async function measure(server, sim, work) {
  instrument('on', server.pid);
  const ticks = cpuTicks(server.pid);
  const begin = Date.now();
  const result = await work(begin);
  await arrived(sim, result.n, begin, 10);
  const ms = Date.now() - begin;
  const cpu = ((cpuTicks(server.pid) - ticks) * 10000) / result.n;
  await pause(100); // for the last outcomes
  instrument('off', server.pid);
  return { ...result, ms, cpu_us: cpu, rate: (result.n / ms) * 1000 };
}

/** All of them in arrays of 100, four at a time: {acceptedMs} beside. */
export function inArrays(server, sim, { template, openids }) {
  const arrays = arraysOf(template, openids);
  return measure(server, sim, async (begin) => {
    await Promise.all([0, 1, 2, 3].map(async () => {
      while (arrays.length) await call('POST', `${server.url}/v1/messages`, arrays.pop());
    }));
    return { n: openids.length, acceptedMs: Date.now() - begin };
  });
}

/** One a request over 64 connections for so long: {acceptedRate, p99_us} beside. There must be users enough. */
export function oneByOne(server, sim, { template, openids }, seconds, folder) {
  const users = join(folder, 'users');
  writeFileSync(users, openids.join('\n') + '\n');
  return measure(server, sim, async () => {
    const { requests, us, errors, p99_us } = await wrk(`${server.url}/v1/messages`,
      { connections: 64, seconds, args: [template, users] });
    if (errors) throw new Error(`${errors} requests failed`);
    if (requests >= openids.length - 64) throw new Error('there were too few users');
    return { n: requests, acceptedRate: (requests * 1e6) / us, p99_us };
  });
}

/** Where messages are posted, with a token. */
export async function sendUrl(sim) {
  const { access_token: token } = await call('POST', `${sim.url}/cgi-bin/stable_token`,
    { grant_type: 'client_credential', appid: app, secret });
  return `${sim.url}${sendPath}?access_token=${token}`;
}

/** wrk posts the same bytes again and again to the simulator; nothing is decided or kept. */
export async function wire(sim, folder, seconds) {
  const { template, openids: [user], forms: [form] } = await people(sim, 1);
  const body = { touser: user, template_id: template, form_id: form, data: { keyword1: { value: user } } };
  const lua = join(folder, 'wire.lua');
  writeFileSync(lua, `wrk.method = "POST"\nwrk.body = '${JSON.stringify(body)}'\n` +
    'wrk.headers["content-type"] = "application/json"\n' +
    'function done(s) io.write(string.format(\'{"requests":%d,"us":%d}\\n\', s.requests, s.duration)) end\n');
  const { requests, us } = await wrk(await sendUrl(sim), { connections: 64, seconds, args: [], lua });
  return { n: requests, us, rate: (requests * 1e6) / us };
}
