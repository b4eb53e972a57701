// Kills the server at random instants under load, and asks the simulated phones what arrived.
//
//   node crash_test.mjs HONGYAN STORE_CHECK
//
// HY_SEED=N makes the same choices as another run; HY_KILLS=N kills N times in the first part
// instead of 100, and in the others in proportion.
import { late, sleep, until } from './http.mjs';
import { gather, judge } from './judge.mjs';
import { killAgainAndAgain, listOf, recoveredOf, setFaults, stopMaxMs } from './lives.mjs';
import { Load } from './load.mjs';
import { checkStore, makeFolder, Server, startSim } from './programs.mjs';
import { Random, seedOfRun } from './random.mjs';
import { done, equal, none, note, ok } from './tap.mjs';

const [program, storeCheck] = process.argv.slice(2);
const send = '/cgi-bin/message/wxopen/template/send';
const drainMaxMs = 90000;

const parts = [
  { name: 'form_ids', app: 'wx00000000000000c1', kills: 100, users: 250, prepayShare: 0 },
  { name: 'with prepay_ids', app: 'wx00000000000000c2', kills: 30, users: 120, prepayShare: 0.4 },
];

async function prepareSim(sim, part) {
  const secret = '0123456789abcdef0123456789abcdef';
  await sim.post('apps', { appid: part.app, secret, legacy: 'alive' });
  const { template_id: template } = await sim.post('templates', {
    appid: part.app,
    title: '购买成功通知',
    type: 'legacy',
    keywords: [{ key: 'keyword1', label: '物品' }],
  });
  const { openids: users } = await sim.post('users', { appid: part.app, count: part.users });
  return { template, users, secret };
}

async function prepareServer(server, part, secret) {
  await server.start();
  await server.client.must(201, 'POST', '/v1/apps', { id: part.app, secret });
  await until('the first token', 20000, async () =>
    (await server.client.ask('GET', '/readyz')).status === 200);
}

// --- the rest of the queue

/** Everybody who still waits for a receipt gives one. */
async function giveToWaiting(load) {
  const waiting = await listOf(load.server, load.app, 'waiting');
  const needs = new Map();
  for (const { user } of waiting) needs.set(user, (needs.get(user) ?? 0) + 1);
  for (const [user, count] of needs) await load.depositFor([user], count);
  return waiting.length;
}

async function busy(load) {
  const unknown = await listOf(load.server, load.app, 'unknown');
  if (unknown.some((m) => m.due_at) || (await giveToWaiting(load))) return true;
  for (const state of ['queued', 'sending'])
    if ((await listOf(load.server, load.app, state)).length) return true;
  return false;
}

/** The lists are of different moments, and a message may move on between two of them: it has to be
 * quiet twice. */
async function drain(load) {
  let quiet = 0;
  await until('every message has ended', drainMaxMs, async () => {
    quiet = (await busy(load)) ? 0 : quiet + 1;
    return quiet === 2;
  }, 200);
}

// --- one part

async function play(part, sim, folder, random) {
  const from = Date.now();
  const before = await sim.get('stats');
  const { template, users, secret } = await prepareSim(sim, part);
  const name = part.app;
  const server = new Server(program, { folder, name, wechatUrl: sim.url });
  const load = new Load({ sim, server, random, app: part.app, template, users,
    prepayShare: part.prepayShare });

  note(`--- ${part.name}`);
  await prepareServer(server, part, secret);
  await setFaults(sim, part.app, send);
  load.start();
  await sleep(100);
  await server.end('SIGKILL', stopMaxMs);
  await killAgainAndAgain(server, random, part.kills, storeCheck);

  await server.start();
  await load.stop();
  await sim.client.must(200, 'DELETE', '/sim/faults');
  await drain(load);
  const world = await gather(load, before);
  const recovered = await recoveredOf(server.client, world.messages);
  const end = await server.end('SIGTERM', stopMaxMs);

  note(`load: ${JSON.stringify(load.counts)}, ${load.lostAnswers} answers lost, ` +
    `${recovered} messages caught while being sent`);
  equal(end?.code, 0, 'the last stop ended with 0');
  none(checkStore(storeCheck, server.location), 'the store is whole at the end');
  none(server.alarms(), 'no sanitizer and no assertion spoke');
  none(load.faults, 'every request was answered as it should be');
  judge(world, { recovered, prepay: part.prepayShare > 0 });
  ok(recovered >= part.kills / 4, 'the kills hit messages under way', `${recovered} messages`);
  ok(load.lostAnswers >= part.kills / 4, 'and requests under way', `${load.lostAnswers} answers`);
  server.client.close();
  note(`${((Date.now() - from) / 1000).toFixed(1)} s`);
}

async function main() {
  const seed = seedOfRun();
  const random = new Random(seed);
  const folder = makeFolder();
  note(`HY_SEED=${seed}`);
  const sim = await startSim(program, folder, seed);
  for (const part of parts) {
    const kills = Math.round((part.kills * Number(process.env.HY_KILLS ?? 100)) / 100);
    await play({ ...part, kills: Math.max(1, kills) }, sim, folder, random);
  }
  sim.client.close();
  const end = await Promise.race([sim.ended, (sim.kill('SIGTERM'), late(10000))]);
  equal(end?.code, 0, 'the simulator ended with 0');
  done();
}

main().catch((error) => {
  ok(false, 'the test could be played to its end', error.stack);
  done();
  process.exit(1);
});
