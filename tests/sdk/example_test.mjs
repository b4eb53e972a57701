// The example mini program in Tencent's miniprogram-simulate, over real HTTP: against a small server
// that answers as documented, and against `hongyan serve` with `hongyan sim` behind it.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { APP, waitFor, World } from '../system/lib.mjs';
import { FakeServer } from './fake_wx.mjs';
import { Phone } from './phone.mjs';

const ASK = '/client/v1/ask';
const templates = { shipped: 'template-shipped', arrived: 'template-arrived' };

function adviceOf(told, available) {
  if (told.at(-1) === 'reject') return { ask: false, reason: 'refused_recently', available };
  return { ask: available < 2, available,
    reason: ['none_left', 'running_low'][available] ?? 'enough' };
}

// What the documented surface promises, over HTTP. `person` says what the user does.
async function openFake(t) {
  const fake = new FakeServer();
  const listener = createServer(async (request, response) => {
    let text = '';
    for await (const part of request) text += part;
    const { statusCode, data } = fake.answer({
      method: request.method, url: `http://fake${request.url}`, header: request.headers,
      data: text ? JSON.parse(text) : undefined,
    });
    response.writeHead(statusCode, { 'content-type': 'application/json' });
    response.end(data === '' ? '' : JSON.stringify(data));
  });
  await new Promise((resolve) => listener.listen(0, '127.0.0.1', resolve));
  t.after(() => listener.closeAllConnections?.() ?? listener.close());
  t.after(() => listener.close());

  const told = (template) => fake.taken.map((one) => one.subscriptions?.[template]).filter(Boolean);
  const accepts = (template) => told(template).filter((one) => one === 'accept').length;
  for (const template of Object.values(templates)) {
    Object.defineProperty(fake.advice, template, { get: () => adviceOf(told(template), accepts(template)) });
  }
  const world = {
    fake, templates, choices: {},
    config: { url: `http://127.0.0.1:${listener.address().port}`, app: APP, templates },
    available: accepts,
    forms: () => fake.taken.flatMap((one) => one.form_ids ?? []).length,
    formId: async () => '0123456789abcdef0123456789abcdef',
  };
  world.person = {
    code: async () => 'a-code',
    answer: async (ids) => Object.fromEntries(ids.map((id) => [id, world.choices[id] ?? 'accept'])),
  };
  return world;
}

// The server and the simulator. A person's answers go to both, as on a real phone.
async function openReal(t) {
  const hongyan = await World.open();
  t.after(() => hongyan.close());
  const user = await hongyan.newUser();
  const add = async (title) => (await hongyan.play('/sim/templates', {
    appid: APP, title, type: 2, keywords: [{ key: 'thing1', label: 'goods' }],
  })).template_id;
  const own = { shipped: await add('shipped'), arrived: await add('arrived') };
  const world = {
    hongyan, user, templates: own, choices: {},
    config: { url: hongyan.server.url, app: APP, templates: own },
    available: async (template) => (await hongyan.must(
      200, 'GET', `/v1/grants?app=${APP}&user=${user}&template=${template}`)).available,
    forms: async () => (await hongyan.grants(user)).items.filter((one) => one.kind === 'form_id').length,
    formId: () => hongyan.newForm(user),
  };
  world.person = {
    code: async () => (await hongyan.play('/sim/login', { appid: APP, openid: user })).code,
    answer: async (ids) => {
      const choices = Object.fromEntries(ids.map((id) => [id, world.choices[id] ?? 'accept']));
      await hongyan.play('/sim/subscribe', { appid: APP, openid: user, choices });
      return choices;
    },
  };
  return world;
}

for (const [name, open] of [['documented surface', openFake], ['server and simulator', openReal]]) {
  test(`${name}: a tap asks at once, the answers reach the ledger, and advice follows`, async (t) => {
    const world = await open(t);
    const { shipped, arrived } = world.templates;
    const phone = new Phone(t, world.config, world.person).start();
    await waitFor('advice before the tap', () => phone.storage.has(`hongyan.${APP}.advice`));

    world.choices = { [arrived]: 'reject' };
    assert.equal(await phone.tap('.subscribe'), '好的，到时通知你');
    assert.deepEqual(phone.prompts, [[shipped, arrived]]);
    await waitFor('the accept', async () => (await world.available(shipped)) === 1);
    assert.equal(await world.available(arrived), 0);

    const asked = phone.calls(ASK);
    assert.equal(await phone.tap('.subscribe'), '好的，到时通知你');
    assert.deepEqual(phone.prompts[1], [shipped], 'nobody is bothered again about the other');
    await waitFor('the second accept', async () => (await world.available(shipped)) === 2);
    await waitFor('new advice', () => phone.calls(ASK) > asked);
    if (world.hongyan) {
      const advice = await phone.hongyan.askWhatIsWorth(undefined, { fresh: true });
      assert.deepEqual(advice.templates.map((one) => [one.template, one.ask, one.reason, one.available]),
        [[shipped, false, 'enough', 2], [arrived, false, 'refused_recently', 0]]);
    }
    assert.equal(await phone.tap('.subscribe'), '已经订阅，无需重复');
    assert.equal(phone.prompts.length, 2);
  });

  test(`${name}: a form's id is collected, a mock one is not`, async (t) => {
    const world = await open(t);
    const phone = new Phone(t, world.config, world.person).start();
    assert.equal(await phone.submit('the formId is a mock one'), '留言已提交');
    assert.equal(await phone.submit(await world.formId()), '留言已提交');
    await waitFor('the form id', async () => (await world.forms()) === 1);
    assert.equal(await world.forms(), 1);
  });

  test(`${name}: an accept given without a net arrives after the next start, once`, async (t) => {
    const world = await open(t);
    const { shipped } = world.templates;
    const phone = new Phone(t, world.config, world.person).start();
    await waitFor('advice', () => phone.storage.has(`hongyan.${APP}.advice`));
    phone.offline = true;
    await phone.tap('.subscribe');
    assert.equal((await phone.hongyan.flush()).reason, 'network');
    assert.equal(await world.available(shipped), 0);

    phone.offline = false;
    phone.start();
    await waitFor('the accept', async () => (await world.available(shipped)) === 1);
    phone.start();
    assert.equal((await phone.hongyan.flush()).ok, true);
    assert.equal(await world.available(shipped), 1);
  });
}

test('server and simulator: what the user allowed in the page brings the message', async (t) => {
  const world = await openReal(t);
  const { hongyan, user, templates: own } = world;
  const phone = new Phone(t, world.config, world.person).start();
  const { id } = await hongyan.must(202, 'POST', '/v1/messages', {
    app: APP, user, template: own.shipped, data: { thing1: 'a book' }, on_missing: 'wait' });
  assert.equal((await hongyan.message(id)).state, 'waiting');

  await phone.tap('.subscribe');
  await waitFor('the message', async () => (await hongyan.phone(user)).length === 1);
  assert.equal((await hongyan.phone(user))[0].data.thing1.value, 'a book');
});

test("server and simulator: one tap, told by WeChat's event and by the page, counts once", async (t) => {
  const world = await openReal(t);
  const { hongyan, templates: own } = world;
  const token = 'a-token-for-events';
  await hongyan.must(200, 'PATCH', `/v1/apps/${APP}`, { callback_token: token });
  await hongyan.play('/sim/apps', { appid: APP, push: {
    url: `${hongyan.server.url}/callback/${APP}`, token, mode: 'plain', format: 'json' } });
  const phone = new Phone(t, world.config, world.person).start();
  await waitFor('advice', () => phone.storage.has(`hongyan.${APP}.advice`));

  phone.offline = true;
  await phone.tap('.subscribe');
  await waitFor('the event', async () => (await world.available(own.shipped)) === 1);
  phone.offline = false;
  const flushed = await phone.hongyan.flush();
  assert.deepEqual([flushed.ok, flushed.sent], [true, 1]);
  assert.equal(await world.available(own.shipped), 1);
});
