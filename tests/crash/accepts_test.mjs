// Kills the server at random instants while people accept and messages go by it, and holds ledger,
// phones and what each source told against each other.
//
//   node accepts_test.mjs HONGYAN STORE_CHECK
//
// HY_SEED=N makes the same choices as another run; HY_KILLS=N kills N times instead of 40.
import { gatherAccepts, judgeAccepts } from './accepts_judge.mjs';
import { AcceptsLoad, windowS } from './accepts_load.mjs';
import { late, sleep, until } from './http.mjs';
import { killAgainAndAgain, listOf, recoveredOf, setFaults, stopMaxMs } from './lives.mjs';
import { checkStore, makeFolder, Server, startSim } from './programs.mjs';
import { PushLog } from './pushes.mjs';
import { Random, seedOfRun } from './random.mjs';
import { done, equal, none, note, ok } from './tap.mjs';

const [program, storeCheck] = process.argv.slice(2);
const app = 'wx00000000000000c3';
const secret = '0123456789abcdef0123456789abcdef';
const send = '/cgi-bin/message/subscribe/send';
const userCount = 220;
const liarCount = 20;
const settings = {
  callback_token: 'CrashTestToken',
  callback_aes_key: 'abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG',
  accept_window_s: windowS,
  suspect_retry_s: 1,
  unknown_settle_s: 1,
  client_rate_per_min: 1000000,
};
const dead = { deadEvery: 15, deadMs: 3500 }; // the platform gives up after three tries in 2 s
const drainMaxMs = 90000;
const farMs = 10000;

async function newTemplate(sim, type, title) {
  const keywords = [{ key: 'thing1', label: '物品' }];
  return (await sim.post('templates', { appid: app, title, type, keywords })).template_id;
}

async function prepareSim(sim) {
  await sim.post('apps', { appid: app, secret });
  const once = [];
  for (const title of ['取餐提醒', '预约成功通知']) once.push(await newTemplate(sim, 2, title));
  const always = await newTemplate(sim, 3, '就诊提醒');
  const { openids: users } = await sim.post('users', { appid: app, count: userCount });
  return { templates: { once, always }, users };
}

/** The server is killed while it fetches the templates, and then asked again. */
async function syncUnderKills(server, random, templates) {
  const sync = () => server.client.ask('POST', '/v1/templates/sync', { app });
  for (let i = 0; i < 4; i++) {
    const asked = sync().catch(() => null);
    await sleep(random.range(0, 25));
    await server.end('SIGKILL', stopMaxMs);
    await asked;
    await server.start();
  }
  await until('the templates are fetched', 20000, async () => (await sync()).status === 200);
  await server.end('SIGKILL', stopMaxMs);
  await server.start();
  const { items } = await server.client.must(200, 'GET', `/v1/templates?app=${app}`);
  const kinds = Object.fromEntries(items.map(({ template, kind }) => [template, kind]));
  const [first, second] = templates.once;
  const same = items.length === 3 && kinds[first] === 'once' && kinds[second] === 'once' &&
    kinds[templates.always] === 'always';
  ok(same, 'templates that were fetched are known after a kill', JSON.stringify(items));
}

async function prepareServer(server, random, templates) {
  await server.start();
  await server.client.must(201, 'POST', '/v1/apps', { id: app, secret, ...settings });
  await until('the first token', 20000, async () =>
    (await server.client.ask('GET', '/readyz')).status === 200);
  await syncUnderKills(server, random, templates);
}

/** From here on the platform pushes; it asks first whether it is the right server. */
async function preparePush(sim, server) {
  const push = {
    url: `http://127.0.0.1:${server.port}/callback/${app}`,
    token: settings.callback_token,
    aes_key: settings.callback_aes_key,
    mode: 'safe',
  };
  const { verified } = await sim.post('apps', { appid: app, push: { ...push, verify: true } });
  ok(verified, 'the platform knows the address of the callback');
  return push;
}

/** All have the standing permission, told by the backend and by the platform. */
async function giveAlways({ sim, server, templates, users }) {
  const choices = { [templates.always]: 'accept' };
  await sim.post('subscribe', { appid: app, openids: users, choices });
  const items = users.map((user) => ({ app, user, kind: 'always', template: templates.always }));
  await server.client.must(201, 'POST', '/v1/grants', items);
}

// --- how it ends

/** What met many refusals and then trouble may be due in minutes: nobody waits that long. */
async function cancelFar(server, messages) {
  const far = messages.filter((m) => Date.parse(m.due_at) > Date.now() + farMs);
  for (const { id } of far) await server.client.ask('POST', `/v1/messages/${id}/cancel`);
}

async function busy(load, pushes) {
  if (await pushes.read()) return true;
  const queued = await listOf(load.server, app, 'queued');
  await cancelFar(load.server, queued);
  if (queued.length || (await listOf(load.server, app, 'sending')).length) return true;
  for (const state of ['unknown', 'waiting'])
    if ((await listOf(load.server, app, state)).some((m) => m.due_at)) return true;
  return false;
}

/** Quiet twice, for the lists are of different moments. */
async function drain(load, pushes) {
  let quiet = 0;
  await until('nothing is on its way any more', drainMaxMs, async () => {
    quiet = (await busy(load, pushes)) ? 0 : quiet + 1;
    return quiet === 2;
  }, 300);
}

async function play(sim, folder, random, kills) {
  const before = await sim.get('stats');
  const { templates, users } = await prepareSim(sim);
  const options = ['--trusted-proxy', '127.0.0.1'];
  const server = new Server(program, { folder, name: app, wechatUrl: sim.url, options });
  await prepareServer(server, random, templates);
  const push = await preparePush(sim, server);
  const liars = users.slice(0, liarCount);
  const load = new AcceptsLoad({ sim, server, random, app, templates, users, liars, push });
  const pushes = new PushLog(sim, app);
  await giveAlways(load);
  await setFaults(sim, app, send);
  pushes.start();
  load.start();
  await sleep(100);
  await server.end('SIGKILL', stopMaxMs);
  await killAgainAndAgain(server, random, kills, storeCheck, dead);

  await server.start();
  await load.stop();
  const { faults } = await sim.client.must(200, 'GET', '/sim/faults');
  await sim.client.must(200, 'DELETE', '/sim/faults');
  await drain(load, pushes);
  await pushes.stop();
  const world = await gatherAccepts(load, pushes, before);
  const recovered = await recoveredOf(server.client, world.messages);
  const end = await server.end('SIGTERM', stopMaxMs);

  note(`load: ${JSON.stringify(load.counts)}, ${load.lostAnswers} answers lost, ` +
    `${recovered} messages caught while being sent`);
  equal(end?.code, 0, 'the last stop ended with 0');
  none(checkStore(storeCheck, server.location), 'the store is whole at the end');
  none(server.alarms(), 'no sanitizer and no assertion spoke');
  none(load.faults, 'every request was answered as it should be');
  judgeAccepts(world, { recovered, faults });
  ok(recovered >= kills / 4, 'the kills hit messages under way', `${recovered} messages`);
  ok(load.lostAnswers >= kills / 4, 'and requests under way', `${load.lostAnswers} answers`);
  server.client.close();
}

async function main() {
  const from = Date.now();
  const seed = seedOfRun();
  const random = new Random(seed);
  const folder = makeFolder();
  note(`HY_SEED=${seed}`);
  const sim = await startSim(program, folder, seed);
  await play(sim, folder, random, Number(process.env.HY_KILLS ?? 40));
  sim.client.close();
  const end = await Promise.race([sim.ended, (sim.kill('SIGTERM'), late(10000))]);
  equal(end?.code, 0, 'the simulator ended with 0');
  note(`${((Date.now() - from) / 1000).toFixed(1)} s`);
  done();
}

main().catch((error) => {
  ok(false, 'the test could be played to its end', error.stack);
  done();
  process.exit(1);
});
