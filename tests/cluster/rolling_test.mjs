// Nodes of one program are replaced by those of the next one, whose schema has other columns, on one PostgreSQL
// under load: forward, back, and forward for good; with nodes that die in the middle of each step.
//
//   tests/postgres/with-postgres node rolling_test.mjs HONGYAN HONGYAN_NEXT STORE_CHECK_NEXT
//
// HY_SECONDS=N: both programs beside each other for so long, under accidents. HY_SEED=N as in cluster_test.mjs.
import { BroadcastsLoad } from '../crash/broadcasts_load.mjs';
import { gatherBroadcasts, judgeBroadcasts } from '../crash/broadcasts_judge.mjs';
import { app, drain, prepareHooks, preparePush, prepareServer, prepareSim, sendPaths } from '../crash/campaign.mjs';
import { Hooks } from '../crash/hooks.mjs';
import { late, sleep, until } from '../crash/http.mjs';
import { recoveredOf, setFaults } from '../crash/lives.mjs';
import { checkStore, makeFolder, startSim } from '../crash/programs.mjs';
import { PushLog } from '../crash/pushes.mjs';
import { Random, seedOfRun } from '../crash/random.mjs';
import { done, equal, none, note, ok } from '../crash/tap.mjs';
import { judgeOnce, refreshEverywhere } from './cluster_judge.mjs';
import { Cluster, leaseS } from './nodes.mjs';
import { Probe, app as probeApp } from './probe.mjs';
import { Sql } from './sql.mjs';

const [program, nextProgram, storeCheck] = process.argv.slice(2);
const databaseUrl = process.env.HY_POSTGRES_URL;
const seconds = Number(process.env.HY_SECONDS ?? 0);
const released = 1; // the newest step of src/store/postgres/schema
const [expands, fillsGrants, fillsMessages, contracts] = [9001, 9002, 9003, 9004];
const grants = 6000;
const stepMaxMs = 60000;
const stillMaxMs = 5000; // shorter than a lease, and than who waits for a lock gives up

class Upgrade {
  constructor({ cluster, probe, random }) {
    Object.assign(this, { cluster, probe, random });
    this.sql = new Sql(databaseUrl);
    this.holder = new Sql(databaseUrl); // is in the way
  }

  close() {
    this.sql.close();
    this.holder.close();
  }

  phase(name, ddl = false) {
    this.probe.phase(name);
    this.probe.phases.at(-1).ddl = ddl;
  }

  // --- looking

  steps() {
    return this.sql.ask('SELECT number FROM schema_step ORDER BY 1').then((lines) => lines.map(Number));
  }

  async columns() {
    return this.sql.ask(`SELECT attname FROM pg_attribute WHERE NOT attisdropped AND (attrelid, attname) IN (
      ('"grant"'::regclass, 'uses_reserved'), ('"grant"'::regclass, 'reserved'),
      ('message'::regclass, 'attempt_count'), ('message'::regclass, 'tries')) ORDER BY 1`);
  }

  /** The session that waits in the middle of such a statement: its name, or undefined. */
  waiting(words) {
    return this.sql.one(`SELECT application_name FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND
      state = 'active' AND pid <> pg_backend_pid() AND query LIKE '%${words}%'`);
  }

  async versions() {
    const { items, schema } = await this.cluster.client.must(200, 'GET', '/v1/nodes');
    return { schema, nodes: items.map(({ version, schema: knows }) => `${version} ${knows}`).sort() };
  }

  /** Once the leases of those that were killed are over. */
  async nodesAre(wanted, what) {
    const end = Date.now() + 2000 * leaseS;
    let found;
    do {
      found = (await this.versions()).nodes;
      if (JSON.stringify(found) === JSON.stringify(wanted)) break;
      await sleep(100);
    } while (Date.now() < end);
    equal(found, wanted, what);
  }

  // --- nodes

  async add(name) {
    const node = await this.cluster.make(name, { databaseUrl });
    node.server.program = nextProgram;
    this.cluster.nodes.push(node);
    this.probe.add(node);
    return node;
  }

  async replace(node, end, what) {
    const { code, signal } = await end.call(this.cluster, node);
    ok(what === 'SIGTERM' ? code === 0 : signal === 'SIGKILL', `${node.name} ended by ${what}`, `${code} ${signal}`);
    node.server.program = nextProgram;
    await this.cluster.start(node);
  }

  /** A transaction that has read a table and stays open. */
  async hold(sql) {
    await this.holder.ask(`BEGIN; ${sql}`);
  }

  async release() {
    await this.holder.ask('ROLLBACK');
  }

  // --- the acts, in order

  /** A reader is in its way: it tries again and again, until it is killed. Nothing of it stays. */
  async dieInExpand() {
    this.phase('expanding, a reader in the way', true);
    await this.hold('SELECT FROM "grant" LIMIT 1');
    const [first] = this.news;
    await first.server.launch();
    await until('the expanding step waits for a lock', stepMaxMs, () => this.waiting('ADD COLUMN reserved'), 10);
    await this.cluster.kill(first);
    await until('its session has ended', stepMaxMs, async () => !(await this.waiting('ADD COLUMN reserved')), 10);
    equal([await this.steps(), await this.columns()], [[released], ['attempt_count', 'uses_reserved']],
      'of an expanding step whose node was killed nothing is left');
  }

  /** Two at once; both are killed while one of them fills what somebody else has locked. */
  async dieInBackfill() {
    for (const { server } of this.news) await server.launch();
    await until('it waits again', stepMaxMs, () => this.waiting('ADD COLUMN reserved'), 10);
    // From here on nobody fills: whoever expands lets this one in next.
    const gate = new Sql(databaseUrl);
    const open = gate.ask('SELECT pg_advisory_lock(1213817198, 1)');
    await this.release();
    await open;
    await until('it is expanded', stepMaxMs, async () => {
      if ((await this.steps()).includes(expands)) return true;
      await gate.ask('SELECT pg_advisory_unlock(1213817198, 1); SELECT pg_sleep(0.01); SELECT pg_advisory_lock(1213817198, 1)');
    }, 1);
    this.phase('filling, two nodes at once', true);
    await this.hold(`SELECT FROM "grant" WHERE id = (SELECT "grant".id FROM "grant" JOIN app ON app_no = no
      WHERE app.id = '${probeApp}' ORDER BY 1 OFFSET ${grants - 500} LIMIT 1) FOR UPDATE`);
    gate.close();
    await until('the filling step waits for a row', stepMaxMs, () => this.waiting('SET reserved = g.uses_reserved'), 10);
    for (const node of this.news) await this.cluster.kill(node);
    const place = Number(await this.sql.one(`SELECT place FROM schema_place WHERE number = ${fillsGrants}`));
    ok(place > 0 && !(await this.steps()).includes(fillsGrants), 'both nodes were killed in the middle of filling', `${place}`);
    const filled = Number(await this.sql.one('SELECT count(*) FROM "grant" WHERE reserved IS NOT NULL'));
    ok(filled > 0, 'what was filled stays', `${filled}`);
    await this.release();
    await Promise.all(this.news.map((node) => this.cluster.start(node)));
    equal(await this.steps(), [released, expands, fillsGrants, fillsMessages], 'started again, both at once, they have filled all');
    equal(await this.sql.one(`SELECT (SELECT count(*) FROM "grant" WHERE reserved IS DISTINCT FROM uses_reserved) +
      (SELECT count(*) FROM message WHERE tries IS DISTINCT FROM attempt_count)`), '0', 'both columns say the same everywhere');
  }

  async bothWork() {
    this.phase('both programs');
    await this.cluster.ready();
    equal(await this.versions(), { schema: fillsMessages, nodes: [`0.1.0 ${released}`, `0.1.0 ${released}`,
      `0.1.0 ${released}`, `9.0.0 ${contracts}`, `9.0.0 ${contracts}`] }, 'GET /v1/nodes tells programs and schemas apart');
    const end = Date.now() + seconds * 1000;
    await sleep(1500);
    while (Date.now() < end) {
      await this.accident(this.random.pick(this.cluster.nodes.slice(1)));
      await sleep(this.random.range(100, 2000));
    }
    equal(await this.columns(), ['attempt_count', 'reserved', 'tries', 'uses_reserved'], 'older nodes live: nothing is taken away');
  }

  /** Never to the first node, so that one of the older program always lives. */
  async accident(node) {
    const acts = [async () => (await this.cluster.kill(node), this.cluster.start(node)),
      async () => (await this.cluster.stop(node), this.cluster.start(node)),
      () => this.cluster.freeze(node, this.random.range(20, leaseS * 1500)),
      async () => node.link.cut()];
    await this.random.pick(acts)();
  }

  /** Back: the newer ones stop, older ones start as before. */
  async rollBack() {
    this.phase('back');
    for (const node of this.news) {
      const end = await this.cluster.stop(node);
      equal(end?.code, 0, `${node.name} is stopped`);
    }
    const second = this.cluster.nodes[1];
    await this.cluster.kill(second);
    await this.cluster.start(second);
    await this.nodesAre([1, 2, 3].map(() => `0.1.0 ${released}`), 'the older program goes on alone, and starts');
    await sleep(1000);
    equal(await this.sql.one(`SELECT (SELECT count(*) FROM "grant" WHERE reserved IS DISTINCT FROM uses_reserved) +
      (SELECT count(*) FROM message WHERE tries IS DISTINCT FROM attempt_count)`), '0', 'what it writes is in both columns');
  }

  /** The last older one is frozen: when its lease is over it does not count any more. */
  async forward() {
    const [first, second, last] = this.cluster.nodes;
    this.phase('replacing');
    await this.replace(first, this.cluster.stop, 'SIGTERM');
    await this.replace(second, this.cluster.kill, 'kill -9');
    last.state = 'frozen';
    last.server.process.kill('SIGSTOP');
    this.phase('one is frozen, with whatever it has locked');
    await this.hold('SELECT FROM "grant" LIMIT 1');
    await until('its lease is over', stepMaxMs, async () => '0' === await this.sql.one(`SELECT count(*) FROM node
      WHERE schema = ${released} AND lease_until_ms > extract(epoch FROM clock_timestamp()) * 1000`));
    this.phase('contracting, a reader in the way', true);
    const session = await until('the contracting step waits for a lock', stepMaxMs,
      () => this.waiting('DROP TRIGGER grant_both'), 10);
    const { items } = await this.cluster.client.must(200, 'GET', '/v1/nodes');
    const name = items.find(({ id }) => session === `hongyan node ${id.slice(1)}`)?.name;
    const victim = [first, second].find((node) => node.name === name);
    ok(victim, 'a node that serves contracts', `${session}: ${JSON.stringify(items)}`);
    await this.cluster.kill(victim ?? first);
    ok(!(await this.steps()).includes(contracts), 'and is killed in the middle of it');
    await this.release();
    await this.cluster.start(victim ?? first);
    await until('it is contracted', stepMaxMs, async () => (await this.steps()).includes(contracts));
    equal(await this.columns(), ['reserved', 'tries'], 'the older columns are gone');
  }

  /** It wakes up to a database that it cannot use, and so does whoever starts the older program. */
  async lateOnes() {
    this.phase('late ones');
    const { server } = this.cluster.nodes[2];
    const wasThere = server.log().length;
    server.process.kill('SIGCONT');
    const end = await Promise.race([server.process.ended, late(30000)]);
    equal(end?.code, 1, 'a frozen node of the older program wakes up, and ends');
    ok(/node\.too_old/.test(server.log().slice(wasThere)), 'and says why', server.lastWords());
    await server.launch();
    equal((await Promise.race([server.process.ended, late(30000)]))?.code, 1, 'the older program does not start any more');
    ok(server.lastWords().includes(`can be used from schema ${contracts} on, this program knows up to ${released}`),
      'and says why', server.lastWords());
    server.program = nextProgram;
    await this.cluster.start(this.cluster.nodes[2]);
    await this.cluster.ready();
    equal((await this.versions()).nodes.filter((text) => !text.startsWith('9.0.0')), [], 'nothing of the older program is left');
    await this.nodesAre([1, 2, 3].map(() => `9.0.0 ${contracts}`), 'all nodes are of the newer program');
  }

  async play() {
    this.news = [await this.add('new1'), await this.add('new2')];
    this.phase('before');
    await sleep(2000);
    await this.dieInExpand();
    await this.dieInBackfill();
    await this.bothWork();
    await this.rollBack();
    this.cluster.nodes = this.cluster.nodes.filter((node) => !this.news.includes(node));
    await this.forward();
    await this.lateOnes();
    await sleep(500);
  }
}

async function prepare(cluster, sim, hooks) {
  const { templates, users } = await prepareSim(sim, 240 + seconds);
  await cluster.open({ databaseUrl, count: 3 });
  const client = { must: (...request) => cluster.client.must(...request),
    ask: async () => (await cluster.ready(), { status: 200 }) };
  await prepareServer({ start: async () => {}, client });
  await cluster.knownToAll(`/v1/apps/${app}`);
  await preparePush(sim, cluster);
  await prepareHooks(cluster, hooks);
  return { templates, users };
}

async function stopAll(cluster) {
  const ends = [];
  for (const node of cluster.nodes) ends.push(await cluster.stop(node));
  equal(ends.map((end) => end?.code), cluster.nodes.map(() => 0), 'the last stop of each node ended with 0');
}

/** Nothing is lost of what is for tomorrow. */
async function judgeProbe(probe, cluster) {
  const kept = new Set();
  for (let after = ''; after !== undefined; ) {
    const path = `/v1/messages?app=${probeApp}&limit=1000${after && `&after=${after}`}`;
    const { items, next } = await cluster.client.must(200, 'GET', path);
    for (const { id, state } of items) if (state === 'queued') kept.add(id);
    after = next ?? undefined;
  }
  none(probe.accepted.filter((id) => !kept.has(id)), `each of ${probe.accepted.length} messages for tomorrow is there`);
  probe.judge(stillMaxMs);
}

async function play(sim, folder, random) {
  const before = await sim.get('stats');
  const cluster = new Cluster({ program, folder, wechatUrl: sim.url, options: ['--allow-private-webhooks'] });
  const hooks = new Hooks(random, ['/all', '/bad']);
  const { templates, users } = await prepare(cluster, sim, hooks);
  const probe = new Probe(sim, cluster, new Sql(databaseUrl));
  await probe.open();
  await probe.deposit(grants);
  const load = new BroadcastsLoad({ sim, server: cluster, random, app, templates, users,
    quitters: users.slice(-8), hooks: hooks.hooks });
  load.expireS = 8;
  for (const template of templates.once) await load.acceptFor(users, template, 4);
  await load.depositFor(users, 2);
  for (const path of sendPaths) await setFaults(sim, app, path);
  const pushes = new PushLog(sim, app);
  pushes.start();
  const everyone = [...cluster.nodes];
  const upgrade = new Upgrade({ cluster, probe, random });
  const feeding = setInterval(() => load.grantBudget(), 700);
  load.grantBudget();
  load.start();
  probe.phase('at first');
  probe.start();
  await upgrade.play();
  await probe.stop();
  clearInterval(feeding);
  await load.stop();
  upgrade.close();
  probe.sql.close();

  const { faults } = await sim.client.must(200, 'GET', '/sim/faults');
  await sim.client.must(200, 'DELETE', '/sim/faults');
  hooks.well = true;
  await drain(cluster, pushes);
  await pushes.stop();
  const world = await gatherBroadcasts(load, before);
  const recovered = await recoveredOf(cluster.client, world.messages);
  await judgeProbe(probe, cluster);
  equal(world.stats.token_calls, 2, 'one token was fetched for each of two apps, by all nodes of both programs');
  await refreshEverywhere(cluster, sim, app);
  await stopAll(cluster);
  await hooks.close();

  note(`load: ${JSON.stringify(load.counts)}, ${load.lostAnswers} answers lost, ` +
    `${recovered} messages caught while being sent`);
  none([...everyone, ...upgrade.news].flatMap(({ server }) => server.alarms()), 'no sanitizer and no assertion spoke');
  none(checkStore(storeCheck, databaseUrl), 'the store is whole at the end');
  none(load.faults, 'every request was answered as it should be');
  judgeOnce(world);
  judgeBroadcasts(world, { recovered, faults, schedules: [], hooks, pushes });
  for (const { link } of upgrade.news) await link.close();
  await cluster.close();
}

async function main() {
  const from = Date.now();
  const seed = seedOfRun();
  const folder = makeFolder();
  note(`HY_SEED=${seed}, ${seconds} s of accidents`);
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
