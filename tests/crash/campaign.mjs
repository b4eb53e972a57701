// One app's whole business around a load of broadcasts: its templates, its push, its webhooks, its
// schedules; and how all of it comes to rest. `server` is one, or whatever speaks for several.
import { pagesOf } from './broadcasts_judge.mjs';
import { until } from './http.mjs';
import { listOf } from './lives.mjs';
import { ok } from './tap.mjs';

export const app = 'wx00000000000000c4';
const secret = '0123456789abcdef0123456789abcdef';
const subscribeSend = '/cgi-bin/message/subscribe/send';
const legacySend = '/cgi-bin/message/wxopen/template/send';
const settings = {
  callback_token: 'CrashTestToken',
  callback_aes_key: 'abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG',
  suspect_retry_s: 1,
  unknown_settle_s: 1,
};
const drainMaxMs = 240000;
const farMs = 8000;
const minuteMs = 60000;
const waitForMinuteMs = 25000; // a short run waits so long for schedules to fire
export const sendPaths = [subscribeSend, legacySend];

// --- before

export async function prepareSim(sim, userCount) {
  await sim.post('apps', { appid: app, secret, legacy: 'alive' });
  const make = async (type, title, key) => (await sim.post('templates', {
    appid: app, title, type, keywords: [{ key, label: '物品' }] })).template_id;
  const once = [await make(2, '取餐提醒', 'thing1'), await make(2, '预约成功通知', 'thing1')];
  const legacy = await make('legacy', '购买成功通知', 'keyword1');
  const { openids: users } = await sim.post('users', { appid: app, count: userCount });
  return { templates: { once, legacy }, users };
}

export async function prepareServer(server) {
  await server.start();
  await server.client.must(201, 'POST', '/v1/apps', { id: app, secret, ...settings });
  await until('the first token', 20000, async () =>
    (await server.client.ask('GET', '/readyz')).status === 200);
  await server.client.must(200, 'POST', '/v1/templates/sync', { app });
}

/** Accepts are told by the backend alone; withdrawals and sent events by the platform. */
export async function preparePush(sim, server) {
  const { verified } = await sim.post('apps', { appid: app, push: {
    url: `${server.publicUrl ?? `http://127.0.0.1:${server.port}`}/callback/${app}`,
    token: settings.callback_token, aes_key: settings.callback_aes_key, mode: 'safe',
    popup: false, verify: true } });
  ok(verified, 'the platform knows the address of the callback');
}

export async function prepareHooks(server, hooks) {
  const all = ['message.sent', 'message.delivered', 'message.failed', 'message.unknown',
    'message.expired', 'message.canceled', 'grant.added', 'grant.revoked', 'callback.raw'];
  const events = [all, ['message.failed', 'message.unknown', 'message.expired']];
  await hooks.open();
  for (const [i, hook] of hooks.hooks.entries()) {
    const body = { url: hooks.url(hook), events: events[i], app };
    Object.assign(hook, await server.client.must(201, 'POST', '/v1/webhooks', body));
    hook.wants = (state) => events[i].includes(`message.${state}`);
  }
}

/** Each fires every minute, and every missed minute. */
export async function makeSchedules(server, { users, templates: { once: [first, second] } }) {
  const data = { thing1: '每分钟' };
  const schedules = [];
  const add = async (kind, what) => {
    const n = schedules.length;
    const page = `index?s=${n}`;
    const fromMs = Date.now();
    const body = { app, name: `s${n}`, cron: '* * * * *', misfire: 'all' };
    body[kind] = { data, page, tag: `s${n}`, ...what };
    const { id } = await server.client.must(201, 'POST', '/v1/schedules', body);
    schedules.push({ id, name: body.name, kind, page, fromMs });
  };
  for (let i = 0; i < 3; i++) await add('message', { user: users[i], template: first });
  await add('message', { user: users[3], template: second, policy: 'at_least_once' });
  await add('broadcast', { template: first, audience: { users: users.slice(4, 24) } });
  await add('broadcast', { template: second, audience: { users: users.slice(10, 40) },
    rate_per_s: 100 });
  return schedules;
}

/** Far from the minute, once what was due has fired. */
export async function endSchedules(server, schedules) {
  await until('the minute to be in its middle', 20000, () => {
    const at = Date.now() % minuteMs;
    return at > 4000 && at < minuteMs - 2000;
  });
  for (const one of schedules) {
    const path = `/v1/schedules/${one.id}`;
    await until('what was due has fired', 20000, async () =>
      Date.parse((await server.client.must(200, 'GET', path)).next_run) > Date.now());
    await server.client.must(200, 'PATCH', path, { paused: true });
    one.toMs = Date.now();
  }
}

// --- how it ends

async function cancelFar(server, messages) {
  const far = messages.filter((m) => Date.parse(m.due_at) > Date.now() + farMs);
  for (const { id } of far) await server.client.ask('POST', `/v1/messages/${id}/cancel`);
}

/** True while one is not over; what stands still is moved. */
async function broadcastsBusy(server) {
  let busy = false;
  const ask = (b, to) => server.client.ask('POST', `/v1/broadcasts/${b.id}/${to}`);
  for (const b of await pagesOf(server.client, `/v1/broadcasts?app=${app}`)) {
    if (b.state === 'paused') await ask(b, 'resume');
    if (b.state === 'draft') await ask(b, 'cancel');
    busy ||= (b.state !== 'done' && b.state !== 'canceled') || b.queued > 0;
  }
  return busy;
}

/** A receiver that was away has long pauses ahead of it, and what a killed server was telling comes
 * after its lease: an operator can ask for all of it now. */
async function hooksBusy(server) {
  const { items } = await server.client.must(200, 'GET', '/v1/webhooks');
  const pending = items.filter((one) => one.pending > 0);
  for (const { id } of pending) await server.client.ask('POST', `/v1/webhooks/${id}/enable`);
  return pending.length > 0;
}

async function busy(server, pushes) {
  if (await pushes.read()) return true;
  if (await broadcastsBusy(server)) return true;
  const queued = await listOf(server, app, 'queued');
  await cancelFar(server, queued);
  if (queued.length || (await listOf(server, app, 'sending')).length) return true;
  if ((await listOf(server, app, 'unknown')).some((m) => m.due_at)) return true;
  if ((await listOf(server, app, 'waiting')).some((m) => m.due_at || m.expires_at)) return true;
  return hooksBusy(server);
}

/** Quiet twice, for the lists are of different moments. */
export async function drain(server, pushes) {
  let quiet = 0;
  await until('nothing is on its way any more', drainMaxMs, async () => {
    quiet = (await busy(server, pushes)) ? 0 : quiet + 1;
    return quiet === 2;
  }, 500);
}

/** Says when a run was long enough for a due time, if one is near. */
export function minuteOf(kills, fromMs) {
  const next = Math.ceil(fromMs / minuteMs) * minuteMs;
  const wanted = next - fromMs < waitForMinuteMs || kills > 60;
  return () => !wanted || Date.now() > next + 1500;
}
