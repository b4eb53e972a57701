// Templates end to end: synced from the simulator, added, deleted, and what they make of messages.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, before, test } from 'node:test';
import { ADMIN_KEY, APP, World, checkProblem } from './lib.mjs';

const GETTEMPLATE = '/wxaapi/newtmpl/gettemplate';

let world;
before(async () => (world = await World.open()));
after(() => world.close());

function list() {
  return world.must(200, 'GET', `/v1/templates?app=${APP}`).then((answer) => answer.items);
}

function sync() {
  return world.must(200, 'POST', '/v1/templates/sync', { app: APP });
}

async function newSubscription(keywords, type = 2) {
  const made = await world.play('/sim/templates', { appid: APP, title: 'shipped', type, keywords });
  return made.template_id;
}

function subscribe(openid, template) {
  return world.play('/sim/subscribe', { appid: APP, openid, choices: { [template]: 'accept' } });
}

function cli(...args) {
  return spawnSync(process.env.HONGYAN_BIN, args, {
    env: { ...process.env, HONGYAN_URL: world.server.url, HONGYAN_KEY: ADMIN_KEY },
    encoding: 'utf8',
  });
}

test('a sync finds subscriptions and legacy templates, once a call', async () => {
  assert.deepEqual(await list(), []);
  const once = await newSubscription([
    { key: 'thing1', label: 'Goods' },
    { key: 'enum_string2', label: 'State', enum: ['new', 'sent'] },
  ]);
  const always = await newSubscription([{ key: 'date1', label: 'Day' }], 3);
  const legacy = [];
  for (let i = 0; i < 23; i++) legacy.push(await world.newTemplate());

  const answer = await sync();
  assert.equal(answer.templates, 25);
  assert.equal(answer.added, 25);
  assert.equal(answer.removed, 0);
  const items = await list();
  assert.deepEqual(
    items.filter((one) => one.kind === 'legacy').map((one) => one.template).sort(),
    legacy.sort(),
  );
  const found = items.find((one) => one.template === once);
  assert.equal(found.kind, 'once');
  assert.deepEqual(
    found.fields.map(({ key, type, label, max, values }) => ({ key, type, label, max, values })),
    [
      { key: 'thing1', type: 'thing', label: 'Goods', max: 20, values: undefined },
      { key: 'enum_string2', type: 'enum_string', label: 'State', max: undefined,
        values: ['new', 'sent'] },
    ],
  );
  assert.equal(items.find((one) => one.template === always).kind, 'always');
  assert.equal((await sync()).added, 0);
  const one = await world.must(200, 'GET', `/v1/templates/${once}?app=${APP}`);
  assert.deepEqual(one.fields, found.fields);
});

test('a message is held against its template before a permission is touched', async () => {
  const template = await newSubscription([
    { key: 'thing1', label: 'Goods' },
    { key: 'phrase2', label: 'State' },
  ]);
  const user = await world.newUser();
  const order = { app: APP, user, template, on_missing: 'try' };
  await subscribe(user, template);
  await sync();

  const { sends } = await world.play('/sim/stats');
  const refused = await world.call('POST', '/v1/messages', {
    ...order, data: { thing1: 'x'.repeat(21), phrase2: 'EMS', thing3: 'x' },
  });
  checkProblem(assert, refused, 400, 'invalid_input', 'data.thing1');
  checkProblem(assert, refused, 400, 'invalid_input', 'data.phrase2');
  checkProblem(assert, refused, 400, 'invalid_input', 'data.thing3');
  assert.equal((await world.play('/sim/stats')).sends, sends);

  const taken = await world.must(202, 'POST', '/v1/messages', {
    ...order, repair: 'cut', data: JSON.stringify({ thing1: `${'x'.repeat(18)}👨‍👩‍👧!`, phrase2: '已发货' }),
  });
  assert.equal(taken.repaired['data.thing1'], `${'x'.repeat(18)}…`);
  assert.equal(taken.repaired.data.phrase2.value, '已发货');
  const message = await world.messageIn(taken.id, 'sent');
  assert.equal(message.template_kind, 'once');
  const [card] = await world.phone(user);
  assert.equal(card.data.thing1.value, `${'x'.repeat(18)}…`);
});

test('what the platform refuses is traced to its field', async () => {
  const template = await newSubscription([{ key: 'character_string13', label: 'Parcel' }]);
  const user = await world.newUser();
  await subscribe(user, template);
  // Not synced: the platform finds it out.
  const { id } = await world.must(202, 'POST', '/v1/messages', {
    app: APP, user, template, on_missing: 'try', data: { character_string13: '单号' },
  });
  let [attempt] = (await world.messageIn(id, 'failed')).attempts;
  assert.equal(attempt.errcode, 47003);
  assert.equal(attempt.field, 'data.character_string13');
  assert.equal(attempt.label, undefined);
  await sync();
  [attempt] = (await world.message(id)).attempts;
  assert.equal(attempt.label, 'Parcel');
  assert.equal(attempt.errors[0].rule, 'characters');
});

test('templates are added from the library and deleted', async () => {
  const query = `app=${APP}`;
  const categories = await world.must(200, 'GET', `/v1/templates/categories?${query}`);
  assert.ok(categories.items.length > 0);
  const ids = categories.items.map((one) => one.id).join(',');
  const titles = await world.must(
    200, 'GET', `/v1/templates/titles?${query}&categories=${ids}&limit=30`,
  );
  const title = titles.items[0];
  assert.ok(title.id && title.title && titles.total >= titles.items.length);
  const keywords = await world.must(200, 'GET', `/v1/templates/keywords?${query}&tid=${title.id}`);
  assert.ok(keywords.items.length >= 3);

  const order = { app: APP, tid: title.id, keywords: [keywords.items[2].id, keywords.items[0].id],
    scene: 'orders' };
  const added = await world.must(201, 'POST', '/v1/templates', order);
  assert.equal(added.title, title.title);
  assert.deepEqual(
    added.fields.map((one) => one.label),
    [keywords.items[2].name, keywords.items[0].name],
  );
  // The very same again is the one that is there.
  const again = await world.must(201, 'POST', '/v1/templates', order);
  assert.equal(again.template, added.template);

  const refused = await world.call('POST', '/v1/templates', {
    app: APP, tid: 999999, keywords: [1, 2],
  });
  checkProblem(assert, refused, 422, 'platform_refused');
  assert.match(refused.json.detail, /200014/);

  const path = `/v1/templates/${added.template}?${query}`;
  await world.must(204, 'DELETE', path);
  assert.equal((await world.call('GET', path)).status, 404);
  assert.equal((await world.call('DELETE', path)).status, 422);
});

test('the library of form templates', async () => {
  const library = await world.must(200, 'GET', `/v1/templates/library?app=${APP}`);
  const title = library.items[0];
  const whole = await world.must(200, 'GET', `/v1/templates/library/${title.id}?app=${APP}`);
  const added = await world.must(201, 'POST', `/v1/templates?app=${APP}`, {
    legacy: true, id: title.id, keywords: [whole.items[0].id],
  });
  assert.equal(added.kind, 'legacy');
  assert.equal(added.fields.length, 1);
  await world.must(204, 'DELETE', `/v1/templates/${added.template}?app=${APP}`);
  assert.ok(!(await list()).some((one) => one.template === added.template));
});

test('trouble leaves what is known, a retired legacy interface is none', async () => {
  const before = await list();
  await world.play('/sim/faults', { path: GETTEMPLATE, errcode: 45009, times: 1 });
  const busy = await world.call('POST', '/v1/templates/sync', { app: APP });
  checkProblem(assert, busy, 503, 'platform_unavailable');
  assert.ok(Number(busy.headers.get('retry-after')) > 0);
  assert.deepEqual(await list(), before);

  await world.play('/sim/faults', { path: GETTEMPLATE, errcode: 40001, times: 1 });
  await sync(); // with a fresh token
  await world.play('/sim/apps', { appid: APP, legacy: 'retired' });
  const answer = await sync();
  assert.equal(answer.removed, 0);
  assert.equal((await list()).length, before.length);
  await world.play('/sim/apps', { appid: APP, legacy: 'alive' });
});

test('what was synced is known after a restart', async () => {
  const before = await list();
  assert.ok(before.length > 0);
  await world.stopServer();
  await world.startServer();
  assert.deepEqual(await list(), before);
});

test('the command line', async () => {
  const template = await newSubscription([{ key: 'thing1', label: 'Goods' }]);
  const user = await world.newUser();
  await subscribe(user, template);

  const synced = cli('template', 'sync', '--app', APP);
  assert.equal(synced.status, 0, synced.stderr);
  assert.match(synced.stdout, /added +1/);
  assert.ok(cli('template', 'list', '--app', APP).stdout.includes(template));
  const shown = cli('template', 'show', template, '--app', APP);
  assert.match(shown.stdout, /thing1 +Goods +any text of up to 20 characters/);

  const send = ['--app', APP, '--user', user, '--template', template, '--on-missing', 'try',
    '--data', JSON.stringify({ thing1: 'y'.repeat(30) })];
  const refused = cli('message', 'send', ...send);
  assert.equal(refused.status, 2);
  assert.match(refused.stderr, /data\.thing1/);
  const checked = cli('message', 'check', ...send, '--repair', 'cut');
  assert.equal(checked.stdout, `repaired data.thing1: ${'y'.repeat(19)}…\nok\n`);
  const sent = cli('message', 'send', ...send, '--repair', 'cut', '--wait',
    '--extra', '{"future_member":1}');
  assert.equal(sent.status, 0, sent.stderr);
  assert.match(sent.stdout, /^m\S+ sent\nrepaired data\.thing1: y{19}…\n$/);

  const added = cli('template', 'add', '--app', APP, '--tid', '1476', '--keywords', '1,3', '--json');
  assert.equal(added.status, 0, added.stderr);
  const removed = cli('template', 'delete', JSON.parse(added.stdout).template, '--app', APP);
  assert.equal(removed.status, 0, removed.stderr);
  assert.equal(cli('template', 'show', 'nonsense', '--app', APP).status, 1);
});
