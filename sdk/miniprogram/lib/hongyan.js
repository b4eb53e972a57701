'use strict';

/** The parts put together, and what the app's own life sets going. */

const { readOptions } = require('./options');
const { createStorage } = require('./storage');
const { createClock } = require('./clock');
const { createHttp } = require('./http');
const { createSession } = require('./session');
const { createApi } = require('./api');
const { createAdvice } = require('./advice');
const { createPrompt } = require('./prompt');
const { createReports } = require('./reports');
const { createDelivery } = require('./delivery');
const actions = require('./actions');

/**
 * @typedef {import('./index').Failure} Failure
 * @typedef {import('./index').Hongyan} Hongyan
 */

/**
 * Whatever goes wrong inside, the page gets a promise that is kept.
 *
 * @template T
 * @param {() => T | Failure | Promise<T | Failure>} work
 * @returns {Promise<T | Failure>}
 */
function safely(work) {
  /** @returns {Failure} */
  const failed = (/** @type {unknown} */ error) =>
    ({ ok: false, reason: 'failed', message: String(error) });
  try {
    return Promise.resolve(work()).catch(failed);
  } catch (error) {
    return Promise.resolve(failed(error));
  }
}

/**
 * The same functions when there are no good options: each says what is wrong with them.
 *
 * @param {string} fault
 * @returns {Hongyan}
 */
function createBroken(fault) {
  /** @returns {Promise<Failure>} */
  const refuse = () => Promise.resolve({ ok: false, reason: 'bad_options', message: fault });
  return {
    login: refuse, logout: refuse, askWhatIsWorth: refuse, subscribe: refuse, collectForm: refuse,
    flush: refuse, stop: () => {},
  };
}

/**
 * Calls `listener` whenever the app does `event`, on clients that can tell.
 *
 * @param {{[name: string]: any}} wx
 * @param {string} event
 * @param {(result: unknown) => void} listener
 * @returns {() => void} ends it
 */
function listen(wx, event, listener) {
  const call = (/** @type {string} */ name) => {
    try {
      if (typeof wx[name] === 'function') wx[name](listener);
    } catch (error) {
      // then the next call of the page does what the event would have done
    }
  };
  call('on' + event);
  return () => call('off' + event);
}

/**
 * @param {Partial<WechatMiniprogram.Wx>} wx
 * @param {import('./options').Settings} settings
 * @returns {actions.Parts}
 */
function createParts(wx, settings) {
  const storage = createStorage(wx, settings.app);
  const clock = createClock(storage);
  const http = createHttp(wx, settings, clock);
  const session = createSession(wx, settings, storage, http);
  const api = createApi(http, session);
  const advice = createAdvice(wx, settings, storage, api);
  const reports = createReports(storage, clock, settings);
  const delivery = createDelivery(settings, reports, api, (templates) => {
    // The server knows more now than when it was last asked.
    safely(() => advice.fetch(templates, true));
  });
  const prompt = createPrompt(wx, settings);

  return { settings, session, api, advice, prompt, reports, delivery };
}

/**
 * Logs in, fetches the advice for the first tap and sends what an earlier run left; again whenever
 * the app comes to the front, and what is left also when the net is back.
 *
 * @param {Partial<WechatMiniprogram.Wx>} wx
 * @param {actions.Parts} parts
 * @returns {() => void} ends it
 */
function live(wx, parts) {
  const send = () => { safely(parts.delivery.flush); };
  const prepare = () => {
    const templates = parts.settings.templates;
    if (templates.length) safely(() => parts.advice.fetch(templates, false));
    else safely(() => actions.login(parts));
    send();
  };
  const ends = [
    listen(wx, 'AppShow', prepare),
    listen(wx, 'AppHide', send),
    listen(wx, 'NetworkStatusChange', (result) => { if (Object(result).isConnected) send(); }),
  ];

  prepare();
  return () => {
    ends.forEach((end) => end());
    parts.delivery.stop();
  };
}

/**
 * @param {import('./index').Options} options
 * @returns {Hongyan}
 */
function createHongyan(options) {
  try {
    const read = readOptions(options);
    const platform = Object(options).wx || (typeof wx === 'undefined' ? {} : wx);
    if (read.fault) return createBroken(read.fault);
    const parts = createParts(platform, read.settings);
    return {
      login: () => safely(() => actions.login(parts)),
      logout: () => safely(() => actions.logout(parts)),
      askWhatIsWorth: (templates, given) =>
        safely(() => actions.askWhatIsWorth(parts, templates, given)),
      subscribe: (templates, given) => safely(() => actions.subscribe(parts, templates, given)),
      collectForm: (event) => safely(() => actions.collectForm(parts, event)),
      flush: () => safely(parts.delivery.flush),
      stop: live(platform, parts),
    };
  } catch (error) {
    return createBroken(String(error));
  }
}

module.exports = { createHongyan };
