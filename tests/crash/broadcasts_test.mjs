// Kills the server at random instants while a backend sends broadcasts, schedules fire and webhooks
// are told, and holds all of it together.
//
//   node broadcasts_test.mjs HONGYAN STORE_CHECK
//
// HY_SEED=N makes the same choices as another run; HY_KILLS=N kills N times instead of 30.
import { BroadcastsLoad } from './broadcasts_load.mjs';
import { gatherBroadcasts, judgeBroadcasts } from './broadcasts_judge.mjs';
import { app, drain, endSchedules, makeSchedules, minuteOf, prepareHooks, preparePush, prepareServer,
  prepareSim, sendPaths } from './campaign.mjs';
import { Hooks } from './hooks.mjs';
import { late, sleep } from './http.mjs';
import { killAgainAndAgain, recoveredOf, setFaults, stopMaxMs } from './lives.mjs';
import { checkStore, makeFolder, Server, startSim } from './programs.mjs';
import { PushLog } from './pushes.mjs';
import { Random, seedOfRun } from './random.mjs';
import { done, equal, none, note, ok } from './tap.mjs';

const [program, storeCheck] = process.argv.slice(2);

// --- the run

async function play(sim, folder, random, kills) {
  const before = await sim.get('stats');
  const { templates, users } = await prepareSim(sim, 240 + kills);
  const options = ['--allow-private-webhooks'];
  const server = new Server(program, { folder, name: app, wechatUrl: sim.url, options });
  const hooks = new Hooks(random, ['/all', '/bad']);
  await prepareServer(server);
  await preparePush(sim, server);
  await prepareHooks(server, hooks);
  const load = new BroadcastsLoad({ sim, server, random, app, templates, users,
    quitters: users.slice(-8), hooks: hooks.hooks });
  for (const template of templates.once) await load.acceptFor(users, template, 4);
  await load.depositFor(users, 2);
  const schedules = await makeSchedules(server, load);
  for (const path of sendPaths) await setFaults(sim, app, path);
  const pushes = new PushLog(sim, app);
  pushes.start();
  const enough = minuteOf(kills, Date.now());
  load.grantBudget();
  load.start();
  await sleep(100);
  await server.end('SIGKILL', stopMaxMs);
  await killAgainAndAgain(server, random, kills, storeCheck,
    { each: () => load.grantBudget(), enough });

  await server.start();
  await load.stop();
  await endSchedules(server, schedules);
  const { faults } = await sim.client.must(200, 'GET', '/sim/faults');
  await sim.client.must(200, 'DELETE', '/sim/faults');
  hooks.well = true;
  await drain(server, pushes);
  await pushes.stop();
  const world = await gatherBroadcasts(load, before);
  const recovered = await recoveredOf(server.client, world.messages);
  const end = await server.end('SIGTERM', stopMaxMs);
  await hooks.close();

  note(`load: ${JSON.stringify(load.counts)}, ${load.lostAnswers} answers lost, ` +
    `${recovered} messages caught while being sent`);
  equal(end?.code, 0, 'the last stop ended with 0');
  none(checkStore(storeCheck, server.location), 'the store is whole at the end');
  none(server.alarms(), 'no sanitizer and no assertion spoke');
  none(load.faults, 'every request was answered as it should be');
  judgeBroadcasts(world, { recovered, faults, schedules, hooks, pushes });
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
  await play(sim, folder, random, Number(process.env.HY_KILLS ?? 30));
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
