// A broadcast to very many people, of whom the platform suddenly refuses most in the second half
// (43101), as it has been reported: afterwards the ledger has to be what the platform would take.
//
//   node big_broadcast.mjs HONGYAN STORE_CHECK
//
// HY_USERS=N people instead of 3,000 (the reported case: 180,000).
import fs from 'node:fs';
import { sum } from './accepts_judge.mjs';
import { late, sleep, until } from './http.mjs';
import { inParts } from './judge.mjs';
import { stopMaxMs } from './lives.mjs';
import { checkStore, makeFolder, Server, startSim } from './programs.mjs';
import { seedOfRun } from './random.mjs';
import { done, equal, none, note, ok } from './tap.mjs';

const [program, storeCheck] = process.argv.slice(2);
const userCount = Number(process.env.HY_USERS ?? 3000);
const app = 'wx00000000000000c5';
const secret = '0123456789abcdef0123456789abcdef';
const send = '/cgi-bin/message/subscribe/send';
const refusedShare = 0.9;
const suspectRetryS = 2; // so that second tries meet the burst as well
const burstAfterMs = 6000; // how long it goes on once everybody was tried
const lot = 10000;
const samples = 500;
const maxMs = 60000 + userCount * 10;
const growMaxMb = 100; // from the first user to the last, however many there are
// The address sanitizer keeps what was freed; not here.
process.env.ASAN_OPTIONS ??= 'quarantine_size_mb=1:thread_local_quarantine_size_kb=64';

const lots = (list) => Array.from({ length: Math.ceil(list.length / lot) }, (_, i) =>
  list.slice(i * lot, (i + 1) * lot));

const rssMb = (pid) =>
  Number(/VmRSS:\s+(\d+)/.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;

async function prepare(sim, server) {
  await sim.post('apps', { appid: app, secret });
  const { template_id: template } = await sim.post('templates', { appid: app, title: '活动提醒',
    type: 2, keywords: [{ key: 'thing1', label: '活动' }] });
  const { openids: users } = await sim.post('users', { appid: app, count: userCount });
  await server.start();
  await server.client.must(201, 'POST', '/v1/apps',
    { id: app, secret, suspect_retry_s: suspectRetryS });
  await until('the first token', 20000, async () =>
    (await server.client.ask('GET', '/readyz')).status === 200);
  for (const openids of lots(users)) {
    await sim.post('subscribe', { appid: app, openids, choices: { [template]: 'accept' } });
    await server.client.must(201, 'POST', '/v1/grants', openids.map((user) =>
      ({ app, user, kind: 'once', template })));
  }
  return { template, users };
}

async function upload(server, id, users) {
  const text = users.map((user) => JSON.stringify({ user })).join('\n');
  const answer = await server.client.must(200, 'POST', `/v1/broadcasts/${id}/users`, text);
  equal([answer.added, answer.duplicates, answer.refused], [users.length, 0, 0],
    'all were uploaded');
}

/** Watches until `over`; the most memory that the server had. */
async function watch(server, what, over) {
  let most = 0;
  await until(what, maxMs, async () => {
    most = Math.max(most, rssMb(server.process.child.pid));
    return over();
  }, 200);
  return most;
}

async function play(sim, server) {
  const { template, users } = await prepare(sim, server);
  const get = (path) => server.client.must(200, 'GET', path);
  const { id } = await server.client.must(201, 'POST', '/v1/broadcasts',
    { app, template, data: { thing1: '全场八折' } });
  const before = rssMb(server.process.child.pid);
  const from = Date.now();
  await upload(server, id, users);
  const uploadedMs = Date.now() - from;
  const { faults } = await sim.post('faults', { path: send, appid: app, errcode: 43101,
    skip: Math.floor(userCount / 2), probability: refusedShare });
  ok(faults === 1, 'the platform is about to refuse most of the second half');

  const startedAt = Date.now();
  await server.client.must(200, 'POST', `/v1/broadcasts/${id}/start`);
  let most = await watch(server, 'everybody was tried', async () =>
    (await sim.get('stats')).sends >= userCount);
  const triedMs = Date.now() - startedAt;
  await sleep(burstAfterMs);
  const { alarms } = await get(`/v1/apps/${app}`);
  const during = await get(`/v1/broadcasts/${id}`);
  const { faults: [{ fired }] } = await sim.get('faults');
  await sim.client.must(200, 'DELETE', '/sim/faults');
  most = Math.max(most, await watch(server, 'the broadcast is over', async () => {
    const b = await get(`/v1/broadcasts/${id}`);
    return b.state === 'done' && b.waiting === 0 && b.queued === 0;
  }));
  const allMs = Date.now() - startedAt;
  return { id, template, users, alarms, during, fired, uploadedMs, triedMs, allMs, before, most };
}

async function judge(sim, server, world) {
  const { id, template, users, during, fired } = world;
  const get = (path) => server.client.must(200, 'GET', path);
  const b = await get(`/v1/broadcasts/${id}`);
  const phones = await inParts(users, 32, (user) => sim.get(`phone?appid=${app}&openid=${user}`));
  const cards = phones.map(({ received }) => received);
  const reach = await get(`/v1/reach?app=${app}&template=${template}`);
  const stats = await sim.get('stats');

  equal(world.alarms.map(({ name }) => name), ['refusal_burst'],
    'the burst was noticed');
  equal([during.failed, during.expired, during.canceled], [0, 0, 0],
    'no message was given up while it lasted');
  none(users.filter((_, i) => cards[i] > 1), 'nobody got two');
  none(users.filter((_, i) => cards[i] < 1), 'and in the end everybody got one');
  equal([b.total, b.sent, b.failed, b.unknown, b.waiting, b.expired, b.canceled, b.queued],
    [userCount, userCount, 0, 0, 0, 0, 0, 0], 'the counts of the broadcast say so');
  equal(stats.accepted, sum(cards, (n) => n), 'the platform accepted what the phones received');
  equal([reach.users, reach.uses], [0, 0], 'accepts = cards + uses left: there is none left');
  const step = Math.max(1, Math.floor(users.length / samples));
  const some = users.filter((_, i) => i % step === 0);
  const ledgers = await inParts(some, 16, (user) => get(`/v1/grants?app=${app}&user=${user}`));
  none(ledgers.filter(({ items }) => items.length !== 1 || items[0].state !== 'spent' ||
    items[0].uses_total !== 1 || items[0].uses_left !== 0 || items[0].uses_reserved !== 0)
    .map((ledger) => JSON.stringify(ledger)), `each of ${some.length} counters looked at is spent`);
  ok(world.most < world.before + growMaxMb, 'the memory of the server is bounded',
    `${world.before.toFixed(0)} became ${world.most.toFixed(0)} MB`);
  note(`${userCount} users: uploaded in ${world.uploadedMs} ms; all tried after ${world.triedMs} ms; ` +
    `over after ${world.allMs} ms; ${fired} refusals; ` +
    `memory ${world.before.toFixed(0)} MB before the upload, ${world.most.toFixed(0)} at most`);
  note(`while it lasted: ${during.sent} sent, ${during.waiting} waiting, ${during.failed} failed`);
}

async function main() {
  const seed = seedOfRun();
  const folder = makeFolder();
  note(`HY_SEED=${seed}`);
  const sim = await startSim(program, folder, seed);
  const server = new Server(program, { folder, name: app, wechatUrl: sim.url });
  const world = await play(sim, server);
  await judge(sim, server, world);
  const end = await server.end('SIGTERM', stopMaxMs);
  equal(end?.code, 0, 'the last stop ended with 0');
  none(checkStore(storeCheck, server.location), 'the store is whole at the end');
  none(server.alarms(), 'no sanitizer and no assertion spoke');
  server.client.close();
  sim.client.close();
  equal((await Promise.race([sim.ended, (sim.kill('SIGTERM'), late(10000))]))?.code, 0,
    'the simulator ended with 0');
  done();
}

main().catch((error) => {
  ok(false, 'the test could be played to its end', error.stack);
  done();
  process.exit(1);
});
