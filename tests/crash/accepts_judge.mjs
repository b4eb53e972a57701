// Holds the ledger of accepts against the phones, the pushes, and what each source told.
import { windowS } from './accepts_load.mjs';
import { allMessages, checkNoneLost, inParts, numberOf, since } from './judge.mjs';
import { equal, none, note, ok } from './tap.mjs';

const popupEvent = 'subscribe_msg_popup_event';
const sentEvent = 'subscribe_msg_sent_event';
export const keyOf = (user, template) => `${user} ${template}`;
export const sum = (list, of) => list.reduce((total, one) => total + of(one), 0);

// --- gathering

/** All of one user and template that is sent by accepts. */
function makePairs(load) {
  const pairs = new Map();
  for (const user of load.users)
    for (const template of [...load.templates.once, load.templates.always])
      pairs.set(keyOf(user, template), {
        user,
        template,
        liar: load.liars.has(user),
        always: template === load.templates.always,
        messages: [],
        cards: 0,
        tapped: 0,
        heard: 0, // of the taps, those that a source told and had an answer for
        told: { low: 0, high: 0 },
        grant: null,
      });
  return pairs;
}

async function askServer(world) {
  const { load, pairs } = world;
  const { client } = load.server;
  const get = (path) => client.must(200, 'GET', path);
  const list = await allMessages(load);
  world.messages = await inParts(list, 16, ({ id }) => get(`/v1/messages/${id}`));
  const ledgers = await inParts(load.users, 16, (user) =>
    get(`/v1/grants?app=${load.app}&user=${user}&limit=1000`));
  ledgers.forEach((ledger, i) => {
    for (const grant of ledger.items) pairs.get(keyOf(load.users[i], grant.template)).grant = grant;
  });
  world.grantCount = sum(ledgers, ({ items }) => items.length);
  world.timelines = await inParts(load.users, 16, (user) =>
    get(`/v1/users/${load.app}/${user}/timeline?limit=1000`));
  world.reach = await inParts(load.templates.once, 1, (template) =>
    get(`/v1/reach?app=${load.app}&template=${template}`));
  world.alarms = (await get(`/v1/apps/${load.app}`)).alarms;
}

/** Everything that is known at the end. */
export async function gatherAccepts(load, pushes, statsBefore) {
  const world = { load, pushes, pairs: makePairs(load), cards: [] };
  await askServer(world);
  world.phones = await inParts(load.users, 16, (user) =>
    load.sim.get(`phone?appid=${load.app}&openid=${user}`));
  world.phones.forEach((phone, i) => {
    for (const card of phone.messages) world.cards.push({ ...card, user: load.users[i] });
  });
  world.statsNow = await load.sim.get('stats');
  world.stats = since(statsBefore, world.statsNow);
  for (const m of world.messages) world.pairs.get(keyOf(m.user, m.template))?.messages.push(m);
  return world;
}

// --- what was pushed

function checkPushes(world) {
  const { pushes, statsNow } = world;
  const all = [...pushes.pushes.values()];
  const failed = all.filter(({ state }) => state === 'failed');
  none(
    all.filter((p) => p.state === 'refused' || (p.state === 'delivered' && p.answer !== 'success'))
      .map((p) => JSON.stringify(p)),
    'every push that was answered well was answered with success');
  none(
    failed.filter(({ status }) => status !== 0 && status !== 503).map((p) => JSON.stringify(p)),
    'a push only failed because the server was dead, or about to end');
  equal([all.length, statsNow.pushes_dropped], [statsNow.pushes, 0], 'all pushes were seen');
  ok(failed.length > 0, 'some pushes met a dead server three times');
  note(`pushes: ${all.length}, of which ${failed.length} failed, and ` +
    `${all.filter((p) => p.tries > 1 && p.state === 'delivered').length} were made again`);
}

/** The groups of taps that each event tells of, and so how many were told by the platform. */
function countEvents(world) {
  const strange = [];
  const byUser = new Map(world.load.users.map((user) => [user, []]));
  for (const group of world.load.groups) {
    group.heard = new Map(group.templates.map((id) => [id, { sure: 0, perhaps: 0 }]));
    byUser.get(group.user).push(group);
  }
  for (const { user, state, atS, items } of world.pushes.of(popupEvent)) {
    const group = byUser.get(user).find((g) => Math.abs(g.atS - atS) < windowS);
    for (const { TemplateId: id } of items) {
      const heard = group?.heard.get(id);
      if (heard) heard[state === 'delivered' ? 'sure' : 'perhaps']++;
      else if (id !== world.load.templates.always) strange.push(`${user} ${id} ${atS}`);
    }
  }
  none(strange, 'every pop-up event is that of a group of taps');
}

/** Of a group the ledger has what the source told that told most. An event that had no answer may
 * have been taken all the same. */
function countTold(world) {
  for (const { user, taps, page, backend, heard } of world.load.groups)
    for (const [template, { sure, perhaps }] of heard) {
      const pair = world.pairs.get(keyOf(user, template));
      const low = Math.max(page, backend, sure);
      pair.tapped += taps;
      pair.heard += Math.min(low, taps);
      pair.told.low += low;
      pair.told.high += Math.max(low, sure + perhaps);
    }
}

// --- messages and phones

export const verdicts = (m, word) => m.attempts.filter((one) => one.verdict === word).length;

/** What became of the uses of a pair, by its cards and the attempts of its messages. */
export function countUses(pair) {
  pair.unknown = sum(pair.messages, (m) => verdicts(m, 'unknown'));
  pair.consumed = sum(pair.messages, (m) =>
    m.attempts.filter((a) => a.grant && (a.verdict === 'ok' || a.verdict === 'unknown')).length);
  pair.inVain = pair.unknown - (pair.cards - sum(pair.messages, (m) => verdicts(m, 'ok')));
}

function countArrivals(world) {
  const { load } = world;
  const strange = [];
  world.arrived = load.messages.map(() => 0);
  for (const card of world.cards) {
    const record = load.messages[numberOf(card.page)];
    if (record?.user !== card.user || record.template !== card.template_id ||
      card.data.thing1?.value !== `第${record.n}杯咖啡`) {
      strange.push(JSON.stringify(card));
      continue;
    }
    card.n = record.n;
    world.arrived[record.n]++;
    world.pairs.get(keyOf(card.user, card.template_id)).cards++;
  }
  none(strange, 'every card is a message of its own user with its own words');
  none(
    world.phones.filter((phone) => phone.received !== phone.messages.length).map((p) => p.received),
    'the phones kept all that they received');
  for (const pair of world.pairs.values()) countUses(pair);
}

const needs = {
  sent: (m, n) => n >= 1,
  delivered: (m, n) => n >= 1,
  failed: (m, n) => n === 0 || verdicts(m, 'unknown') > 0,
  canceled: (m, n) => n === 0 || verdicts(m, 'unknown') > 0,
  unknown: () => true,
  waiting: (m, n) => n === 0 || verdicts(m, 'unknown') > 0,
};

/** An event without an answer to match may mean any unknown message of its user and template. */
function ambiguous(world, m) {
  return world.pairs.get(keyOf(m.user, m.template)).unknown > 1;
}

function checkStates(world) {
  const untrue = [];
  const twice = [];
  const beyond = [];
  const again = [];
  const mistaken = [];
  let doubles = 0;
  for (const m of world.messages) {
    const n = world.arrived[numberOf(m.page)];
    const tell = () => `${m.id} ${m.tag} ${m.state} ${m.reason} ${m.policy} arrived ${n} times: ` +
      m.attempts.map((a) => `${a.at} ${a.verdict} ${a.errcode ?? a.errmsg ?? ''}`).join(', ');
    const sure = verdicts(m, 'ok');
    if (n < sure || n > sure + verdicts(m, 'unknown')) beyond.push(tell());
    if (m.policy === 'at_most_once' && n > 1) twice.push(tell());
    if (m.policy === 'at_most_once' && m.attempts.slice(0, -1).some((a) => a.verdict === 'unknown'))
      again.push(tell());
    doubles += Math.max(0, n - 1);
    if (needs[m.state]?.(m, n)) continue;
    if (m.state === 'delivered' && ambiguous(world, m)) mistaken.push(m);
    else untrue.push(tell());
  }
  none(twice, 'at_most_once: no message arrived twice');
  none(again, 'at_most_once: none was sent again after an answer was lost');
  none(beyond, 'each arrival is an attempt that was answered, or that is unknown');
  none(untrue, 'every state is final and true');
  const never = mistaken.filter((m) => m.policy === 'at_least_once').length;
  note(`at_least_once: ${doubles} arrived once more; ${mistaken.length} lost messages took the event ` +
    `of another one, ${never} of them at_least_once`);
}

function checkReasons(world) {
  const { load } = world;
  const allowed = (m) => /^no_grant\./.test(m.reason) ||
    (m.reason === 'grant_gone.43101' && load.liars.has(m.user) && m.on_missing === 'try');
  none(
    world.messages.filter((m) => m.state === 'failed' && !allowed(m))
      .map((m) => `${m.id} ${m.reason}`),
    'what failed had no permission');
  none(
    world.messages.filter((m) => m.state === 'waiting' && (m.due_at || !allowed(m)))
      .map((m) => `${m.id} ${m.reason} ${m.due_at}`),
    'what waits, waits for a permission and no longer for an instant');
}

/** An event that was answered with success is never told again: what it says has to be there. */
function checkSentEvents(world) {
  const byNumber = new Map(world.messages.map((m) => [numberOf(m.page), m]));
  const told = new Set();
  for (const { state, items } of world.pushes.of(sentEvent))
    if (state === 'delivered') told.add(items[0].MsgID);
  const deaf = [];
  for (const { n, msgid } of world.cards) {
    const m = byNumber.get(n);
    if (n === undefined || !told.has(msgid) || m.state === 'delivered') continue;
    const twice = m.policy === 'at_least_once' && world.arrived[n] > 1;
    if (!ambiguous(world, m) && !twice) deaf.push(`${m.id} ${m.state} ${m.reason} ${msgid}`);
  }
  none(deaf, `a message is delivered when one of ${told.size} sent events said so`);
}

// --- the ledger

function show(pair) {
  const { user, template, liar, tapped, told, cards, consumed, inVain, grant } = pair;
  return JSON.stringify({ user, template, liar, tapped, told, cards, consumed, inVain, grant });
}

export function checkTold(world, counters) {
  const total = (pair) => pair.grant?.uses_total ?? 0;
  none(
    counters.filter((pair) => total(pair) < pair.told.low).map(show),
    'no accept is lost that a source told and had its answer for');
  none(
    counters.filter((pair) => total(pair) > pair.told.high).map(show),
    'no accept counts twice, whoever told it');
  const { length } = counters.filter((pair) => pair.told.low !== pair.told.high);
  note(`accepts: ${sum(counters, (p) => p.told.low)} told, ${sum(counters, total)} counted; ` +
    `of ${length} counters an event without an answer may be in it`);
}

export function checkUses(world, counters) {
  const honest = counters.filter(({ liar, grant }) => !liar && grant);
  const left = (pair) => pair.grant.uses_left;
  none(
    honest.filter(({ grant }) => grant.uses_reserved !== 0 || grant.refusals ||
      grant.state !== (grant.uses_left ? 'available' : 'spent')).map(show),
    'who told the truth has a counter that is available or spent');
  none(
    honest.filter((pair) => pair.grant.uses_total !== pair.consumed + left(pair)).map(show),
    'accepts = uses left + messages sent + uses burned in doubt');
  none(
    honest.filter((pair) => pair.inVain < 0 || left(pair) > pair.tapped - pair.cards).map(show),
    'the ledger has nothing left that the platform would refuse');
  note(`honest counters: ${sum(honest, (p) => p.grant.uses_total)} accepts = ` +
    `${sum(honest, (p) => p.cards)} on the phones + ${sum(honest, left)} left + ` +
    `${sum(honest, (p) => p.inVain)} burned in doubt`);
}

/** Where more was told than tapped, what the platform refused is gone; nothing else is. */
function checkLiars(world, counters) {
  const liars = counters.filter(({ liar, grant }) => liar && grant);
  const left = ({ grant: { state, uses_left: uses } }) =>
    (state === 'available' || state === 'suspect' ? uses : 0);
  none(
    liars.filter((pair) => left(pair) < pair.heard - pair.cards - pair.inVain).map(show),
    'refusals took no use that the platform would still take');
  const refused = sum(liars, (pair) => sum(pair.messages, (m) =>
    m.attempts.filter((a) => Number(a.errcode) === 43101).length));
  ok(refused > 0, 'the platform refused what it did not know of');
  note(`counters with lies: ${refused} refusals, ` +
    `${liars.filter((pair) => pair.grant.state === 'revoked').length} revoked, ` +
    `${liars.filter((pair) => pair.grant.state === 'suspect').length} suspect`);
}

function checkAlways(world) {
  const always = [...world.pairs.values()].filter((pair) => pair.always);
  none(
    always.filter(({ grant }) => grant?.kind !== 'always' || grant.state !== 'available' ||
      grant.uses_left !== 1 || grant.uses_reserved !== 0).map(show),
    'a standing permission stands');
}

function checkWaiting(world) {
  const waiting = world.messages.filter(({ state }) => state === 'waiting');
  const free = ({ user, template }) => {
    const { grant } = world.pairs.get(keyOf(user, template));
    return grant?.usable === true;
  };
  none(
    waiting.filter(free).map((m) => `${m.id} ${m.reason} ${m.user} ${m.template}`),
    `none of ${waiting.length} messages waits although a use is free`);
}

export function checkReach(world) {
  const { once } = world.load.templates;
  const wanted = once.map((template) => {
    const usable = [...world.pairs.values()].filter((pair) =>
      pair.template === template && pair.grant?.state === 'available');
    return { users: usable.length, uses: sum(usable, ({ grant }) => grant.uses_left) };
  });
  equal(world.reach, wanted, 'the kept sums are those of the ledger');
}

/** The story of each user ends where the ledger is. */
export function checkTimelines(world) {
  const wrong = [];
  let untold = 0;
  for (const { user, balances, items } of world.timelines)
    for (const { template, left } of balances) {
      const { grant } = world.pairs.get(keyOf(user, template));
      const last = items.findLast((item) => item.template === template && 'balance_after' in item);
      const state = grant.state === 'revoked' ? 0 : grant.uses_left;
      if (!last) untold++;
      if (left !== state || (last && last.balance_after !== left))
        wrong.push(`${user} ${template}: ${JSON.stringify({ left, last, grant })}`);
    }
  none(wrong, 'the last balance of each timeline is that of the ledger');
  equal(untold, 0, 'and each is told');
}

// --- the wire

function checkTraffic(world, recovered, faults) {
  const { stats, load } = world;
  const { '-1': busy = 0, 43101: refused = 0, 43108: overlapping = 0, ...other } = stats.refused;
  const attempts = sum(world.messages, (m) => m.attempt_count);
  const unknown = sum(world.messages, (m) => verdicts(m, 'unknown'));
  const fired = sum(faults.filter((f) => f.drop || f.status), (f) => f.fired);
  const honest = world.messages.filter((m) => !load.liars.has(m.user));
  equal(other, {}, 'the platform refused nothing but what the faults and the lies asked for');
  none(
    honest.filter((m) => m.attempts.some((a) => Number(a.errcode) === 43101)).map((m) => m.id),
    'nobody was refused who had told the truth');
  ok(overlapping <= recovered, 'calls for one person only met over a kill', `${overlapping}`);
  ok(stats.sends <= attempts && attempts <= stats.sends + recovered,
    'every request is on record as an attempt',
    `${stats.sends} requests, ${attempts} attempts, ${recovered} recovered`);
  ok(unknown <= recovered + fired, 'every doubt is a kill or an accident of the platform',
    `${unknown} unknown, ${recovered} recovered, ${fired} accidents`);
  equal(world.alarms, [], 'a few refusals are no burst');
  note(`platform: ${stats.sends} requests, ${stats.accepted} accepted, ${refused} refused, ` +
    `${busy} system error, ${overlapping} overlapping, ${stats.faulted} other faults`);
}

export function judgeAccepts(world, { recovered, faults }) {
  const states = {};
  for (const m of world.messages) states[m.state] = (states[m.state] ?? 0) + 1;
  note(`messages: ${world.messages.length} ${JSON.stringify(states)}`);
  checkPushes(world);
  countEvents(world);
  countTold(world);
  countArrivals(world);
  checkNoneLost(world);
  checkStates(world);
  checkReasons(world);
  checkSentEvents(world);
  const counters = [...world.pairs.values()].filter((pair) => !pair.always);
  checkTold(world, counters);
  checkUses(world, counters);
  checkLiars(world, counters);
  checkAlways(world);
  checkWaiting(world);
  checkReach(world);
  checkTimelines(world);
  checkTraffic(world, recovered, faults);
}
