// sizing.mjs - from what a message costs to machines: worked arithmetic for so many notifications a day, and a
// simulation of their busiest time (simulation.mjs).
//
//   node bench/sizing.mjs [NAME=VALUE]...        see `inputs`; the defaults are those of docs/scale.md
//   node bench/sizing.mjs day=1e4,1e6,1e8 pg_us=180 seed=7
//
// All is arithmetic on those numbers. The measured ones are of one machine: measure yours (script/bench nodes).
import { pathToFileURL } from 'node:url';
import { arrivals, random, simulate } from './simulation.mjs';

/** What may be set, and what it is. */
export const inputs = {
  // Measured: script/bench nodes, the dearest of several runs with 3 nodes.
  node_accept_us: [47, 'CPU of a node: taking a message, one a request'],
  node_send_us: [68, 'CPU of a node: an array from accept to outcome; counted on top'],
  pg_accept_us: [82, 'CPU of PostgreSQL: taking a message, one a request'],
  pg_send_us: [119, 'CPU of PostgreSQL: an array from accept to outcome; counted on top'],
  wal_accept_bytes: [1032, 'log: taking a message'],
  wal_send_bytes: [2024, 'log: an array from accept to outcome; counted on top'],
  kept_bytes: [934, 'a message with its attempt and their indexes'],
  other_bytes: [930, 'its receipt, and what else is beside'],
  // Assumed.
  sync_ms: [1, 'a sync of the log; here it took 0.1 to 4'],
  trip_ms: [1, 'a transaction without its messages: round trips'],
  day: ['1e4,1e6,1e8', 'notifications a day'],
  hour_share: [0.15, 'of the day in its busiest hour'],
  burst_share: [0.02, 'of the day in one burst at the full hour'],
  burst_max: [20000, 'of one app in a burst at most: the largest that users of WeChat tell of'],
  burst_s: [10, 'within which callers hand it over'],
  drain_s: [60, 'a burst is to have left within that'],
  keep_d: [180, 'days that messages are kept'],
  random_pages: [4, 'pages a message anywhere: of receipts, of two indexes by user, of idempotency keys'],
  user_index_bytes: [70, 'of a message in the index by user: 8 + 29 + 8, head 12, filled by four fifths'],
  app_day: [1e7, 'notifications of one app a day at most (WeChat; 3e7 with WeChat Pay)'],
  busy: [0.5, 'of a core, at most, at the peak'],
  window: [256, 'max_in_flight of an app'],
  latency_ms: [100, 'until the platform answers'],
  jitter: [0.5, 'share of that which is exponential'],
  hot_d: [1, 'days of messages and receipts that are looked at again, and should be in memory'],
  // The simulation.
  seed: [1, 'of the draws'],
  messages_max: [1100000, 'simulated at most: of more than that a day the busiest time'],
};

export function read(words) {
  const values = Object.fromEntries(Object.entries(inputs).map(([name, [value]]) => [name, value]));
  for (const word of words) {
    const [name, value] = word.split('=');
    if (!(name in inputs) || !value) throw new Error(`${word}: there is ${Object.keys(inputs).join(', ')}`);
    values[name] = name === 'day' ? value : Number(value);
    if (name !== 'day' && !Number.isFinite(values[name])) throw new Error(`${word}: no number`);
  }
  return values;
}

/** Shares of the hours 0..23: a bell over the day whose top has `top`; the others share the rest. */
export function curve(top) {
  const bell = Array.from({ length: 24 }, (_, h) => Math.exp(-((h - 20) ** 2) / 18) +
    0.6 * Math.exp(-((h - 12) ** 2) / 8) + 0.05);
  const others = bell.reduce((sum, weight, h) => sum + (h === 20 ? 0 : weight), 0);
  return bell.map((weight, h) => (h === 20 ? top : (weight / others) * (1 - top)));
}

const ceil = (number) => Math.ceil(number - 1e-9);

/** What `perDay` notifications need. */
export function size(perDay, v) {
  const apps = Math.max(1, ceil(perDay / v.app_day));
  const meanS = perDay / 86400;
  const hourS = (perDay * v.hour_share) / 3600;
  const burst = Math.min(perDay * v.burst_share, v.burst_max * apps);
  const peakS = hourS + burst / v.drain_s;
  const nodeUs = v.node_accept_us + v.node_send_us;
  const pgUs = v.pg_accept_us + v.pg_send_us;
  const nodeCores = (peakS * nodeUs) / 1e6;
  const pgCores = (peakS * pgUs) / 1e6;
  const wal = v.wal_accept_bytes + v.wal_send_bytes;
  const walFull = wal + v.random_pages * 8192;
  // A node writes over one connection, so the database gives it one core at most.
  const nodes = Math.max(2, ceil(nodeCores / v.busy), ceil(pgCores / v.busy));
  const windowS = (v.window * 1000) / v.latency_ms; // what one app can have sent a second
  return { perDay, apps, meanS, hourS, burst, peakS, nodeCores, pgCores, nodes,
    pgMachine: Math.max(2, ceil(pgCores / v.busy)), connections: nodes * 3,
    walMbS: (peakS * wal) / 1e6, walFullMbS: (peakS * walFull) / 1e6,
    walGbDay: (perDay * wal) / 1e9, walFullGbDay: (perDay * walFull) / 1e9,
    // A transaction takes what waits, one at a time a node; below that each of a message's three is one.
    syncs: Math.min(3 * peakS, 1000 / v.sync_ms), pagesS: peakS * v.random_pages,
    diskGb: (perDay * v.keep_d * (v.kept_bytes + v.other_bytes)) / 1e9,
    ramGb: (perDay * (v.hot_d * (v.kept_bytes + v.other_bytes) + 7 * v.user_index_bytes)) / 1e9,
    windowS, appsForPeak: Math.max(apps, ceil(peakS / windowS)) };
}

const hourMs = 3600000;

/** The time to simulate: the whole day, or around the full hour of its busiest one, where its burst is. */
export function load(sized, v, draw) {
  const shares = curve(v.hour_share);
  const steady = sized.perDay - sized.burst;
  const whole = sized.perDay <= v.messages_max;
  // As long before the burst as after it; of the burst no more than half of what may be simulated.
  const burst = Math.min(sized.burst, Math.floor(v.messages_max / 2));
  const scale = whole ? 1 : burst / sized.burst;
  const aroundMs = Math.min(hourMs, ((v.messages_max - burst) / (2 * sized.hourS)) * 1000);
  const [fromMs, untilMs] = whole ? [0, 24 * hourMs] : [20 * hourMs - aroundMs / 2, 20 * hourMs + aroundMs];
  const perS = (at) => (steady * shares[Math.floor(at / hourMs) % 24]) / 3600;
  const bursts = [{ at: 20 * hourMs, count: Math.round(burst), overMs: v.burst_s * 1000 * scale }];
  return { scale, fromMs, untilMs, times: arrivals({ fromMs, untilMs, perS, stepMs: hourMs, bursts, draw }) };
}

/** Of the measured microseconds the parts that simulation.mjs wants; each pass is charged once. */
export function model(sized, v) {
  return { nodes: sized.nodes, apps: sized.appsForPeak, cores: sized.pgMachine, window: v.window, quota: v.app_day,
    batch: 1000, trip_ms: v.trip_ms, sync_ms: v.sync_ms, latency_ms: v.latency_ms, jitter: v.jitter,
    accept_ms: v.node_accept_us / 1000, send_ms: v.node_send_us / 1000, admit_ms: v.pg_accept_us / 1000,
    claim_ms: v.pg_send_us / 2000, settle_ms: v.pg_send_us / 2000 };
}

// --- what is told ---------------------------------------------------------------------------------------

const short = (number) => (number >= 1e6 ? `${+(number / 1e6).toFixed(1)} M` : number >= 1e4 ?
  `${+(number / 1e3).toFixed(1)} k` : number >= 100 ? Math.round(number).toString() : `${+number.toPrecision(2)}`);

function table(head, columns, rows) {
  for (const [first, ...cells] of [[head, ...columns.map(({ perDay }) => short(perDay))],
    ...rows.map(([what, get]) => [what, ...columns.map((column) => short(get(column)))])])
    console.log(first.padEnd(58) + cells.map((cell) => cell.padStart(10)).join(''));
  console.log('');
}

function tell(v) {
  const sized = String(v.day).split(',').map((day) => size(Number(day), v));
  console.log(Object.entries(v).map(([name, value]) => `${name}=${value}`).join(' ')
    .replace(/(.{1,110}) /g, '$1\n'), '\n');
  table('notifications a day', sized, [
    ['apps, by what the platform allows one a day', (s) => s.apps],
    ['a second, mean', (s) => s.meanS], ['a second, busiest hour', (s) => s.hourS],
    ['in a burst at the full hour', (s) => s.burst],
    [`a second, with that leaving within ${v.drain_s} s`, (s) => s.peakS],
    ['cores of the nodes at that', (s) => s.nodeCores], ['cores of PostgreSQL at that', (s) => s.pgCores],
    [`nodes (2 at least; busy ${v.busy * 100} %)`, (s) => s.nodes],
    [`cores for PostgreSQL (2 at least; busy ${v.busy * 100} %)`, (s) => s.pgMachine],
    ['connections to PostgreSQL', (s) => s.connections],
    ['apps that the peak has to be spread over, by their windows', (s) => s.appsForPeak],
    ['log at the peak, MB/s: measured', (s) => s.walMbS],
    ['  with whole pages after a checkpoint, at most', (s) => s.walFullMbS],
    ['log a day, GB: measured', (s) => s.walGbDay], ['  at most', (s) => s.walFullGbDay],
    ['syncs of the log a second, at most', (s) => s.syncs],
    ['pages a second read and written, with no memory', (s) => s.pagesS],
    [`kept for ${v.keep_d} days, GB`, (s) => s.diskGb],
    [`to be in memory, GB: of ${v.hot_d} d, and a week's index by user`, (s) => s.ramGb]]);

  const simulated = sized.map((s) => {
    const draw = random(v.seed);
    const { times, scale, fromMs, untilMs } = load(s, v, draw);
    return { perDay: s.perDay, scale, minutes: (untilMs - fromMs) / 60000, ...simulate(model(s, v), times, draw) };
  });
  table('simulated', simulated, [
    ['minutes around the burst (or the day)', (s) => s.minutes], ['messages', (s) => s.messages],
    ['share of the burst', (s) => s.scale],
    ['accept, ms: median', (s) => s.acceptP50], ['  p99', (s) => s.acceptP99],
    ['late (accepted and left), ms: median', (s) => s.lateP50], ['  p99', (s) => s.lateP99],
    ['  most', (s) => s.lateMax],
    ['longest queue', (s) => s.queueMax], ['most in one transaction', (s) => s.batchMax],
    ['busiest node, share of a core', (s) => s.nodeBusy], ['PostgreSQL, share of its cores', (s) => s.databaseBusy],
    ['left for tomorrow by the quota', (s) => s.overQuota]]);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) tell(read(process.argv.slice(2)));
