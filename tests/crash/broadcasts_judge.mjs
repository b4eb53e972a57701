// Holds broadcasts, schedules and what the webhooks were told against the messages, the phones and
// what the backend asked for.
import { checkReach, checkTimelines, checkTold, checkUses, countUses, keyOf, sum, verdicts }
  from './accepts_judge.mjs';
import { pageOf } from './broadcasts_load.mjs';
import { allMessages, checkNoneLost, inParts, since } from './judge.mjs';
import { judgeHooks } from './hooks_judge.mjs';
import { equal, none, note, ok } from './tap.mjs';

const minuteMs = 60000;

// --- gathering

export async function pagesOf(client, path) {
  const found = [];
  let after = '';
  do {
    const page = await client.must(200, 'GET', `${path}&limit=1000${after}`);
    found.push(...page.items);
    after = page.next ? `&after=${page.next}` : null;
  } while (after !== null);
  return found;
}

function makePairs(world, ledgers) {
  const { load } = world;
  world.pairs = new Map();
  for (const user of load.users)
    for (const template of load.templates.once) {
      const { tapped, told, lastTapMs, quit } = load.pair(user, template);
      world.pairs.set(keyOf(user, template), { user, template, tapped, lastTapMs, liar: quit,
        told: { low: told, high: told }, messages: [], cards: 0, grant: null });
    }
  world.receipts = new Map();
  ledgers.forEach(({ items }, i) => {
    for (const grant of items)
      if (grant.credential) world.receipts.set(grant.credential, { ...grant, user: load.users[i] });
      else world.pairs.get(keyOf(load.users[i], grant.template)).grant = grant;
  });
  for (const m of world.messages) world.pairs.get(keyOf(m.user, m.template))?.messages.push(m);
}

export async function gatherBroadcasts(load, statsBefore) {
  const { client } = load.server;
  const get = (path) => client.must(200, 'GET', path);
  const world = { load, cards: [] };
  world.broadcasts = await pagesOf(client, `/v1/broadcasts?app=${load.app}`);
  world.messages = await inParts(await allMessages(load), 16, ({ id }) => get(`/v1/messages/${id}`));
  world.byId = new Map(world.messages.map((m) => [m.id, m]));
  for (const b of world.broadcasts) {
    b.list = await pagesOf(client, `/v1/messages?app=${load.app}&broadcast=${b.id}`);
    b.unreached = await get(`/v1/broadcasts/${b.id}/failed`);
  }
  world.phones = await inParts(load.users, 16, (user) =>
    load.sim.get(`phone?appid=${load.app}&openid=${user}`));
  world.phones.forEach((phone, i) => {
    for (const card of phone.messages) world.cards.push({ ...card, user: load.users[i] });
  });
  makePairs(world, await inParts(load.users, 16, (user) =>
    get(`/v1/grants?app=${load.app}&user=${user}&limit=1000`)));
  world.timelines = await inParts(load.users, 16, async (user) => {
    const story = await get(`/v1/users/${load.app}/${user}/timeline?limit=1000`);
    story.balances = story.balances.filter(({ template }) => load.templates.once.includes(template));
    return story;
  });
  world.reach = await inParts(load.templates.once, 1, (template) =>
    get(`/v1/reach?app=${load.app}&template=${template}`));
  world.webhooks = (await get('/v1/webhooks')).items;
  world.stats = since(statsBefore, await load.sim.get('stats'));
  return world;
}

// --- broadcasts

function checkMade(world) {
  const { broadcasts, load } = world;
  const ids = new Set(broadcasts.map(({ id }) => id));
  const own = load.broadcasts.map(({ id }) => id);
  none(load.broadcasts.filter(({ id }) => !ids.has(id)).map(({ n, id }) => `${n} ${id}`),
    `none of ${own.length} broadcasts is lost`);
  equal(new Set(own).size, own.length, 'no two broadcasts share an id');
  none(broadcasts.filter((b) => !b.schedule && !own.includes(b.id)).map((b) => `${b.id} ${b.name}`),
    'a request that was made again made no second broadcast');
  none(broadcasts.filter((b) => b.state !== 'done' && b.state !== 'canceled')
    .map((b) => `${b.id} ${b.state}`), 'every broadcast is over');
}

const shown = { queued: ['queued', 'sending'], sent: ['sent', 'delivered'],
  delivered: ['delivered'], failed: ['failed'], unknown: ['unknown'], waiting: ['waiting'],
  expired: ['expired'] };

/** The counts are those of the messages; of a canceled one the rest were never made. */
function checkCounts(world) {
  const wrong = [];
  for (const b of world.broadcasts) {
    const made = (states) => b.list.filter((m) => states.includes(m.state)).length;
    const wanted = Object.fromEntries(Object.entries(shown).map(([name, of]) => [name, made(of)]));
    wanted.canceled = made(['canceled']) + b.total - b.list.length;
    const is = Object.fromEntries(Object.keys(wanted).map((name) => [name, b[name]]));
    const whole = b.state === 'canceled' ? b.list.length <= b.total : b.list.length === b.total;
    if (!whole || JSON.stringify(is) !== JSON.stringify(wanted))
      wrong.push(`${b.id} ${b.name} ${b.state} of ${b.total}: counts ${JSON.stringify(is)}, ` +
        `messages ${JSON.stringify(wanted)}`);
  }
  none(wrong, 'made and canceled users are all users, and the counts those of the messages');
}

/** The list of whom it did not reach is that of the messages. */
function checkUnreached(world) {
  const wrong = [];
  const tell = ({ id, user, state, reason }) => `${id} ${user} ${state} ${reason}`;
  for (const { id, list, unreached } of world.broadcasts) {
    const wanted = list.filter(({ state }) => /^(failed|expired|unknown)$/.test(state));
    const [is, should] = [unreached, wanted].map((part) => part.map(tell).sort().join('\n'));
    if (is !== should) wrong.push(`${id}: ${is}\nshould be\n${should}`);
  }
  none(wrong, 'whom a broadcast did not reach is listed');
}

function checkAudiences(world) {
  const { load } = world;
  const byId = new Map(world.broadcasts.map((b) => [b.id, b]));
  const [twice, missing, strangers, words, duplicates] = [[], [], [], [], []];
  for (const b of world.broadcasts) {
    const users = b.list.map(({ user }) => user);
    if (new Set(users).size !== users.length) twice.push(`${b.id} ${b.name}`);
  }
  for (const record of load.broadcasts.filter(({ kind }) => kind !== 'reach')) {
    const b = byId.get(record.id);
    const made = new Map(b?.list.map((m) => [m.user, m]) ?? []);
    const tell = (user) => `${record.id} ${record.kind} ${b?.state} ${user}`;
    for (const [user, text] of record.audience) {
      if (b?.state === 'done' && !made.has(user)) missing.push(tell(user));
      if (made.has(user) && made.get(user).data[record.field].value !== text) words.push(tell(user));
    }
    for (const user of made.keys()) if (!record.audience.has(user)) strangers.push(tell(user));
    if (record.kind === 'list' && b?.duplicates !== record.duplicates)
      duplicates.push(`${record.id}: ${b?.duplicates}, told ${record.duplicates}`);
  }
  none(twice, 'no user stands in a broadcast twice');
  none(missing, 'every user of a broadcast that is done has a message');
  none(strangers, 'and nobody else has');
  none(words, 'with the words that were uploaded for them');
  none(duplicates, 'who was told twice is counted as such');
}

/** Who had uses before a broadcast by reach was made, has some now and quit never, is in it. */
function checkReaches(world) {
  const { load } = world;
  const byId = new Map(world.broadcasts.map((b) => [b.id, b]));
  const forgotten = [];
  let must = 0;
  for (const record of load.broadcasts.filter(({ kind }) => kind === 'reach')) {
    const b = byId.get(record.id);
    if (b?.state !== 'done') continue;
    const reached = new Set(b.list.map(({ user }) => user));
    for (const pair of world.pairs.values()) {
      const sure = pair.template === record.template && !pair.liar && pair.grant?.uses_left >= 3 &&
        pair.lastTapMs < record.createdAtMs;
      must += sure;
      if (sure && !reached.has(pair.user)) forgotten.push(`${b.id} ${pair.user}`);
    }
  }
  none(forgotten, `the reach has all of ${must} who must be in it`);
}

// --- schedules

function checkSchedules(world, schedules) {
  const wrong = [];
  let fired = 0;
  for (const { name, page, kind, fromMs, toMs } of schedules) {
    const due = [];
    for (let at = Math.ceil((fromMs + 1) / minuteMs) * minuteMs; at <= toMs; at += minuteMs)
      due.push(`${name} ${new Date(at).toISOString().slice(0, 19)}Z`);
    fired += due.length;
    const is = kind === 'broadcast'
      ? world.broadcasts.filter((b) => b.schedule === name).map((b) => b.name).sort()
      : world.messages.filter((m) => m.page === page)
        .sort((a, b) => (a.accepted_at < b.accepted_at ? -1 : 1)).map((m, i) =>
          (due[i] && Date.parse(m.accepted_at) >= Date.parse(due[i].split(' ').at(-1))
            ? due[i] : `${name} ${m.accepted_at}`));
    if (JSON.stringify(is) !== JSON.stringify(due))
      wrong.push(`${name}: fired ${JSON.stringify(is)}, due ${JSON.stringify(due)}`);
  }
  none(wrong, `schedules fired once for each of ${fired} due times`);
}

// --- messages and phones

function checkAllExplained(world, schedules) {
  const { load, messages, broadcasts } = world;
  const pages = new Set(schedules.map(({ page }) => page));
  const inBroadcasts = new Set(broadcasts.flatMap(({ list }) => list.map(({ id }) => id)));
  equal(inBroadcasts.size, sum(broadcasts, ({ list }) => list.length),
    'no message is of two broadcasts');
  const single = messages.filter((m) => !inBroadcasts.has(m.id) && !pages.has(m.page));
  checkNoneLost({ load, messages: single });
  const byId = new Map(broadcasts.map((b) => [b.id, b]));
  none(load.broadcasts.flatMap(({ id, n }) => byId.get(id)?.list
    .filter((m) => m.page !== pageOf(n) || m.tag !== `b${n}`).map((m) => m.id) ?? []),
  'messages of a broadcast have its page and tag');
  note(`messages: ${single.length} single, ${inBroadcasts.size} of ${broadcasts.length} broadcasts`);
}

/** The messages that a card may be: those of its page to its user. */
function countArrivals(world) {
  const strange = [];
  world.groups = new Map();
  for (const m of world.messages) {
    const key = keyOf(m.user, m.page);
    if (!world.groups.has(key)) world.groups.set(key, { messages: [], cards: 0 });
    world.groups.get(key).messages.push(m);
  }
  for (const card of world.cards) {
    const group = world.groups.get(keyOf(card.user, card.page));
    const [m] = group?.messages ?? [];
    if (!m || m.template !== card.template_id ||
      JSON.stringify(m.data) !== JSON.stringify(card.data)) {
      strange.push(JSON.stringify({ card, m }));
      continue;
    }
    group.cards++;
    const pair = world.pairs.get(keyOf(card.user, card.template_id));
    if (pair) pair.cards++;
  }
  none(strange, 'every card is a message of its own user with its own words');
  none(world.phones.filter((phone) => phone.received !== phone.messages.length)
    .map((phone) => phone.received), 'the phones kept all that they received');
  for (const pair of world.pairs.values()) countUses(pair);
}

const arrives = { sent: 1, delivered: 1 };

function checkStates(world) {
  const [untrue, twice, beyond, strange] = [[], [], [], []];
  let doubles = 0;
  let mistaken = 0;
  for (const { messages, cards } of world.groups.values()) {
    const sure = sum(messages, (m) => verdicts(m, 'ok'));
    const doubted = sum(messages, (m) => verdicts(m, 'unknown'));
    const once = messages.every((m) => m.policy === 'at_most_once');
    const [m] = messages;
    const tell = () => `${m.id} ${m.page} ${m.state} ${m.reason} ${m.policy} arrived ${cards} ` +
      `times: ${m.attempts.map((a) => `${a.at} ${a.verdict} ${a.errcode ?? a.errmsg ?? ''}`)}`;
    if (cards < sure || cards > sure + doubted) beyond.push(tell());
    if (once && cards > messages.length) twice.push(tell());
    doubles += Math.max(0, cards - messages.length);
    if (cards < sum(messages, ({ state }) => arrives[state] ?? 0)) {
      // An event without an answer to match may mean any unknown message of its user and template.
      if (world.pairs.get(keyOf(m.user, m.template))?.unknown > 1) mistaken++;
      else untrue.push(tell());
    }
    for (const one of messages)
      if (!/^(sent|delivered|failed|unknown|waiting|expired|canceled)$/.test(one.state) ||
        (one.state === 'waiting' && one.due_at)) strange.push(tell());
  }
  none(twice, 'at_most_once: no message arrived twice');
  none(beyond, 'each arrival is an attempt that was answered, or that is unknown');
  none(untrue, 'what is sent or delivered is on the phone');
  none(strange, 'every state is final, or waits for a permission');
  note(`at_least_once: ${doubles} arrived once more; ${mistaken} lost messages took the event of ` +
    'another one');
}

const reasons = /^(no_grant\.|user_gone|grant_gone\.43101)/;

function checkReasons(world) {
  none(world.messages.filter((m) => m.state === 'failed' && !reasons.test(m.reason))
    .map((m) => `${m.id} ${m.reason}`), 'what failed had no permission');
  const waiting = world.messages.filter(({ state }) => state === 'waiting');
  none(waiting.filter((m) => world.pairs.get(keyOf(m.user, m.template))?.grant?.usable === true)
    .map((m) => `${m.id} ${m.reason}`), `none of ${waiting.length} waits although a use is free`);
}

// --- ledger and wire

function checkReceipts(world) {
  const { receipts: given } = world.load;
  const used = new Map();
  for (const { form_id: id } of world.cards) if (id) used.set(id, (used.get(id) ?? 0) + 1);
  const excused = new Set(world.messages
    .filter((m) => m.state === 'unknown' || m.state === 'canceled' || m.reason === 'in_doubt')
    .flatMap((m) => m.attempts.map(({ grant }) => grant)));
  const wrong = [];
  for (const [id, { user }] of given) {
    const grant = world.receipts.get(id);
    const cards = used.get(id) ?? 0;
    const state = cards ? 'spent' : 'available';
    if (grant?.user !== user || cards > 1 || grant.uses_reserved !== 0 ||
      (!excused.has(grant.id) && grant.state !== state))
      wrong.push(`${id} on ${cards} cards: ${JSON.stringify(grant)}`);
  }
  none(wrong, `each of ${given.size} receipts is in the ledger, spent when it paid for a card`);
  equal(world.receipts.size, given.size, 'and once');
}

function checkTraffic(world, recovered, faults) {
  const { stats, load } = world;
  const { '-1': busy = 0, 41029: used = 0, 43101: refused = 0, 43108: met = 0, ...other } =
    stats.refused;
  const attempts = sum(world.messages, (m) => m.attempt_count);
  const unknown = sum(world.messages, (m) => verdicts(m, 'unknown'));
  const fired = sum(faults.filter((f) => f.drop || f.status), (f) => f.fired);
  equal(other, {}, 'the platform refused nothing but what the faults and the proofs asked for');
  none(world.messages.filter((m) => !world.pairs.get(keyOf(m.user, m.template))?.liar &&
    m.attempts.some((a) => Number(a.errcode) === 43101)).map((m) => m.id),
  'nobody was refused who had not quit');
  ok(met <= recovered, 'calls for one person only met over a kill', `${met}`);
  ok(stats.sends <= attempts && attempts <= stats.sends + recovered,
    'every request is on record as an attempt',
    `${stats.sends} requests, ${attempts} attempts, ${recovered} recovered`);
  ok(unknown <= recovered + fired, 'every doubt is a kill or an accident of the platform',
    `${unknown} unknown, ${recovered} recovered, ${fired} accidents`);
  equal(load.pushFaults, [], 'pushes were answered with success');
  note(`platform: ${stats.sends} requests, ${stats.accepted} accepted, ${refused} refused, ` +
    `${used} already used, ${busy} system error, ${met} overlapping, ${stats.faulted} other faults`);
  note(`unknown attempts: ${unknown} = kills and accidents (${recovered} recovered, ${fired} ` +
    `accidents); left unknown: ${world.messages.filter((m) => m.state === 'unknown').length}`);
}

export function judgeBroadcasts(world, { recovered, faults, schedules, hooks, pushes }) {
  const states = {};
  for (const m of world.messages) states[m.state] = (states[m.state] ?? 0) + 1;
  note(`messages: ${world.messages.length} ${JSON.stringify(states)}`);
  world.load.pushFaults = [...pushes.pushes.values()]
    .filter((p) => p.state === 'refused' || (p.state === 'delivered' && p.answer !== 'success'));
  checkMade(world);
  checkCounts(world);
  checkUnreached(world);
  checkAudiences(world);
  checkReaches(world);
  checkSchedules(world, schedules);
  checkAllExplained(world, schedules);
  countArrivals(world);
  checkStates(world);
  checkReasons(world);
  const honest = [...world.pairs.values()].filter(({ liar }) => !liar);
  checkTold(world, honest);
  checkUses(world, honest);
  checkReach(world);
  checkTimelines(world);
  checkReceipts(world);
  checkTraffic(world, recovered, faults);
  judgeHooks(world, hooks, pushes);
}
