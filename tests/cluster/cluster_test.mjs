// Several nodes on one PostgreSQL under load, while nodes die, freeze and lose their database, and the
// database crashes; then everything that they say is held against what the phones received.
//
//   tests/postgres/with-postgres node cluster_test.mjs HONGYAN STORE_CHECK
//   node cluster_test.mjs HONGYAN STORE_CHECK --store sqlite:        one node on a file of its own
//   tests/postgres/with-postgres node cluster_test.mjs HONGYAN STORE_CHECK --move
//                                   one node on a file, killed, moved (and that is killed), then several
//
// HY_NODES=3, HY_SECONDS=40 of accidents, HY_SEED=N for the same choices as another run.
import { BroadcastsLoad } from '../crash/broadcasts_load.mjs';
import { gatherBroadcasts, judgeBroadcasts } from '../crash/broadcasts_judge.mjs';
import { app, drain, endSchedules, makeSchedules, minuteOf, prepareHooks, preparePush, prepareServer, prepareSim,
  sendPaths } from '../crash/campaign.mjs';
import { Hooks } from '../crash/hooks.mjs';
import { late, sleep } from '../crash/http.mjs';
import { recoveredOf, setFaults } from '../crash/lives.mjs';
import { checkStore, makeFolder, startSim } from '../crash/programs.mjs';
import { PushLog } from '../crash/pushes.mjs';
import { Random, seedOfRun } from '../crash/random.mjs';
import { done, equal, none, note, ok } from '../crash/tap.mjs';
import { Accidents } from './accidents.mjs';
import { judgeAccidents, judgeOnce, judgeTokens, refreshEverywhere } from './cluster_judge.mjs';
import { Database } from './database.mjs';
import { move } from './move.mjs';
import { Cluster } from './nodes.mjs';

const [program, storeCheck, ...more] = process.argv.slice(2);
const databaseUrl = more[0] === '--store' ? null : process.env.HY_POSTGRES_URL;
const moves = more[0] === '--move';
const onFile = { databaseUrl: null, location: more[1] === 'sqlite:' ? null : more[1] };
const seconds = Number(process.env.HY_SECONDS ?? 40);
const nodeCount = Number(process.env.HY_NODES ?? 3);
const onDatabase = { databaseUrl, count: nodeCount, location: null };
const budgetMs = 700;

async function prepare(cluster, sim, hooks) {
  const { templates, users } = await prepareSim(sim, 240 + seconds);
  await cluster.open(databaseUrl && !moves ? onDatabase : onFile);
  // All are up already; it asks whether there is a token before it goes on: every node has to have it.
  const client = { must: (...request) => cluster.client.must(...request),
    ask: async () => (await cluster.ready(), { status: 200 }) };
  await prepareServer({ start: async () => {}, client });
  await cluster.knownToAll(`/v1/apps/${app}`);
  await preparePush(sim, cluster);
  await prepareHooks(cluster, hooks);
  return { templates, users };
}

/** Some work for each moment, however many there are. */
function feed(load) {
  const timer = setInterval(() => load.grantBudget(), budgetMs);
  return () => clearInterval(timer);
}

async function stopAll(cluster) {
  const ends = [];
  for (const node of cluster.nodes) ends.push(await cluster.stop(node));
  equal(ends.map((end) => end?.code), cluster.nodes.map(() => 0), 'the last stop of each node ended with 0');
  none(cluster.nodes.flatMap(({ server }) => server.alarms()), 'no sanitizer and no assertion spoke');
}

async function play(sim, folder, random) {
  const before = await sim.get('stats');
  const cluster = new Cluster({ program, folder, wechatUrl: sim.url, options: ['--allow-private-webhooks'] });
  const database = databaseUrl && new Database(databaseUrl, process.env.HY_POSTGRES_CTL, process.env.HY_POSTGRES_LOG);
  const hooks = new Hooks(random, ['/all', '/bad']);
  const { templates, users } = await prepare(cluster, sim, hooks);
  const load = new BroadcastsLoad({ sim, server: cluster, random, app, templates, users,
    quitters: users.slice(-8), hooks: hooks.hooks });
  load.expireS = 10;
  for (const template of templates.once) await load.acceptFor(users, template, 4);
  await load.depositFor(users, 2);
  const schedules = await makeSchedules(cluster, load);
  for (const path of sendPaths) await setFaults(sim, app, path);
  const pushes = new PushLog(sim, app);
  pushes.start();
  const fromMs = Date.now();
  const enough = minuteOf(Infinity, fromMs);
  let accidents = new Accidents({ cluster, database, random });
  const unfeed = feed(load);
  load.grantBudget();
  load.start();
  accidents.start();
  if (moves) {
    await sleep(seconds * 400);
    await accidents.stop();
    judgeAccidents(accidents, cluster);
    await move(cluster, onDatabase, random);
    accidents = new Accidents({ cluster, database, random });
    accidents.start();
  }
  while (Date.now() < fromMs + seconds * 1000) await sleep(200);

  await accidents.stop();
  const workedMs = Date.now() - fromMs;
  unfeed();
  await load.stop();
  while (!enough()) await sleep(200);
  await endSchedules(cluster, schedules);
  const { faults } = await sim.client.must(200, 'GET', '/sim/faults');
  await sim.client.must(200, 'DELETE', '/sim/faults');
  hooks.well = true;
  await drain(cluster, pushes);
  note(`${workedMs} ms of load and accidents, ${Date.now() - fromMs - workedMs} ms until all was still`);
  await pushes.stop();
  const world = await gatherBroadcasts(load, before);
  const recovered = await recoveredOf(cluster.client, world.messages);
  await refreshEverywhere(cluster, sim, app);
  await stopAll(cluster);
  await hooks.close();

  note(`load: ${JSON.stringify(load.counts)}, ${load.lostAnswers} answers lost, ` +
    `${recovered} messages caught while being sent`);
  none(checkStore(storeCheck, databaseUrl ?? cluster.nodes[0].server.location), 'the store is whole at the end');
  none(load.faults, 'every request was answered as it should be');
  judgeAccidents(accidents, cluster);
  judgeTokens(world);
  judgeOnce(world);
  judgeBroadcasts(world, { recovered, faults, schedules, hooks, pushes });
  ok(recovered > 0, 'deaths hit messages under way', `${recovered} messages`);
  if (database) none(database.deadlocks(), 'no two transactions waited for each other');
  await cluster.close();
}

async function main() {
  const from = Date.now();
  const seed = seedOfRun();
  const folder = makeFolder();
  note(`HY_SEED=${seed}, ${databaseUrl ? `${nodeCount} nodes` : 'one node'}, ${seconds} s of accidents`);
  const sim = await startSim(program, folder, seed);
  await play(sim, folder, new Random(seed));
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
