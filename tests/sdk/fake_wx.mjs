// A `wx` for tests of the SDK, and a server behind its wx.request that answers as the documented
// one does unless a test scripts something else. All in memory; nothing waits for time.
import { createRequire } from 'node:module';

export const { createHongyan } = createRequire(import.meta.url)('../../sdk/miniprogram');

export const APP = 'wx0000000000000001';
export const URL = 'https://push.example.com';

// Answers that a test may give in the place of the usual one.
export const status = (statusCode, data = {}, header = {}) => ({ statusCode, data, header });
export const netFault = () => ({ fail: 'request:fail net::ERR_INTERNET_DISCONNECTED' });
export const silence = () => ({ silent: true });

// `script[path]`: answers for the next requests of that path, first to last.
export class FakeServer {
  constructor() {
    this.script = {};
    this.requests = [];
    this.seen = new Set();
    this.advice = {};
    this.logins = 0;
    this.expires_in = 7200;
    this.good = new Set();
    this.date = () => new Date(Date.now()).toUTCString();
  }

  // The bodies of all reports that were answered 201, in order.
  get taken() {
    return this.requests.filter((one) => one.path === '/client/v1/grants' && one.status === 201)
      .flatMap((one) => one.body);
  }

  to(path) {
    return this.requests.filter((one) => one.path === path);
  }

  answer({ method, url, data, header }) {
    const { pathname, searchParams } = new globalThis.URL(url);
    const body = data === undefined ? undefined : JSON.parse(JSON.stringify(data));
    const request = { method, path: pathname, searchParams, body, header };
    const scripted = this.script[pathname]?.shift();
    const result = scripted
      ? (typeof scripted === 'function' ? scripted(request) : scripted)
      : this.usual(request);

    this.requests.push(Object.assign(request, { status: result.statusCode ?? 0 }));
    if (result.header) result.header = { Date: this.date(), ...result.header };
    return result;
  }

  usual(request) {
    if (request.path === '/client/v1/login') return this.login();
    const session = /^Bearer (.+)$/.exec(request.header.authorization ?? '')?.[1];
    if (!this.good.has(session)) return status(401, { detail: 'The session is not good.' });
    if (request.path === '/client/v1/ask') return this.ask(request);
    if (request.path === '/client/v1/grants') return this.grants(request);
    if (request.path === '/client/v1/session') return this.good.clear(), status(204, '');
    return status(404);
  }

  login() {
    const session = `session-${++this.logins}`;
    this.good.add(session);
    return status(200, { session, expires_in: this.expires_in });
  }

  ask({ searchParams }) {
    const templates = searchParams.get('templates').split(',').map((template) =>
      ({ template, ask: true, reason: 'none_left', available: 0, ...this.advice[template] }));
    return status(200, { ask: templates.filter((t) => t.ask).map((t) => t.template), templates });
  }

  grants({ body }) {
    const result = { accepted: 0, duplicates: 0, refused: [] };
    for (const report of body) {
      const told = Object.values(report.subscriptions ?? {}).filter((w) => w.startsWith('accept'));
      const count = told.length + (report.form_ids ?? []).length;
      if (this.seen.has(report.report_id)) result.duplicates += count;
      else result.accepted += count;
      this.seen.add(report.report_id);
    }
    return status(201, result);
  }
}

// What a person does at the prompt: `choices` by template, or an object with `fail`.
export function fakeWx({ server = new FakeServer(), storage = new Map(), choices = {}, ...own } = {}) {
  const listeners = {};
  const wx = {
    server, storage, choices, listeners, prompts: [], codes: 0,
    itemSettings: {}, mainSwitch: true, info: { platform: 'ios', version: '8.0.50' },

    login({ success }) {
      success({ code: `code-${++wx.codes}`, errMsg: 'login:ok' });
    },
    request(options) {
      const result = server.answer(options);
      if (result.silent) return { abort: () => {} };
      queueMicrotask(() => (result.fail ? options.fail({ errMsg: result.fail })
        : options.success({ ...result, errMsg: 'request:ok' })));
      return { abort: () => {} };
    },
    requestSubscribeMessage({ tmplIds, success, fail }) {
      wx.prompts.push(tmplIds);
      const said = typeof wx.choices === 'function' ? wx.choices(tmplIds) : wx.choices;
      queueMicrotask(() => (said.fail ? fail(said.fail) : success({
        errMsg: 'requestSubscribeMessage:ok',
        ...Object.fromEntries(tmplIds.map((id) => [id, said[id] ?? 'accept'])),
      })));
    },
    getSetting({ success }) {
      const { mainSwitch, itemSettings } = wx;
      success({ subscriptionsSetting: { mainSwitch, itemSettings } });
    },
    getStorageSync: (key) => (storage.has(key) ? JSON.parse(storage.get(key)) : ''),
    setStorageSync: (key, value) => void storage.set(key, JSON.stringify(value)),
    removeStorageSync: (key) => void storage.delete(key),
    getDeviceInfo: () => ({ platform: wx.info.platform }),
    getAppBaseInfo: () => ({ version: wx.info.version }),
    ...own,
  };
  for (const event of ['AppShow', 'AppHide', 'NetworkStatusChange']) {
    wx[`on${event}`] ??= (listener) => (listeners[event] ??= new Set()).add(listener);
    wx[`off${event}`] ??= (listener) => listeners[event]?.delete(listener);
  }
  wx.emit = (event, result) => listeners[event]?.forEach((listener) => listener(result));
  return wx;
}

// An SDK that is stopped with the test. Pauses are as short as they can be.
export function open(t, wx, options = {}) {
  const hongyan = createHongyan({
    url: URL, app: APP, wx, batchDelayMs: 0, retryFirstMs: 1, retryMaxMs: 5, timeoutMs: 200, ...options,
  });
  t.after(() => hongyan.stop());
  return hongyan;
}

// Moves the clock that the SDK sees; undone with the test.
export function moveTime(t, ms) {
  const real = Date.now;
  Date.now = () => real() + ms;
  t.after(() => (Date.now = real));
}
