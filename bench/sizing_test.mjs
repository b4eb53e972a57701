// sizing_test.mjs - the arithmetic and the simulation, by cases that can be worked by hand.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Calendar, arrivals, percentile, random, simulate } from './simulation.mjs';
import { curve, load, model, read, size } from './sizing.mjs';

const plain = { nodes: 1, apps: 1, cores: 1, window: 10, quota: Infinity, batch: 1000, trip_ms: 10, sync_ms: 5,
  latency_ms: 100, jitter: 0, accept_ms: 1, send_ms: 2, admit_ms: 3, claim_ms: 4, settle_ms: 6 };
const close = (a, b) => assert.ok(Math.abs(a - b) < 1e-6, `${a} is not ${b}`);

test('a message alone: every part once', () => {
  const s = simulate(plain, [0]);
  // 1 checked, 3 + 10 written, 5 synced; 4 + 10 claimed, 5 synced, 2 built; 100 until the answer, 6 + 10 + 5 settled.
  close(s.acceptP50, 1 + 3 + 10 + 5);
  close(s.lateP50, 19 + 4 + 10 + 5 + 2);
  close(s.ms, 40 + 100 + 6 + 10 + 5);
  assert.deepEqual([s.sent, s.transactions, s.syncs, s.queueMax], [1, 3, 3, 1]);
  close(s.nodeBusy, 3 / 161);
  close(s.databaseBusy, 13 / 161);
});

test('the writer takes together what came while it wrote', () => {
  // The first at 0: written alone from 1 to 19. The two others (checked at 2 and 3) share the next transaction with
  // the claim of the first: 2 * 3 + 4 + 10 + 5 = 25, so they are accepted at 44.
  const s = simulate(plain, [0, 0, 0]);
  assert.equal(s.batchMax, 3);
  close(s.acceptP50, 44);
  // Claim of the first ends at 44, it leaves at 46.
  // The claim of the two others: 44 + 8 + 10 + 5 = 67; they leave at 69 and 71.
  close(s.lateMax, 71);
  assert.equal(s.queueMax, 3);
});

test('a window of one: the next leaves after the first is settled', () => {
  const s = simulate({ ...plain, window: 1 }, [0, 0]);
  // Accepted at 19 and at 19 + 3 + 4 + 10 + 5 = 41, when the first is claimed: it leaves at 43, is answered at
  // 143, settled at 164; the second is claimed at 183 and leaves at 185.
  close(s.lateP50, 43);
  close(s.lateMax, 185);
});

test('two nodes share a sync, and wait for one core', () => {
  const twice = { ...plain, nodes: 2, apps: 2, trip_ms: 0, admit_ms: 0, claim_ms: 0, settle_ms: 0, accept_ms: 0,
    send_ms: 0 };
  const draws = [0, 0, 0.9, 0.9]; // app and node of each
  const s = simulate(twice, [0, 0], () => draws.shift() ?? 0);
  // The first begins the sync at 0; the second has to wait for the next.
  assert.deepEqual([s.acceptP50, s.acceptP99], [5, 10]);
  const slow = simulate({ ...twice, admit_ms: 7, sync_ms: 0 }, [0, 0],
    ((list) => () => list.shift() ?? 0)([0, 0, 0.9, 0.9]));
  assert.deepEqual([slow.acceptP50, slow.acceptP99], [7, 14]);
  const wide = simulate({ ...twice, cores: 2, admit_ms: 7, sync_ms: 0 }, [0, 0],
    ((list) => () => list.shift() ?? 0)([0, 0, 0.9, 0.9]));
  assert.deepEqual([wide.acceptP50, wide.acceptP99], [7, 7]);
});

test('what is over the quota stays', () => {
  const s = simulate({ ...plain, quota: 2 }, [0, 0, 0]);
  assert.deepEqual([s.sent, s.overQuota], [2, 1]);
});

test('a transaction has no more than it may', () => {
  const s = simulate({ ...plain, batch: 2 }, [0, 0, 0, 0, 0]);
  assert.equal(s.batchMax, 2);
  assert.equal(s.sent, 5);
});

test('the same seed, the same result', () => {
  const once = (seed) => {
    const draw = random(seed);
    const times = arrivals({ fromMs: 0, untilMs: 20000, perS: () => 50, stepMs: 1000, draw });
    return simulate({ ...plain, nodes: 3, apps: 5, cores: 2, jitter: 0.5, trip_ms: 1, sync_ms: 1 }, times, draw);
  };
  assert.deepEqual(once(7), once(7));
  assert.notDeepEqual(once(7), once(8));
});

test('arrivals: as many as the rate says, bursts on top, in order', () => {
  const times = arrivals({ fromMs: 0, untilMs: 100000, perS: (at) => (at < 50000 ? 100 : 0), stepMs: 1000,
    bursts: [{ at: 60000, count: 7 }], draw: random(3) });
  const early = times.filter((t) => t < 50000).length;
  assert.ok(Math.abs(early - 5000) < 4 * Math.sqrt(5000), `${early}`); // wrong for one seed of 16,000
  assert.deepEqual(times.slice(early), Array(7).fill(60000));
  assert.deepEqual(times, [...times].sort((a, b) => a - b));
  const burst = [{ at: 2, count: 4, overMs: 4 }];
  assert.deepEqual(arrivals({ fromMs: 0, untilMs: 9, perS: () => 0, stepMs: 9, bursts: burst }), [2, 3, 4, 5]);
});

test('events come by time, and in turn', () => {
  const calendar = new Calendar();
  for (const [time, what] of [[3, 'd'], [1, 'a'], [2, 'b'], [2, 'c'], [9, 'e']]) calendar.at(time, what);
  const order = [];
  for (let event; (event = calendar.next());) order.push(event.what);
  assert.equal(order.join(''), 'abcde');
  assert.equal(calendar.now, 9);
});

test('percentiles', () => {
  const ten = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
  assert.deepEqual([percentile(ten, 0.5), percentile(ten, 0.99), percentile([], 0.5)], [5, 10, 0]);
});

test('the day adds up', () => {
  const shares = curve(0.15);
  close(shares.reduce((sum, share) => sum + share, 0), 1);
  assert.equal(Math.max(...shares), 0.15);
});

test('sizes', () => {
  const v = read(['hour_share=0.1', 'burst_share=0.01', 'burst_max=1000', 'drain_s=10', 'node_accept_us=100',
    'node_send_us=300', 'pg_accept_us=200', 'pg_send_us=600', 'wal_accept_bytes=1000', 'wal_send_bytes=1000',
    'random_pages=1', 'kept_bytes=600', 'other_bytes=400', 'keep_d=10', 'app_day=1e6', 'busy=0.5', 'window=100',
    'latency_ms=100', 'sync_ms=1', 'hot_d=1',
    'user_index_bytes=10']);
  const s = size(3.6e6, v);
  assert.equal(s.apps, 4);
  close(s.hourS, 100);
  close(s.burst, 4000); // of 4 apps; 1 % would be 36,000
  close(s.peakS, 100 + 400);
  close(s.nodeCores, 0.2);
  close(s.pgCores, 0.4);
  assert.deepEqual([s.nodes, s.pgMachine, s.connections], [2, 2, 6]);
  close(s.walMbS, 1);
  close(s.walFullMbS, 500 * 10192 / 1e6);
  close(s.diskGb, 36);
  close(s.syncs, 1000); // 3 a message would be 1,500; a sync takes a millisecond
  assert.equal(s.windowS, 1000);
  assert.equal(s.appsForPeak, 4);
  close(s.ramGb, 3.6 + 3.6 * 7 * 0.01);
  // 1,000 + 36,000 / 10 a second: 1.84 cores of nodes and 3.68 of PostgreSQL, of which each node can use one.
  assert.deepEqual([size(3.6e7, v).nodes, size(3.6e7, v).pgMachine], [8, 8]);
});

test('a load that is too large to be simulated whole is so around its burst', () => {
  const v = read(['messages_max=2000', 'burst_s=0']);
  const s = size(1e6, v);
  const { times, scale, fromMs, untilMs } = load(s, v, random(1));
  assert.equal(scale, 1000 / 20000);
  assert.equal(times.filter((t) => t === 20 * 3600000).length, 1000);
  assert.ok(fromMs < 20 * 3600000 && untilMs > 20 * 3600000 && times.length < 2600);
  const whole = load(size(1000, v), v, random(1));
  assert.deepEqual([whole.scale, whole.fromMs, whole.untilMs], [1, 0, 24 * 3600000]);
});

test('what is measured is charged once', () => {
  const v = read([]);
  const m = model(size(1e6, v), v);
  close(m.accept_ms + m.send_ms, (v.node_accept_us + v.node_send_us) / 1000);
  close(m.admit_ms + m.claim_ms + m.settle_ms, (v.pg_accept_us + v.pg_send_us) / 1000);
});

test('wrong words are refused', () => {
  assert.throws(() => read(['nonsense=1']));
  assert.throws(() => read(['busy=much']));
});
