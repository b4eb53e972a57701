// simulation.mjs - nodes, their database and a platform as queues: how long messages wait at a given load. It
// knows service times, not SQL; sizing.mjs gives it measured ones. Pure: the same input gives the same output.
//
//   arrival -> a node's processor (accept) -> its writer: a transaction takes all that waits
//           -> a core of the database -> a sync of the log, shared by all who wait for it  = accepted
//   due     -> a free place in the app's window -> writer (claim) -> processor of the node that holds the app
//           -> leaves = late by that much -> the platform -> writer (settle)

/** Numbers of [0, 1) from a seed (mulberry32). */
export function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Events by time; those of one time in the order in which they were put. */
export class Calendar {
  constructor() {
    this.heap = [];
    this.put = 0;
    this.now = 0;
  }

  at(time, what, a, b) {
    const entry = { time, order: this.put++, what, a, b };
    const { heap } = this;
    let i = heap.push(entry) - 1;
    for (let up; i > 0 && before(entry, heap[(up = (i - 1) >> 1)]); i = up) heap[i] = heap[up];
    heap[i] = entry;
  }

  /** The next event, or undefined. */
  next() {
    const { heap } = this;
    const first = heap[0];
    const last = heap.pop();
    if (heap.length) {
      let i = 0;
      for (let down; (down = 2 * i + 1) < heap.length; i = down) {
        if (down + 1 < heap.length && before(heap[down + 1], heap[down])) down++;
        if (!before(heap[down], last)) break;
        heap[i] = heap[down];
      }
      heap[i] = last;
    }
    if (first) this.now = first.time;
    return first;
  }
}

const before = (a, b) => a.time < b.time || (a.time === b.time && a.order < b.order);

/** Of sorted numbers: the smallest that `share` of them do not exceed; 0 of none. */
export function percentile(sorted, share) {
  return sorted.length ? sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] : 0;
}

/**
 * The instants of arrivals in ms, sorted: Poisson with `perS(ms)` a second, which is constant within each of
 * `stepMs`, and `bursts` [{at, count, overMs}] on top, evenly spread.
 */
export function arrivals({ fromMs, untilMs, perS, stepMs, bursts = [], draw }) {
  const times = [];
  for (let at = fromMs; at < untilMs; at += stepMs) {
    const rate = perS(at) / 1000;
    const end = Math.min(at + stepMs, untilMs);
    for (let t = at; rate > 0 && (t -= Math.log(1 - draw()) / rate) < end;) times.push(t);
  }
  for (const { at, count, overMs = 0 } of bursts)
    for (let i = 0; i < count && at >= fromMs && at < untilMs; i++) times.push(at + (i * overMs) / count);
  return times.sort((a, b) => a - b);
}

// What a transaction does: accepts, claims, settles; the order in which it takes them.
const kinds = ['admit', 'claim', 'settle'];

/**
 * `times`: when messages arrive. `model`, times in ms: nodes, apps (app i is held by node i % nodes), cores (of the
 * database), window (requests of an app under way), quota (of an app a day, the rest is left for tomorrow),
 * batch (verbs a transaction at most), trip_ms (of a transaction: round trips and what it costs without any
 * message), sync_ms, latency_ms (of the platform), jitter (share of the latency that is exponential), and CPU of one
 * message: accept_ms, send_ms (node), admit_ms, claim_ms, settle_ms (database).
 */
export function simulate(model, times, draw = random(1)) {
  const calendar = new Calendar();
  const nodes = Array.from({ length: model.nodes }, () => ({ free: 0, busy: 0, working: false,
    waiting: { admit: [], claim: [], settle: [] } }));
  const apps = Array.from({ length: model.apps }, (_, i) => ({ node: nodes[i % model.nodes], due: [], head: 0,
    underWay: 0, claiming: false, sent: 0 }));
  const cores = new Array(model.cores).fill(0);
  const log = { free: true, waiting: [] };
  const out = { accepted: [], late: [], queueMax: 0, transactions: 0, syncs: 0, database: 0, batchMax: 0 };
  let queue = 0;

  // A processor that does one thing after the other: when it will be done with this.
  function work(node, ms) {
    node.free = Math.max(node.free, calendar.now) + ms;
    node.busy += ms;
    return node.free;
  }

  function enqueue(node, kind, job) {
    node.waiting[kind].push(job);
    if (!node.working) transact(node);
  }

  function transact(node) {
    const taken = [];
    let ms = 0;
    let room = model.batch;
    for (const kind of kinds) {
      const jobs = node.waiting[kind];
      const some = jobs.splice(0, room);
      room -= some.length;
      for (const job of some) {
        taken.push({ kind, job });
        ms += model[`${kind}_ms`] * (kind === 'claim' ? job.messages.length : 1);
      }
    }
    if (!taken.length) return;
    node.working = true;
    out.batchMax = Math.max(out.batchMax, taken.length);
    const core = cores.indexOf(Math.min(...cores));
    cores[core] = Math.max(cores[core], calendar.now) + ms;
    out.database += ms;
    calendar.at(cores[core] + model.trip_ms, 'written', node, taken);
  }

  function sync() {
    if (!log.free || !log.waiting.length) return;
    log.free = false;
    out.syncs++;
    calendar.at(calendar.now + model.sync_ms, 'synced', log.waiting.splice(0));
  }

  // As many of an app's due messages as its window has places for.
  function claim(app) {
    const quota = model.quota - app.sent - app.underWay;
    const count = Math.min(app.due.length - app.head, model.window - app.underWay, quota);
    if (app.claiming || count <= 0) return;
    const messages = app.due.slice(app.head, app.head + count);
    if ((app.head += count) > 10000 && app.head * 2 > app.due.length) {
      app.due = app.due.slice(app.head);
      app.head = 0;
    }
    app.claiming = true;
    app.underWay += count;
    enqueue(app.node, 'claim', { app, messages });
  }

  const done = {
    admit(message) {
      out.accepted.push(calendar.now - message.at);
      message.app.due.push(message);
      out.queueMax = Math.max(out.queueMax, ++queue);
      claim(message.app);
    },
    claim({ app, messages }) {
      app.claiming = false;
      for (const message of messages) calendar.at(work(app.node, model.send_ms), 'leaves', message);
      claim(app);
    },
    settle({ app }) {
      app.underWay--;
      app.sent++;
      claim(app);
    },
  };

  const happens = {
    arrives(at, index) {
      const message = { at, app: apps[Math.floor(draw() * apps.length)] };
      const node = nodes[Math.floor(draw() * nodes.length)];
      calendar.at(work(node, model.accept_ms), 'checked', node, message);
      if (index + 1 < times.length) calendar.at(times[index + 1], 'arrives', times[index + 1], index + 1);
    },
    checked: (node, message) => enqueue(node, 'admit', message),
    written(node, taken) {
      out.transactions++;
      log.waiting.push({ node, taken });
      sync();
    },
    synced(transactions) {
      log.free = true;
      for (const { node, taken } of transactions) {
        for (const { kind, job } of taken) done[kind](job);
        node.working = false;
        transact(node);
      }
      sync();
    },
    leaves(message) {
      queue--;
      out.late.push(calendar.now - message.at);
      const ms = model.latency_ms * (1 - model.jitter - model.jitter * Math.log(1 - draw()));
      calendar.at(calendar.now + ms, 'answered', message);
    },
    answered: (message) => enqueue(message.app.node, 'settle', message),
  };

  if (times.length) calendar.at(times[0], 'arrives', times[0], 0);
  for (let event; (event = calendar.next());) happens[event.what](event.a, event.b);
  return summary(model, times, { ...out, nodes, apps, now: calendar.now });
}

function summary(model, times, { accepted, late, nodes, apps, now, database, ...rest }) {
  const ms = now - (times[0] ?? 0);
  for (const list of [accepted, late]) list.sort((a, b) => a - b);
  const left = apps.reduce((sum, { due, head }) => sum + due.length - head, 0);
  return { ...rest, overQuota: left, messages: times.length, ms, sent: late.length,
    acceptP50: percentile(accepted, 0.5), acceptP99: percentile(accepted, 0.99),
    lateP50: percentile(late, 0.5), lateP99: percentile(late, 0.99), lateMax: late.at(-1) ?? 0,
    nodeBusy: ms ? Math.max(...nodes.map(({ busy }) => busy)) / ms : 0,
    databaseBusy: ms ? database / ms / model.cores : 0 };
}
