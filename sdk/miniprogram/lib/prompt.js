'use strict';

/**
 * The prompt: which templates go into it, and what came of it. From the tap to
 * wx.requestSubscribeMessage everything runs at once, without waiting for anything.
 *
 * @typedef {import('./index').Skipped} Skipped
 * @typedef {import('./index').Failure} Failure
 *
 * @typedef {object} Choice
 * @property {string[]} ask
 * @property {Skipped[]} skipped
 *
 * @typedef {{ok: true, answers: {[template: string]: string}, asked: string[]}} Answered
 */

const words = require('./answers');

/** Advice against a prompt that does not hold when WeChat will not show one. */
const FREE_WHEN_KEPT = ['enough', 'refused_recently'];

/** First client that takes more than one template in a prompt. */
const MANY_SINCE = { ios: [7, 0, 6], android: [7, 0, 7] };

/** Older clients take three. */
const FEWER = 3;
const TOO_MANY = 20003;
const MIXED = 20002;

/** A prompt that nobody answered for so long is taken for lost. */
const LOST_MS = 60000;

/**
 * @param {string} version
 * @param {number[]} least
 */
function isBefore(version, least) {
  const parts = version.split('.').map(Number);
  for (let i = 0; i < least.length; i++) {
    const part = parts[i] || 0;
    if (part !== least[i]) return part < least[i];
  }
  return false;
}

/**
 * @param {Partial<WechatMiniprogram.Wx>} wx
 * @returns {boolean} true on a client that takes one template a prompt
 */
function isOldClient(wx) {
  try {
    const device = wx.getDeviceInfo ? wx.getDeviceInfo() : null;
    const base = wx.getAppBaseInfo ? wx.getAppBaseInfo() : null;
    const info = Object(device && base ? null : wx.getSystemInfoSync && wx.getSystemInfoSync());
    const platform = String((device && device.platform) || info.platform || '').toLowerCase();
    const version = String((base && base.version) || info.version || '');
    const least = platform === 'ios' || platform === 'android' ? MANY_SINCE[platform] : null;

    return !!least && /^\d+\./.test(version) && isBefore(version, least);
  } catch (error) {
    return false;
  }
}

/**
 * Why a template is better left out; nothing when it should be asked for.
 *
 * @param {import('./index').Advice | undefined} advice nothing is known: ask
 * @returns {string}
 */
function whyNot(advice) {
  if (!advice) return '';
  if (advice.kept && !words.isAccept(advice.kept)) return 'kept_' + advice.kept;
  if (advice.ask) return '';
  // With "always keep" ticked each call adds a use, and the user sees nothing of it.
  if (advice.kept && FREE_WHEN_KEPT.indexOf(advice.reason) >= 0) return '';
  return advice.reason || 'not_worth';
}

/**
 * @param {string[]} templates in the order that the page wants them
 * @param {(template: string) => import('./index').Advice | undefined} lookup
 * @param {string[]} longTerm
 * @param {number} limit
 * @returns {Choice}
 */
function choose(templates, lookup, longTerm, limit) {
  const isLong = (/** @type {string} */ one) => longTerm.indexOf(one) >= 0;
  /** @type {Choice} */
  const choice = { ask: [], skipped: [] };
  const skip = (/** @type {string} */ one, /** @type {string} */ reason) =>
    choice.skipped.push({ template: one, reason });
  /** @type {string[]} */
  const worth = [];

  templates.forEach((one) => {
    const reason = whyNot(lookup(one));
    if (reason) skip(one, reason);
    else worth.push(one);
  });
  const isFree = (/** @type {string} */ one) => {
    const advice = lookup(one);
    return !!advice && !advice.ask;
  };
  // Where the server hopes for an answer comes before what is merely free to ask for.
  const ranked = worth.filter((one) => !isFree(one)).concat(worth.filter(isFree));
  ranked.forEach((one) => {
    if (isLong(one) !== isLong(ranked[0])) skip(one, 'other_kind');
    else if (choice.ask.length >= limit) skip(one, 'over_limit');
    else choice.ask.push(one);
  });
  return choice;
}

/**
 * @param {Partial<WechatMiniprogram.Wx>} wx
 * @param {import('./options').Settings} settings
 */
function createPrompt(wx, settings) {
  let limit = isOldClient(wx) ? 1 : settings.maxTemplates;
  let openSince = 0;

  /**
   * How many to try with after a refusal for their number or kind; 0 for giving up.
   *
   * @param {Failure} failure
   * @param {number} asked
   */
  function fewer(failure, asked) {
    if (asked < 2) return 0;
    if (failure.code === MIXED) return 1;
    if (failure.code !== TOO_MANY) return 0;
    limit = asked > FEWER ? FEWER : 1;
    return limit;
  }

  /**
   * @param {string[]} asked
   * @returns {Promise<Answered | Failure>}
   */
  function show(asked) {
    return new Promise((resolve) => {
      const failed = (/** @type {unknown} */ result) => {
        const failure = words.readFailure(result);
        const count = fewer(failure, asked.length);
        // Still within the tap: WeChat lets that pass through callbacks, not through timers.
        if (count) resolve(show(asked.slice(0, count)));
        else resolve(failure);
      };

      try {
        if (!wx.requestSubscribeMessage) return resolve({ ok: false, reason: 'unsupported' });
        wx.requestSubscribeMessage({
          tmplIds: asked,
          success: (result) =>
            resolve({ ok: true, answers: words.readAnswers(result, asked), asked }),
          fail: failed,
        });
      } catch (error) {
        resolve(words.readFailure(error));
      }
    });
  }

  /**
   * @param {string[]} asked
   * @returns {Promise<Answered | Failure>}
   */
  function ask(asked) {
    const since = Date.now();
    const done = () => { if (openSince === since) openSince = 0; };

    if (openSince && since - openSince < LOST_MS)
      return Promise.resolve({ ok: false, reason: 'busy', message: 'a prompt is open already' });
    openSince = since;
    const shown = show(asked);
    shown.then(done, done);
    return shown;
  }

  return { ask, limit: () => limit };
}

module.exports = { createPrompt, choose };
