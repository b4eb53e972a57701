// Who changed what: every changing call that docs/openapi.yaml has is on record after it was made. A call
// that nobody wrote a sample for here fails the test, and so does one that leaves no record.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ADMIN_KEY, APP, World } from './lib.mjs';

const data = { thing1: 'a cup of tea' };

// Messages and grants are their own record; a check changes nothing.
const OWN_RECORD = ['POST /v1/messages', 'POST /v1/messages/check', 'POST /v1/grants'];

let world, template;
before(async () => {
  world = await World.open();
  template = await world.newTemplate2();
});
after(() => world.close());

const newest = async () => (await world.must(200, 'GET', '/v1/audit?limit=1')).items[0];
const later = () => Math.floor(Date.now() / 1000) + 3600;

// --- what the samples need ---

let apps = 0;
const newApp = async () => {
  const id = `wx00000000000000${(++apps + 0x10).toString(16)}`;
  await world.must(201, 'POST', '/v1/apps', { id, secret: '0'.repeat(31) + '2' });
  return id;
};
const newKey = () => world.must(201, 'POST', '/v1/keys', { name: 'short', scopes: ['read'] });
let schedules = 0;
const newSchedule = () =>
  world.must(201, 'POST', '/v1/schedules', {
    app: APP, name: `s${++schedules}`, cron: '0 8 * * *',
    message: { user: 'oUser00000000000000000000001', template, data },
  });
const newMessage = async (more) =>
  (await world.must(202, 'POST', '/v1/messages', {
    app: APP, user: await world.newUser(), template, data, ...more,
  })).id;
const newWebhook = () =>
  world.must(201, 'POST', '/v1/webhooks', { url: 'https://example.com/hook',
    events: ['message.sent'] });
// A draft; with users it can be started.
const newBroadcast = async (users = 1) => {
  const { id } = await world.must(201, 'POST', '/v1/broadcasts', { app: APP, template, data });
  const lines = Array.from({ length: users }, (_, i) =>
    JSON.stringify({ user: `oUser0000000000000000000${1000 + i}` })).join('\n');
  if (users) await world.must(200, 'POST', `/v1/broadcasts/${id}/users`, `${lines}\n`, {
    raw: true, headers: { 'content-type': 'application/x-ndjson' } });
  return id;
};
// Runs for minutes.
const startedBroadcast = async () => {
  const users = Array.from({ length: 500 }, (_, i) => `oUser0000000000000000000${2000 + i}`);
  const { id } = await world.must(201, 'POST', '/v1/broadcasts', {
    app: APP, template, data, audience: { users }, rate_per_s: 1,
  });
  return id;
};

// Makes each call once. A row gives [path, body?, options?] and what the record says it was done to, if
// that is known before.
const samples = {
  'POST /v1/apps': async () => [['/v1/apps', { id: 'wx00000000000000aa', secret: '1'.repeat(32) }],
    'wx00000000000000aa'],
  'PATCH /v1/apps/{id}': async () => [[`/v1/apps/${APP}`, { rate_per_s: 500 }], APP],
  'DELETE /v1/apps/{id}': async () => {
    const id = await newApp();
    return [[`/v1/apps/${id}`], id];
  },
  'POST /v1/apps/{id}/pause': async () => {
    const id = await newApp();
    return [[`/v1/apps/${id}/pause`, { until: later() }], id];
  },
  'POST /v1/apps/{id}/resume': async () => {
    const id = await newApp();
    return [[`/v1/apps/${id}/resume`], id];
  },
  'POST /v1/apps/{id}/token/refresh': async () => [[`/v1/apps/${APP}/token/refresh`], APP],
  'POST /v1/keys': async () => [['/v1/keys', { name: 'new', scopes: ['send'] }]],
  'DELETE /v1/keys/{id}': async () => {
    const { id } = await newKey();
    return [[`/v1/keys/${id}`], id];
  },
  'POST /v1/templates': async () => [['/v1/templates', { app: APP, tid: 1476, keywords: [1, 3] }]],
  'POST /v1/templates/sync': async () => [['/v1/templates/sync', { app: APP }]],
  'DELETE /v1/templates/{template}': async () => {
    const id = await world.newTemplate2();
    return [[`/v1/templates/${id}?app=${APP}`], id];
  },
  'POST /v1/schedules': async () => [['/v1/schedules', {
    app: APP, name: 'sample', cron: '0 9 * * *', message: { user: 'oUser00000000000000000000001',
      template, data } }]],
  'PATCH /v1/schedules/{id}': async () => {
    const { id } = await newSchedule();
    return [[`/v1/schedules/${id}`, { paused: true }], id];
  },
  'DELETE /v1/schedules/{id}': async () => {
    const { id } = await newSchedule();
    return [[`/v1/schedules/${id}`], id];
  },
  'POST /v1/messages/{id}/cancel': async () => {
    const id = await newMessage({ send_at: later() });
    return [[`/v1/messages/${id}/cancel`], id];
  },
  'POST /v1/messages/{id}/retry': async () => {
    const id = await newMessage();
    return [[`/v1/messages/${id}/retry`], id];
  },
  'POST /v1/dead-letters/retry': async () => {
    await newMessage();
    return [['/v1/dead-letters/retry', { app: APP, state: 'failed' }]];
  },
  'DELETE /v1/users/{app}/{user}/sessions': async () => {
    const user = await world.newUser();
    return [[`/v1/users/${APP}/${user}/sessions`], user];
  },
  'POST /v1/webhooks': async () => [['/v1/webhooks', { url: 'https://example.com/other',
    events: ['message.failed'] }]],
  'PATCH /v1/webhooks/{id}': async () => {
    const { id } = await newWebhook();
    return [[`/v1/webhooks/${id}`, { paused: true }], id];
  },
  'DELETE /v1/webhooks/{id}': async () => {
    const { id } = await newWebhook();
    return [[`/v1/webhooks/${id}`], id];
  },
  'POST /v1/webhooks/{id}/rotate': async () => {
    const { id } = await newWebhook();
    return [[`/v1/webhooks/${id}/rotate`], id];
  },
  'POST /v1/webhooks/{id}/enable': async () => {
    const { id } = await newWebhook();
    return [[`/v1/webhooks/${id}/enable`], id];
  },
  'POST /v1/webhooks/{id}/test': async () => {
    const { id } = await newWebhook();
    return [[`/v1/webhooks/${id}/test`], id];
  },
  'POST /v1/broadcasts': async () => [['/v1/broadcasts', { app: APP, template, data }]],
  'PATCH /v1/broadcasts/{id}': async () => {
    const id = await newBroadcast();
    return [[`/v1/broadcasts/${id}`, { name: 'spring' }], id];
  },
  'POST /v1/broadcasts/{id}/users': async () => {
    const id = await newBroadcast(0);
    return [[`/v1/broadcasts/${id}/users`, '{"user":"oUser00000000000000000000001"}\n',
      { raw: true, headers: { 'content-type': 'application/x-ndjson' } }], id];
  },
  'POST /v1/broadcasts/{id}/start': async () => {
    const id = await newBroadcast();
    return [[`/v1/broadcasts/${id}/start`], id];
  },
  'POST /v1/broadcasts/{id}/pause': async () => {
    const id = await startedBroadcast();
    return [[`/v1/broadcasts/${id}/pause`], id];
  },
  'POST /v1/broadcasts/{id}/resume': async () => {
    const id = await startedBroadcast();
    await world.must(200, 'POST', `/v1/broadcasts/${id}/pause`);
    return [[`/v1/broadcasts/${id}/resume`], id];
  },
  'POST /v1/broadcasts/{id}/cancel': async () => {
    const id = await startedBroadcast();
    return [[`/v1/broadcasts/${id}/cancel`], id];
  },
};

// Calls with a key that are no GET.
const changing = (document) =>
  Object.entries(document.paths).flatMap(([path, item]) =>
    ['post', 'put', 'patch', 'delete']
      .filter((method) => item[method]?.['x-scopes']?.length)
      .map((method) => `${method.toUpperCase()} ${path}`))
    .filter((call) => !OWN_RECORD.includes(call));

test('every change is on record', async () => {
  const calls = changing(await world.must(200, 'GET', '/openapi.json'));

  assert.ok(calls.length > 10);
  assert.deepEqual(calls.filter((call) => !samples[call]), [], 'calls without a sample');
  for (const call of calls) {
    const [[path, body, options], subject] = await samples[call]();
    const last = await newest();
    const answer = await world.call(call.split(' ')[0], path, body, options);
    const record = await newest();

    assert.ok(answer.status < 300, `${call}: ${answer.status} ${answer.text}`);
    assert.notEqual(record?.id, last?.id, `${call} left no record`);
    assert.match(record.action, /^[a-z_]+\.[a-z_]+$/, call);
    assert.equal(record.who, 'HONGYAN_ADMIN_KEY', call); // that is its name
    assert.match(record.key, /^k\d+$/, call);
    assert.equal(record.address, '127.0.0.1', call);
    assert.ok(Math.abs(Date.parse(record.at) - Date.now()) < 60_000, call);
    if (subject) assert.equal(record.subject, subject, call);
  }
});

test('what is made is named by its number', async () => {
  const { id } = await newKey();
  const record = await newest();

  assert.equal(record.action, 'key.create');
  assert.equal(record.subject, id);
  assert.deepEqual(record.detail, { name: 'short', scopes: ['read'] });
});

test('a template that is added is named, with its app', async () => {
  const added = await world.must(201, 'POST', '/v1/templates',
    { app: APP, tid: 1476, keywords: [1, 3] });
  const record = (await world.must(200, 'GET', '/v1/audit?action=template.add&limit=1')).items[0];

  assert.equal(record.subject, added.template);
  assert.equal(record.detail.app, APP);
});

test('no secret is on record', async () => {
  const secret = 'a'.repeat(32);
  const { access_token } = await world.must(200, 'GET', `/v1/apps/${APP}/token`);
  const made = await newKey();

  await world.must(201, 'POST', '/v1/apps', {
    id: 'wx00000000000000ab', secret, callback_token: 'tokentokentoken',
    callback_aes_key: 'k'.repeat(43),
  });
  await world.must(200, 'POST', `/v1/apps/${APP}/token/refresh`, { bad_token: access_token });
  const all = (await world.call('GET', '/v1/audit?limit=1000')).text;
  for (const word of [secret, 'tokentokentoken', 'k'.repeat(43), access_token, made.key, ADMIN_KEY])
    assert.ok(!all.includes(word), word);
  assert.ok(all.includes('"secret":"***"'));
});

test('what was refused is not on record', async () => {
  const last = await newest();

  assert.equal((await world.call('PATCH', `/v1/apps/${APP}`, { rate_per_s: -1 })).status, 400);
  assert.equal((await world.call('DELETE', '/v1/keys/k9999')).status, 404);
  assert.equal((await world.call('POST', '/v1/apps', { id: APP, secret: '1'.repeat(32) })).status,
    409);
  const message = await newMessage();
  assert.equal((await world.call('POST', `/v1/messages/${message}/cancel`)).status, 409);
  const read = await newKey();
  const key = (await newest()).id;
  assert.equal((await world.call('POST', '/v1/keys', { name: 'x', scopes: ['read'] },
    { key: read.key })).status, 403);
  assert.equal((await newest()).id, key);
  assert.equal(Number(key.slice(1)), Number(last.id.slice(1)) + 1);
});

test('filters and pages', async () => {
  const keys = await world.must(200, 'GET', '/v1/audit?action=key.');
  assert.ok(keys.items.length > 0);
  assert.ok(keys.items.every((one) => one.action.startsWith('key.')));
  const app = await world.must(200, 'GET', `/v1/audit?subject=${APP}`);
  assert.ok(app.items.length > 0 && app.items.every((one) => one.subject === APP));

  const whole = await world.must(200, 'GET', '/v1/audit');
  const paged = [];
  for (let after = ''; after !== null;) {
    const page = await world.must(200, 'GET', `/v1/audit?limit=7${after && `&after=${after}`}`);
    paged.push(...page.items);
    after = page.next;
  }
  assert.deepEqual(paged.slice(0, whole.items.length), whole.items);
  assert.equal((await world.call('GET', '/v1/audit?after=x')).status, 400);
});

test('those who may read look at it', async () => {
  for (const [scopes, status] of [[['read'], 200], [['send', 'token', 'client'], 403]]) {
    const { key } = await world.must(201, 'POST', '/v1/keys', { name: 'reader', scopes });
    assert.equal((await world.call('GET', '/v1/audit', undefined, { key })).status, status);
  }
});

test('who it was: the name of the key', async () => {
  const { key } = await world.must(201, 'POST', '/v1/keys', { name: '部署', scopes: ['send'] });
  const made = await world.must(201, 'POST', '/v1/schedules', {
    app: APP, name: 'by another', cron: '0 8 * * *',
    message: { user: 'oUser00000000000000000000001', template, data } }, { key });
  const record = await newest();

  assert.equal(record.who, '部署');
  assert.equal(record.subject, made.id);
});
