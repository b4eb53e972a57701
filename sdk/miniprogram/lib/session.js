'use strict';

/**
 * The login: wx.login's code is changed for a session of the server's, which is kept in memory and
 * storage, and renewed before it ends or when the server refuses it. However many ask at one time,
 * there is one login.
 *
 * @typedef {{ok: true, session: string, expiresAt: number}} Login
 * @typedef {import('./index').Failure} Failure
 *
 * @typedef {object} Session
 * @property {() => Promise<Login | Failure>} get     a session that is good, logging in if need be
 * @property {(session: string) => void} refused      the server does not take this one any more
 * @property {() => string} current                   the session at hand, or nothing; no login
 *
 * @typedef {object} Kept
 * @property {string} session
 * @property {string} url         a session is of one server
 * @property {number} renewAt     instants in milliseconds of the phone's own clock
 * @property {number} expiresAt
 */

const { failureOf } = require('./failure');

const NAME = 'session';
const LOGIN_PATH = '/client/v1/login';

/** Renewed this long before its end, or in the last tenth of a short one. */
const MARGIN_MS = 300000;
const PAUSE_MS = 5000;
const UNAUTHORIZED = 401;

/**
 * @param {Partial<WechatMiniprogram.Wx>} wx
 * @param {import('./options').Settings} settings
 * @returns {Promise<{code: string, message: string}>} the code is empty when there is none
 */
function loginCode(wx, settings) {
  return new Promise((resolve) => {
    const none = (/** @type {string} */ why) => resolve({ code: '', message: why });
    const timer = setTimeout(() => none('wx.login gave no answer'), settings.timeoutMs);

    try {
      if (!wx.login) throw new Error('wx.login is missing');
      wx.login({
        timeout: settings.timeoutMs,
        success: (result) => {
          clearTimeout(timer);
          resolve({ code: String(result.code || ''), message: String(result.errMsg) });
        },
        fail: (result) => {
          clearTimeout(timer);
          none(String(Object(result).errMsg || 'wx.login failed'));
        },
      });
    } catch (error) {
      clearTimeout(timer);
      none(String(error));
    }
  });
}

/**
 * @param {import('./storage').Storage} storage
 * @param {string} url
 * @returns {Kept | null}
 */
function readKept(storage, url) {
  const kept = Object(storage.get(NAME));
  const good = typeof kept.session === 'string' && kept.session !== '' && kept.url === url &&
    isFinite(kept.renewAt) && isFinite(kept.expiresAt);
  return good ? kept : null;
}

/**
 * @param {Partial<WechatMiniprogram.Wx>} wx
 * @param {import('./options').Settings} settings
 * @param {import('./storage').Storage} storage
 * @param {import('./http').Http} http
 * @returns {Session}
 */
function createSession(wx, settings, storage, http) {
  let kept = readKept(storage, settings.url);
  /** @type {Promise<Login | Failure> | null} */
  let pending = null;
  let blockedUntil = 0;

  /**
   * @param {string} session
   * @param {number} lifeMs
   * @returns {Login}
   */
  function keep(session, lifeMs) {
    const now = Date.now();
    kept = {
      session,
      url: settings.url,
      renewAt: now + lifeMs - Math.min(MARGIN_MS, lifeMs / 10),
      expiresAt: now + lifeMs,
    };
    storage.set(NAME, kept);
    return { ok: true, session, expiresAt: kept.expiresAt };
  }

  /**
   * @param {number} tries a code may be spent without our doing, so one more is worth it
   * @returns {Promise<Login | Failure>}
   */
  function login(tries) {
    return loginCode(wx, settings).then((result) => {
      if (!result.code) return { ok: false, reason: 'login_failed', message: result.message };
      return http({
        method: 'POST', path: LOGIN_PATH, body: { app: settings.app, code: result.code },
      }).then((answer) => {
        const body = answer.body;
        if (answer.status === 200 && typeof body.session === 'string' && body.expires_in > 0)
          return keep(body.session, body.expires_in * 1000);
        if (answer.status === UNAUTHORIZED && tries > 1) return login(tries - 1);
        blockedUntil = Date.now() + (answer.retryAfterMs || (answer.status ? PAUSE_MS : 0));
        return failureOf(answer, 'login_refused');
      });
    });
  }

  /** @returns {Promise<Login | Failure>} */
  function single() {
    if (!pending) {
      const done = () => { pending = null; };
      pending = login(2);
      pending.then(done, done);
    }
    return pending;
  }

  /** @returns {Login | null} */
  function usable() {
    return kept && Date.now() < kept.expiresAt
      ? { ok: true, session: kept.session, expiresAt: kept.expiresAt } : null;
  }

  /** @returns {Promise<Login | Failure>} */
  function get() {
    const now = Date.now();
    const good = usable();

    if (good && kept && now < kept.renewAt) return Promise.resolve(good);
    if (now < blockedUntil) {
      const wait = blockedUntil - now;
      return Promise.resolve(good || { ok: false, reason: 'later', retryInMs: wait });
    }
    // In its last minutes a session still serves when the renewal fails.
    return single().then((result) => (result.ok ? result : usable() || result));
  }

  /** @param {string} session */
  function refused(session) {
    if (!kept || kept.session !== session) return;
    kept = null;
    storage.remove(NAME);
  }

  return { get, refused, current: () => (kept ? kept.session : '') };
}

module.exports = { createSession };
