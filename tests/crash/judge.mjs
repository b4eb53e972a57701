// Holds what the server says against what the simulator's phones received.
import { equal, none, note, ok } from './tap.mjs';

export async function inParts(list, size, work) {
  const results = [];
  for (let i = 0; i < list.length; i += size)
    results.push(...(await Promise.all(list.slice(i, i + size).map(work))));
  return results;
}

export async function allMessages(load) {
  const found = [];
  let after = '';
  do {
    const page = await load.server.client.must(
      200, 'GET', `/v1/messages?app=${load.app}&limit=1000${after}`);
    found.push(...page.items);
    after = page.next ? `&after=${page.next}` : null;
  } while (after);
  return found;
}

/** Everything that is known at the end, by number, credential and grant id. */
export async function gather(load, statsBefore) {
  const { client } = load.server;
  const world = { load, cards: [], grants: new Map(), grantOf: new Map(), details: new Map() };

  world.messages = await allMessages(load);
  world.phones = await inParts(load.users, 16, (user) =>
    load.sim.get(`phone?appid=${load.app}&openid=${user}`));
  world.phones.forEach((phone, i) => {
    for (const card of phone.messages) world.cards.push({ ...card, user: load.users[i] });
  });
  const ledgers = await inParts(load.users, 16, (user) =>
    client.must(200, 'GET', `/v1/grants?app=${load.app}&user=${user}&limit=1000`));
  ledgers.forEach((ledger, i) => {
    for (const grant of ledger.items) {
      world.grants.set(grant.credential, { ...grant, user: load.users[i] });
      world.grantOf.set(grant.id, grant.credential);
    }
  });
  const puzzling = world.messages.filter((m) => m.state === 'unknown' || m.reason === 'in_doubt');
  const whole = ({ id }) => client.must(200, 'GET', `/v1/messages/${id}`);
  for (const m of await inParts(puzzling, 16, whole)) world.details.set(m.id, m);
  const stats = await load.sim.get('stats');
  world.stats = since(statsBefore, stats);
  return world;
}

export function since(before, now) {
  const refused = {};
  for (const [code, count] of Object.entries(now.refused)) {
    const more = count - (before.refused[code] ?? 0);
    if (more) refused[code] = more;
  }
  const difference = { refused };
  for (const name of ['sends', 'accepted', 'faulted', 'unanswered', 'token_calls'])
    difference[name] = now[name] - before[name];
  return difference;
}

export const numberOf = (page) => Number(/^index\?n=(\d+)$/.exec(page ?? '')?.[1] ?? NaN);

function countArrivals(world) {
  const { load } = world;
  const strange = [];
  world.arrived = load.messages.map(() => 0);
  world.usedBy = new Map(); // credential -> arrivals
  for (const card of world.cards) {
    const record = load.messages[numberOf(card.page)];
    if (record?.user !== card.user || card.data.keyword1?.value !== `第${record.n}杯咖啡`) {
      strange.push(JSON.stringify(card));
      continue;
    }
    world.arrived[record.n]++;
    world.usedBy.set(card.form_id, (world.usedBy.get(card.form_id) ?? 0) + 1);
  }
  none(strange, 'every card is a message of its own user with its own words');
  none(
    world.phones.filter((phone) => phone.received !== phone.messages.length).map((p) => p.received),
    'the phones kept all that they received');
}

export function checkNoneLost(world) {
  const { load } = world;
  const byId = new Map(world.messages.map((m) => [m.id, m]));
  const accepted = load.messages.filter((record) => record.id);
  const ids = new Set(accepted.map((record) => record.id));
  none(
    load.messages.filter((record) => !record.id && !record.tooLate).map((record) => `n=${record.n}`),
    'every message that was posted was accepted in the end');
  equal(ids.size, accepted.length, 'no two messages share an id');
  none(
    accepted
      .filter(({ id, n, user }) => byId.get(id)?.tag !== `t${n}` || byId.get(id).user !== user)
      .map((record) => JSON.stringify(record)),
    `none of ${accepted.length} accepted messages is lost`);
  none(
    world.messages.filter((m) => !ids.has(m.id)).map((m) => `${m.id} ${m.tag} ${m.state}`),
    'a request that was made again made no second message');
}

const arrivals = {
  sent: (n) => n === 1,
  failed: (n) => n === 0,
  canceled: (n, m) => n === 0 || (n === 1 && m.reason === 'in_doubt'),
  unknown: (n) => n <= 1,
};

function checkStates(world) {
  const tell = (m, n) => `${m.id} ${m.tag} ${m.state} ${m.reason} arrived ${n} times`;
  const twice = [];
  const untrue = [];
  for (const m of world.messages) {
    const n = world.arrived[numberOf(m.page)];
    if (n > 1) twice.push(tell(m, n));
    if (!arrivals[m.state]?.(n, m)) untrue.push(tell(m, n));
  }
  none(twice, 'no message arrived twice');
  none(untrue, 'every state is final and true: sent arrived, failed and canceled did not');
  none(
    world.messages.filter((m) => m.state === 'failed' && !/^no_grant\./.test(m.reason))
      .map((m) => `${m.id} ${m.reason}`),
    'what failed had no permission');
}

/**
 * A message is left unknown only by a receipt that can prove nothing: with more than one use left, or
 * given back by a message that was canceled in doubt.
 */
function checkUnknown(world, prepay) {
  const excused = doubtful(world);
  const unknown = world.messages.filter((m) => m.state === 'unknown');
  const unexplained = [];
  world.lostUses = new Map(); // credential -> uses that were burned for nothing, perhaps
  let had = 0;
  for (const { id } of unknown) {
    const m = world.details.get(id);
    const last = m.attempts.at(-1);
    const credential = world.grantOf.get(last?.grant);
    const several = prepay && world.load.receipts.get(credential)?.kind === 'prepay_id';
    if (last?.verdict !== 'unknown' || !(several || excused.has(credential)))
      unexplained.push(`${m.id} ${m.reason} ${JSON.stringify(m.attempts)}`);
    const arrived = world.arrived[numberOf(m.page)];
    had += arrived;
    if (!arrived) world.lostUses.set(credential, (world.lostUses.get(credential) ?? 0) + 1);
  }
  none(unexplained, prepay
    ? 'what is unknown was sent with one of several uses of a prepay_id, or a doubted receipt'
    : 'nothing is left unknown, but by a receipt that a canceled message left in doubt');
  note(`${unknown.length} unknown, of which ${had} had arrived`);
}

/** Grants with which a message that was canceled later may have gone: nobody can know. */
function doubtful(world) {
  const credentials = new Set();
  for (const m of world.details.values())
    if (m.state === 'canceled')
      for (const attempt of m.attempts) credentials.add(world.grantOf.get(attempt.grant));
  return credentials;
}

function checkLedger(world) {
  const { receipts } = world.load;
  const excused = doubtful(world);
  const missing = [];
  const overused = [];
  const wrong = [];
  for (const [credential, { user, uses }] of receipts) {
    const grant = world.grants.get(credential);
    const used = world.usedBy.get(credential) ?? 0;
    if (grant?.user !== user) missing.push(credential);
    if (used > uses) overused.push(`${credential}: ${used}`);
    if (!grant || excused.has(credential)) continue;
    const left = uses - used - (world.lostUses.get(credential) ?? 0);
    const state = left ? 'available' : 'spent';
    if (grant.uses_left !== left || grant.uses_reserved !== 0 || grant.state !== state)
      wrong.push(`${credential}: should have ${left} left: ${JSON.stringify(grant)}`);
  }
  none(missing, `each of ${receipts.size} deposited receipts is in the ledger`);
  equal(world.grants.size, receipts.size, 'and once');
  none(overused, 'no receipt paid for more than it is good for');
  none(wrong, 'the ledger has left what the platform would still take, no use is wasted');
}

/** `recovered`: messages that were being sent when the server died. */
function checkTraffic(world, recovered) {
  const { stats } = world;
  const { '-1': busy = 0, 41029: used = 0, ...other } = stats.refused;
  const proved = world.messages.filter((m) => m.reason === 'proved_by_receipt').length;
  const attempts = world.messages.reduce((sum, m) => sum + m.attempt_count, 0);
  const received = world.phones.reduce((sum, phone) => sum + phone.received, 0);
  equal(stats.token_calls, 1, 'one token was fetched, restarts or not');
  equal(other, {}, 'the platform refused nothing but what the faults and the proofs asked for');
  equal(stats.accepted, received, 'what the platform accepted is what the phones received');
  equal(stats.sends, stats.accepted + busy + used + stats.faulted, 'every request is explained');
  ok(proved <= used && used <= proved + recovered,
    'an already used receipt was only met to prove an earlier send',
    `${used} times, ${proved} proofs, ${recovered} recovered`);
  ok(stats.sends <= attempts && attempts <= stats.sends + recovered,
    'every request is on record as an attempt',
    `${stats.sends} requests, ${attempts} attempts, ${recovered} recovered`);
  note(`platform: ${stats.sends} requests, ${stats.accepted} accepted, ${used} already used, ` +
    `${busy} system error, ${stats.faulted} other faults; ${proved} messages proved by receipt`);
}

export function judge(world, { recovered, prepay }) {
  const states = {};
  for (const m of world.messages) states[m.state] = (states[m.state] ?? 0) + 1;
  note(`messages: ${world.messages.length} ${JSON.stringify(states)}`);
  countArrivals(world);
  checkNoneLost(world);
  checkStates(world);
  checkUnknown(world, prepay);
  checkLedger(world);
  checkTraffic(world, recovered);
}
