'use strict';

/**
 * Which templates are worth a prompt. The server knows what is left of each and who waits; the
 * answer is fetched ahead, because a tap cannot wait for it: WeChat shows the prompt only when it
 * is asked for within the tap itself.
 *
 * @typedef {import('./index').Advice} Advice
 * @typedef {Advice & {at: number}} Entry   at: when it was true, in the phone's milliseconds
 *
 * @typedef {object} AdviceBook
 * @property {(templates: string[], fresh: boolean) =>
 *   Promise<import('./index').AskResult | import('./index').Failure>} fetch
 * @property {(template: string) => Advice | undefined} lookup   at once; nothing when too old
 * @property {(answers: {[template: string]: string}) => void} note   what the user just answered
 */

const { failureOf } = require('./failure');

const NAME = 'advice';
const ASK_PATH = '/client/v1/ask';

/** The server answers about so many at a time. */
const ASK_MAX = 20;
const KEPT_MAX = 100;

/** At a tap old advice is better than none, up to this age. */
const STALE_MS = 3600000;

/**
 * @param {unknown} value
 * @returns {value is Entry}
 */
function isEntry(value) {
  const entry = Object(value);
  return typeof entry.template === 'string' && typeof entry.ask === 'boolean' && isFinite(entry.at);
}

/**
 * @param {{[template: string]: Entry}} entries
 * @returns {{[template: string]: Entry}} the newest of them
 */
function newest(entries) {
  /** @type {{[template: string]: Entry}} */
  const kept = {};
  Object.keys(entries).map((key) => entries[key])
    .filter(isEntry)
    .sort((a, b) => b.at - a.at)
    .slice(0, KEPT_MAX)
    .forEach((entry) => { kept[entry.template] = entry; });
  return kept;
}

/**
 * What one answer of the user does to what the server said before; the server goes by the same
 * rules, and is asked again once it knows.
 *
 * @param {Entry | undefined} before
 * @param {string} template
 * @param {string} answer
 * @param {boolean} longTerm
 * @returns {Entry | undefined}
 */
function after(before, template, answer, longTerm) {
  const available = before ? before.available : 0;
  const entry = (
    /** @type {boolean} */ ask, /** @type {string} */ reason, /** @type {number} */ left,
  ) => ({ template, ask, reason, available: left, at: Date.now() });

  if (answer === 'reject') return entry(false, 'refused_recently', available);
  if (answer === 'ban') return entry(false, 'banned', available);
  if (answer.indexOf('accept') !== 0 || !before) return before;
  if (longTerm) return entry(false, 'standing', 1);
  return available ? entry(false, 'enough', available + 1) : entry(true, 'running_low', 1);
}

/**
 * @param {Partial<WechatMiniprogram.Wx>} wx
 * @param {import('./options').Settings} settings
 * @param {import('./storage').Storage} storage
 * @param {import('./api').Api} api
 * @returns {AdviceBook}
 */
function createAdvice(wx, settings, storage, api) {
  const entries = newest(Object(storage.get(NAME)));
  /** @type {{[template: string]: string}} what the user ticked "always keep" for */
  let kept = {};
  /** @type {{[list: string]: ReturnType<AdviceBook['fetch']> | undefined}} */
  const pending = {};

  /** @param {string} template */
  function adviceOf(template) {
    const entry = entries[template];
    /** @type {Advice} */
    const advice = {
      template, ask: entry.ask, reason: entry.reason, available: entry.available,
    };
    if (kept[template]) advice.kept = kept[template];
    return advice;
  }

  /** A hint of WeChat's own: for a kept choice no prompt is shown. Nobody waits for it. */
  function readKept() {
    try {
      if (!wx.getSetting) return;
      wx.getSetting({
        withSubscriptions: true,
        success: (result) => {
          kept = Object(Object(Object(result).subscriptionsSetting).itemSettings);
        },
      });
    } catch (error) {
      // an old client: it has no such setting
    }
  }

  /**
   * @param {unknown} rows
   * @param {number} sentMs
   */
  function learn(rows, sentMs) {
    (Array.isArray(rows) ? rows : []).map(Object).forEach((row) => {
      const entry = {
        template: row.template, ask: row.ask, reason: String(row.reason || ''),
        available: Number(row.available) || 0, at: sentMs,
      };
      const before = entries[entry.template];
      // An answer of the user's that came meanwhile is newer than this.
      if (isEntry(entry) && !(before && before.at > sentMs)) entries[entry.template] = entry;
    });
    storage.set(NAME, newest(entries));
  }

  /**
   * @param {string[]} templates at most ASK_MAX
   * @returns {Promise<import('./index').Failure | null>}
   */
  function fetchSome(templates) {
    const sentMs = Date.now();
    const query = templates.map(encodeURIComponent).join(',');

    return api('GET', ASK_PATH + '?templates=' + query).then((result) => {
      if (!result.ok) return result;
      if (result.answer.status !== 200) return failureOf(result.answer);
      learn(result.answer.body.templates, sentMs);
      return null;
    });
  }

  /**
   * @param {string[]} templates
   * @returns {Promise<import('./index').Failure | null>} the first failure ends it
   */
  function fetchAll(templates) {
    if (!templates.length) return Promise.resolve(null);
    return fetchSome(templates.slice(0, ASK_MAX))
      .then((failure) => failure || fetchAll(templates.slice(ASK_MAX)));
  }

  /**
   * @param {string[]} templates
   * @param {boolean} fetched
   * @returns {import('./index').AskResult}
   */
  function resultOf(templates, fetched) {
    const known = templates.filter((one) => one in entries).map(adviceOf);
    return {
      ok: true,
      ask: known.filter((one) => one.ask).map((one) => one.template),
      templates: known,
      cached: !fetched,
    };
  }

  /**
   * @param {string[]} templates
   * @param {boolean} fresh
   * @returns {ReturnType<AdviceBook['fetch']>}
   */
  function fetch(templates, fresh) {
    const oldest = Date.now() - settings.askFreshMs;
    const wanted = templates.filter((one) => fresh || !entries[one] || entries[one].at <= oldest);
    const key = wanted.join();
    let running = pending[key];

    readKept();
    if (!wanted.length) return Promise.resolve(resultOf(templates, false));
    if (!running) {
      const done = () => { pending[key] = undefined; };
      running = fetchAll(wanted).then((failure) => failure || resultOf(wanted, true));
      pending[key] = running;
      running.then(done, done);
    }
    return running.then((result) => (result.ok ? resultOf(templates, true) : result));
  }

  /** @param {string} template */
  function lookup(template) {
    const entry = entries[template];
    const age = entry ? Date.now() - entry.at : Infinity;
    return age <= Math.max(STALE_MS, settings.askFreshMs) ? adviceOf(template) : undefined;
  }

  /** @param {{[template: string]: string}} answers */
  function note(answers) {
    Object.keys(answers).forEach((template) => {
      const longTerm = settings.longTerm.indexOf(template) >= 0;
      const entry = after(entries[template], template, answers[template], longTerm);
      if (entry) entries[template] = entry;
    });
    storage.set(NAME, newest(entries));
  }

  return { fetch, lookup, note };
}

module.exports = { createAdvice };
