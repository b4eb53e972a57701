// A server whose database says nothing any more, and does not hang up, is told to stop: it ends.
//
//   tests/postgres/with-postgres node silence_test.mjs HONGYAN
import { makeFolder, startSim } from '../crash/programs.mjs';
import { until } from '../crash/http.mjs';
import { done, note, ok } from '../crash/tap.mjs';
import { Cluster } from './nodes.mjs';

const [program] = process.argv.slice(2);
const drainS = 1;
const lastS = 10; // what the store has for its last writes
const connectS = 10; // the longest that it may be connecting when that is over
const slackS = 5;

/** With a request that waits for its commit, or with nothing to do but beats. */
async function stopInSilence(cluster, what, ask) {
  const [node] = cluster.nodes;
  const { server, link } = node;
  await cluster.ready();
  link.silent = true;
  const asked = ask?.(server).catch(() => null);
  if (ask) await until('the store has work', 10000, () => link.swallowed > 0);
  const from = Date.now();
  const end = await cluster.stop(node);
  const tookS = (Date.now() - from) / 1000;
  await asked;
  ok(end !== null && end.signal === null, `${what}: the program ended by itself`, JSON.stringify(end));
  ok(tookS < drainS + lastS + connectS + slackS, `${what}: in time`, `${tookS} s`);
  note(`${what}: ${tookS.toFixed(1)} s, ${JSON.stringify(end)}`);
  if (end === null) await cluster.kill(node);
  link.cut();
  link.silent = false;
}

async function main() {
  const folder = makeFolder();
  const sim = await startSim(program, folder, 1);
  const cluster = new Cluster({ program, folder, wechatUrl: sim.url, options: ['--drain-s', String(drainS)] });
  await cluster.open({ databaseUrl: process.env.HY_POSTGRES_URL, count: 1, location: null });
  await stopInSilence(cluster, 'a request is under way',
    (server) => server.client.ask('POST', '/v1/apps', { id: 'wx1', platform: 'wechat_mini', secret: 'x'.repeat(32) }));
  await cluster.start(cluster.nodes[0]);
  await stopInSilence(cluster, 'nothing is under way');
  await cluster.close();
  sim.client.close();
  sim.kill('SIGTERM');
  await sim.ended;
  done();
}

main().catch((error) => {
  ok(false, 'the test could be played to its end', error.stack);
  done();
  process.exit(1);
});
