// A phone that runs the example mini program: Tencent's miniprogram-simulate draws its page in jsdom,
// and `wx` speaks real HTTP. The package is put where "build npm" of the developer tools puts it.
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitFor } from '../system/lib.mjs';
import { need, sdk } from './need.mjs';

const load = createRequire(import.meta.url);

// What miniprogram-simulate expects of a browser.
function openWindow() {
  const { JSDOM } = need('jsdom');
  const { window } = new JSDOM('<!doctype html><body></body>');
  globalThis.window = window;
  for (const name of ['document', 'HTMLElement', 'Element', 'Node', 'Event', 'CustomEvent',
    'TouchEvent', 'MutationObserver'])
    globalThis[name] = window[name];
}

// The platform side of `wx`; `person` is who holds the phone.
function platform(phone, person) {
  const later = (call, ...args) => queueMicrotask(() => call?.(...args));
  return {
    login: ({ success, fail }) => void person.code().then(
      (code) => success({ code, errMsg: 'login:ok' }), (e) => fail({ errMsg: String(e) })),
    request({ url, method, data, header, success, fail }) {
      phone.requests.push({ method, path: new URL(url).pathname });
      if (phone.offline) return later(fail, { errMsg: 'request:fail' });
      const stop = new AbortController();
      const body = data === undefined ? undefined : JSON.stringify(data);
      fetch(url, { method, body, headers: header, signal: stop.signal }).then(async (response) => {
        const text = await response.text();
        const isJson = /json/.test(response.headers.get('content-type') ?? '');
        success({ statusCode: response.status, data: isJson ? JSON.parse(text) : text,
          header: Object.fromEntries(response.headers), errMsg: 'request:ok' });
      }).catch((error) => fail({ errMsg: `request:fail ${error.message}` }));
      return { abort: () => stop.abort() };
    },
    requestSubscribeMessage({ tmplIds, success, fail }) {
      if (!phone.inTap) return later(fail, {
        errMsg: 'requestSubscribeMessage:fail can only be invoked by user TAP gesture.' });
      phone.prompts.push(tmplIds);
      person.answer(tmplIds).then(
        (answers) => success({ errMsg: 'requestSubscribeMessage:ok', ...answers }),
        (error) => fail({ errMsg: String(error) }));
    },
    getStorageSync: (key) => (phone.storage.has(key) ? JSON.parse(phone.storage.get(key)) : ''),
    setStorageSync: (key, value) => void phone.storage.set(key, JSON.stringify(value)),
    removeStorageSync: (key) => void phone.storage.delete(key),
    getDeviceInfo: () => ({ platform: 'ios' }),
    getAppBaseInfo: () => ({ version: '8.0.50' }),
    getSetting: ({ success }) => later(success, { subscriptionsSetting: { itemSettings: {} } }),
  };
}

export class Phone {
  // `config`: what goes into the example's config.js.
  constructor(t, config, person) {
    Object.assign(this, { config, person, storage: new Map(), prompts: [], requests: [], offline: false });
    this.folder = mkdtempSync(join(tmpdir(), 'hongyan-example-'));
    cpSync(join(sdk, 'example'), this.folder, { recursive: true });
    const module = join(this.folder, 'node_modules/hongyan-miniprogram');
    for (const name of ['lib', 'package.json'])
      cpSync(join(sdk, name), join(module, name), { recursive: true });
    writeFileSync(join(this.folder, 'config.js'), `module.exports = ${JSON.stringify(config)};\n`);
    t.after(() => {
      this.end();
      rmSync(this.folder, { recursive: true, force: true });
    });
  }

  // Starts the mini program anew and opens its page; only the storage is what it was.
  start() {
    this.end();
    globalThis.App = () => {};
    if (!globalThis.window) openWindow();
    const simulate = need('miniprogram-simulate');
    Object.assign(globalThis.wx, platform(this, this.person));
    load(join(this.folder, 'app.js'));
    this.hongyan = load(join(this.folder, 'hongyan.js'));
    // Tencent's own compiler is a program for this kind of machine only.
    const compiler = process.platform === 'linux' && process.arch === 'x64' ? 'official' : 'simulate';
    const id = simulate.load(join(this.folder, 'pages/order/order'), 'page',
      { compiler, rootPath: this.folder });
    this.page = simulate.render(id);
    this.page.attach(document.createElement('div'));
    this.page.addEventListener('tap', () => (this.inTap = true), { capture: true });
    this.page.addEventListener('tap', () => (this.inTap = false));
    return this;
  }

  end() {
    this.hongyan?.stop();
    this.page?.detach();
    this.hongyan = this.page = undefined;
    for (const path of Object.keys(load.cache)) if (path.startsWith(this.folder)) delete load.cache[path];
  }

  // A finger on the element; resolves when the page says something new.
  async tap(selector) {
    this.page.setData({ state: '' });
    const element = this.page.querySelector(selector);
    element.dispatchEvent('touchstart');
    element.dispatchEvent('touchend');
    return waitFor(`a word of the page after ${selector}`, () => this.page.data.state);
  }

  async submit(formId) {
    this.page.setData({ state: '' });
    this.page.querySelector('.note').dispatchEvent('submit', { detail: { formId, value: { note: '' } } });
    return waitFor('a word of the page', () => this.page.data.state);
  }

  calls(path) {
    return this.requests.filter((one) => one.path === path).length;
  }
}
