// Holds what the webhooks were told against what became of the messages, the grants and the events.
import { sum } from './accepts_judge.mjs';
import { equal, none, note, ok } from './tap.mjs';

const quiet = ['waiting', 'queued', 'sending'];

function checkOneByOne(hook) {
  const wrong = [];
  const first = new Map();
  let repeated = 0;
  for (const one of hook.told) {
    const before = first.get(one.id);
    if (!before) first.set(one.id, one);
    else repeated++;
    const same = ({ type, timestamp, data: { attempts, ...data } }) =>
      JSON.stringify([type, timestamp, data]);
    if (before && same(before) !== same(one)) wrong.push(`${same(before)} became ${same(one)}`);
  }
  none(wrong, `${hook.path}: what was told again said the same`);
  hook.first = [...first.values()];
  note(`${hook.path}: ${hook.first.length} outcomes, ${repeated} of them told again`);
}

/** An outcome comes only when the ones before it of its message are told for good. */
function checkOrder(hook) {
  const wrong = [];
  const last = new Map();
  hook.byMessage = new Map();
  for (const { type, number, data } of hook.told) {
    if (!type.startsWith('message.')) continue;
    if ((last.get(data.id) ?? 0) > number) wrong.push(`${data.id}: e${number} after ${last.get(data.id)}`);
    last.set(data.id, Math.max(number, last.get(data.id) ?? 0));
  }
  for (const one of hook.first)
    if (one.type.startsWith('message.')) {
      const list = hook.byMessage.get(one.data.id) ?? [];
      hook.byMessage.set(one.data.id, [...list, one]);
    }
  none(wrong, `${hook.path}: what became of a message was told in order`);
}

function checkStates(world, hook) {
  const [untold, strange] = [[], []];
  for (const m of world.messages) {
    const told = hook.byMessage.get(m.id) ?? [];
    const last = told.at(-1);
    const words = told.map(({ type }) => type).join(' ');
    if (!quiet.includes(m.state) && hook.wants(m.state) && last?.data.state !== m.state)
      untold.push(`${m.id} ${m.state} ${m.reason}: told ${words}`);
    for (const { type, data } of told) {
      const fits = type === `message.${data.state}` && data.user === m.user && data.app === m.app &&
        data.template === m.template && data.tag === m.tag;
      if (!fits) strange.push(`${m.id} ${type}: ${JSON.stringify(data)}`);
    }
  }
  for (const id of hook.byMessage.keys()) if (!world.byId.has(id)) strange.push(`${id}: no message`);
  none(untold, `${hook.path}: the last state of each message was told`);
  none(strange, `${hook.path}: and of each what it is`);
}

function checkGrants(world, hook) {
  const added = new Map();
  for (const { type, data } of hook.first)
    if (type === 'grant.added') {
      const key = `${data.user} ${data.template}`;
      added.set(key, (added.get(key) ?? 0) + data.uses);
    }
  none([...world.pairs.values()].filter((p) => !p.liar &&
    (added.get(`${p.user} ${p.template}`) ?? 0) !== p.told.low)
    .map((p) => `${p.user} ${p.template}: told ${added.get(`${p.user} ${p.template}`)} of ${p.told.low}`),
  'each permission was told once');
}

/** An event that was answered with success is told; one that had no answer may be. */
function checkEvents(hook, pushes) {
  const all = [...pushes.pushes.values()];
  const sure = all.filter(({ state }) => state === 'delivered').length;
  const told = hook.first.filter(({ type }) => type === 'callback.raw').length;
  ok(sure <= told && told <= all.length, 'each event that was taken was told once',
    `${told} told, ${sure} of ${all.length} pushes taken`);
}

export function judgeHooks(world, { hooks, deaths, refused }, pushes) {
  const [main] = hooks;
  for (const hook of hooks) {
    none(hook.faults, `${hook.path}: every request was signed`);
    checkOneByOne(hook);
    checkOrder(hook);
    checkStates(world, hook);
  }
  checkGrants(world, main);
  checkEvents(main, pushes);
  equal(world.webhooks.map(({ pending }) => pending), hooks.map(() => 0),
    'nothing is left in the outbox');
  const types = {};
  for (const { type } of main.first) types[type] = (types[type] ?? 0) + 1;
  const tests = types['webhook.test'] ?? 0;
  ok(tests >= world.load.counts.tests, 'each test came', `${tests} of ${world.load.counts.tests}`);
  note(`told: ${JSON.stringify(types)}; the receiver refused ${refused} and died ${deaths} times; ` +
    `${sum(hooks, ({ told }) => told.length)} requests in all`);
}
