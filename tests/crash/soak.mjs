// All kinds of work at a bounded rate for a long time, while the server's memory, descriptors, threads
// and files are watched: they have to become flat.
//
//   node soak.mjs HONGYAN STORE_CHECK [OLD_STORE]
//
// HY_MINUTES=N instead of 30; HY_RATE=N messages a second instead of 300. With the program OLD_STORE (ninja
// bench/old_store) the store begins with HY_OLD=N messages instead of 300,000 that are older than they are kept, and
// retention runs every minute. Prints a line every 10 s.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { Hooks } from './hooks.mjs';
import { late, until } from './http.mjs';
import { stopMaxMs } from './lives.mjs';
import { checkStore, makeFolder, Server, startSim } from './programs.mjs';
import { Random, seedOfRun } from './random.mjs';
import { bulkApp, kindsApp, Work } from './soak_work.mjs';
import { descriptors, Watch } from './soak_watch.mjs';
import { done, equal, none, note, ok } from './tap.mjs';

const [program, storeCheck, oldStore] = process.argv.slice(2);
const minutes = Number(process.env.HY_MINUTES ?? 30);
const rate = Number(process.env.HY_RATE ?? 300);
const old = Number(process.env.HY_OLD ?? 300000);
const secret = '0123456789abcdef0123456789abcdef';
const send = '/cgi-bin/message/subscribe/send';
const settings = { callback_token: 'SoakTestToken',
  callback_aes_key: 'abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG', unknown_settle_s: 5 };
const events = ['message.sent', 'message.delivered', 'message.failed', 'message.unknown',
  'message.expired', 'message.canceled', 'grant.added', 'callback.raw'];
/* Connections come and go with the load; once they had time to close, what is left over was lost. */
const descriptorsKept = 48;
const closedAfterMs = 150000;
const checkMaxMs = 600000;
const cleanedMaxMs = 600000;

async function makeApp(sim, server, app, count, more) {
  await sim.post('apps', { appid: app, secret, limits: { [send]: 1e12 } });
  const { template_id: template } = await sim.post('templates', { appid: app, title: '取餐提醒',
    type: 2, keywords: [{ key: 'thing1', label: '物品' }] });
  const { openids: users } = await sim.post('users', { appid: app, count });
  await server.client.must(201, 'POST', '/v1/apps', { id: app, secret, ...more });
  return { template, users };
}

/** Messages of a hundred days ago, and a clean-up every minute instead of every night. */
async function growOld(server) {
  await server.end('SIGTERM', stopMaxMs);
  const run = spawnSync(oldStore, [server.location, String(old)], { encoding: 'utf8' });
  if (run.status !== 0) throw new Error(`${oldStore}: ${run.stderr}`);
  await server.start();
  const { id } = await retention(server);
  await server.client.must(200, 'PATCH', `/v1/schedules/${id}`, { cron: '* * * * *' });
}

async function retention(server) {
  const { items } = await server.client.must(200, 'GET', '/v1/schedules');
  return items.find(({ name }) => name === 'retention');
}

/** What it said of each of its runs so far. */
function followRetention(server) {
  const said = new Map();
  setInterval(async () => {
    const { last_run: at, last_result: result } = await retention(server).catch(() => ({}));
    if (result && said.get(at) !== result) said.set(at, result);
  }, 5000).unref();
  return said;
}

async function judgeRetention(said) {
  const results = () => [...said.values()];
  await until('it deleted', cleanedMaxMs, () => results().some((one) => /^deleted .*messages/.test(one)), 1000)
    .catch(() => {});
  ok(results().some((one) => /^deleted .*messages/.test(one)), 'retention deleted the old messages', results());
  for (const [at, result] of said) note(`retention: ${at} ${result}`);
}

async function trouble(sim, server, hooks) {
  await sim.post('apps', { appid: kindsApp, push: { url: `http://127.0.0.1:${server.port}/callback/${kindsApp}`,
    token: settings.callback_token, aes_key: settings.callback_aes_key, mode: 'safe' } });
  await hooks.open();
  const [hook] = hooks.hooks;
  Object.assign(hook, await server.client.must(201, 'POST', '/v1/webhooks',
    { url: hooks.url(hook), events, app: kindsApp }));
  const fault = (what) => sim.post('faults', { path: send, appid: kindsApp, ...what });
  await fault({ latency_ms: 30, probability: 0.3 });
  await fault({ drop: 'after', probability: 0.002 });
  await fault({ errcode: -1, probability: 0.005 });
}

/** A message a minute by the clock. */
const scheduleOne = (server, { template, users }) => server.client.must(201, 'POST', '/v1/schedules',
  { app: kindsApp, name: 'every minute', cron: '* * * * *', timezone: 'Asia/Shanghai',
    message: { user: users[0], template, data: { thing1: '提醒' } } });

async function prepare(sim, server, hooks) {
  await server.start();
  const apps = { [kindsApp]: await makeApp(sim, server, kindsApp, 5000, settings) };
  if (oldStore) await growOld(server);
  apps[bulkApp] = await makeApp(sim, server, bulkApp, 50000, { max_in_flight: 64 });
  await until('the first token', 20000, async () =>
    (await server.client.ask('GET', '/readyz')).status === 200);
  await trouble(sim, server, hooks);
  await scheduleOne(server, apps[kindsApp]);
  return apps;
}

/** How many descriptors there are when idle connections had time to be closed. */
async function descriptorsLeft(pid, few) {
  await until('descriptors are closed', closedAfterMs, () => descriptors(pid) <= few, 1000).catch(() => {});
  return descriptors(pid);
}

/** Nothing is queued any more; meanwhile retention may still be at work. */
async function drain(work) {
  const from = Date.now();
  const left = await work.countQueued();
  await until('nothing is queued any more', 60000 + left * 2, async () => await work.countQueued() === 0, 500);
  note(`${left} were queued at the end, and gone after ${Math.round((Date.now() - from) / 1000)} s`);
}

async function main() {
  const seed = seedOfRun();
  const folder = makeFolder();
  note(`HY_SEED=${seed}`);
  const random = new Random(seed);
  const sim = await startSim(program, folder, seed);
  const server = new Server(program, { folder, name: 'soak', wechatUrl: sim.url,
    options: ['--allow-private-webhooks', '--log-level', 'warn'] });
  const hooks = new Hooks(random, ['/all']);
  const apps = await prepare(sim, server, hooks);
  const work = new Work({ sim, server, random, rate, apps });
  const { pid } = server.process.child;
  const idle = descriptors(pid);
  const watch = new Watch(pid, path.join(folder, 'soak.db'), () => ({
    messages: work.counts.messages + work.counts.broadcastUsers, queued: work.queued[kindsApp] + work.queued[bulkApp],
    told: hooks.hooks[0].told.splice(0).length })); // what this process keeps is not watched
  const cleaned = followRetention(server);
  const from = Date.now();
  await work.run(minutes);
  const seconds = (Date.now() - from) / 1000;
  watch.end();

  hooks.well = true;
  await drain(work);
  if (oldStore) await judgeRetention(cleaned);
  await hooks.close();
  server.client.close();
  const left = await descriptorsLeft(pid, idle + descriptorsKept);
  const end = await server.end('SIGTERM', stopMaxMs);
  note(`${minutes} minutes: ${JSON.stringify(work.counts)}, the receiver died ${hooks.deaths} times`);
  note(`rate: ${Math.round(work.counts.messages / seconds)} messages a second of ${rate} wanted`);
  equal(end?.code, 0, 'the last stop ended with 0');
  none(work.faults, 'every request was answered as it should be');
  none(hooks.hooks[0].faults, 'every outcome was signed');
  watch.judge();
  ok(left <= idle + descriptorsKept, 'no descriptor is lost', `${left}, before the work ${idle}`);
  note(`descriptors: ${idle} before the work, ${left} after it`);
  none(checkStore(storeCheck, server.location, checkMaxMs), 'the store is whole at the end');
  none(server.alarms(), 'no sanitizer and no assertion spoke');
  sim.client.close();
  equal((await Promise.race([sim.ended, (sim.kill('SIGTERM'), late(10000))]))?.code, 0,
    'the simulator ended with 0');
  done();
}

main().catch((error) => {
  ok(false, 'the soak could be played to its end', error.stack);
  done();
  process.exit(1);
});
