'use strict';

/**
 * Brings the reports to the server: in batches, one request at a time, again and again with growing
 * pauses until each was answered. A report leaves the queue only on the server's own 201, or when
 * the server finds fault with that very report.
 *
 * @typedef {import('./index').FlushResult} FlushResult
 * @typedef {import('./index').Failure} Failure
 *
 * @typedef {object} Delivery
 * @property {() => Promise<FlushResult | Failure>} flush   now
 * @property {() => void} soon    in a moment, together with what comes until then
 * @property {() => void} stop    no timers any more; reports stay for the next start
 */

const { failureOf } = require('./failure');

const GRANTS_PATH = '/client/v1/grants';
const BATCH_MAX = 50;

/** The server says that the body itself is wrong; sending it again would change nothing. */
const FAULTY = [400, 413, 422];

/**
 * @param {import('./options').Settings} settings
 * @param {import('./reports').Reports} reports
 * @param {import('./api').Api} api
 * @param {(templates: string[]) => void} onDelivered   those that the server has new answers for
 * @returns {Delivery}
 */
function createDelivery(settings, reports, api, onDelivered) {
  /** @type {Promise<FlushResult | Failure> | null} */
  let running = null;
  /** @type {ReturnType<typeof setTimeout> | null} */
  let timer = null;
  let stopped = false;
  let failures = 0;
  let blockedUntil = 0;
  let batchMax = BATCH_MAX;
  /** @type {{[template: string]: boolean}} */
  let touched = {};

  /** @param {number} ms */
  function wake(ms) {
    if (timer !== null || stopped) return;
    timer = setTimeout(() => {
      timer = null;
      flush();
    }, ms);
  }

  function unwake() {
    if (timer !== null) clearTimeout(timer);
    timer = null;
  }

  function tell() {
    const templates = Object.keys(touched);
    touched = {};
    if (templates.length) onDelivered(templates);
  }

  /**
   * @param {FlushResult} sum
   * @param {import('./reports').Report[]} batch
   * @param {{[name: string]: any}} body
   */
  function delivered(sum, batch, body) {
    const refused = Array.isArray(body.refused) ? body.refused : [];
    failures = 0;
    blockedUntil = 0;
    batchMax = BATCH_MAX;
    reports.remove(batch);
    batch.forEach((one) => {
      Object.keys(one.subscriptions || {}).forEach((template) => { touched[template] = true; });
    });
    sum.sent += batch.length;
    sum.accepted += body.accepted;
    sum.duplicates += Number(body.duplicates) || 0;
    sum.refused = sum.refused.concat(refused);
    refused.forEach((one) => settings.onProblem({
      what: 'grant_refused', reason: String(one.reason), message: String(one.message || ''),
      template: one.template, formId: one.form_id,
    }));
  }

  /**
   * @param {import('./reports').Report[]} batch
   * @param {import('./http').Answer} answer
   */
  function faulty(batch, answer) {
    // One of many spoils the others: from here each goes alone.
    if (batch.length > 1) {
      batchMax = 1;
      return;
    }
    reports.remove(batch);
    settings.onProblem({
      what: 'report_dropped', reason: 'refused', message: answer.message,
      reports: [batch[0].report_id],
    });
  }

  /**
   * @param {Failure} failure
   * @returns {Failure}
   */
  function later(failure) {
    const growing = settings.retryFirstMs * Math.pow(2, Math.min(failures, 30));
    const pause = Math.min(settings.retryMaxMs, growing) * (0.5 + Math.random() / 2);
    failures += 1;
    blockedUntil = failure.retryInMs ? Date.now() + failure.retryInMs : 0;
    failure.retryInMs = Math.round(Math.max(failure.retryInMs || 0, pause));
    failure.left = reports.size();
    wake(failure.retryInMs);
    return failure;
  }

  /**
   * @param {FlushResult} sum
   * @returns {Promise<FlushResult | Failure>}
   */
  function next(sum) {
    const batch = reports.first(batchMax);

    if (!batch.length) return Promise.resolve(sum);
    return api('POST', GRANTS_PATH, batch).then((result) => {
      if (!result.ok) return later(result);
      const answer = result.answer;
      if (answer.status === 201 && typeof answer.body.accepted === 'number')
        delivered(sum, batch, answer.body);
      else if (FAULTY.indexOf(answer.status) >= 0) faulty(batch, answer);
      else return later(failureOf(answer));
      return next(sum);
    });
  }

  /** @returns {Promise<FlushResult | Failure>} */
  function flush() {
    const wait = blockedUntil - Date.now();
    /** @type {FlushResult} */
    const sum = { ok: true, sent: 0, accepted: 0, duplicates: 0, refused: [] };

    if (running) return running;
    if (!reports.size()) return Promise.resolve(sum);
    if (wait > 0) {
      wake(wait);
      return Promise.resolve({ ok: false, reason: 'later', retryInMs: wait, left: reports.size() });
    }
    unwake();
    running = next(sum).then((result) => {
      running = null;
      // What was added while the last answer was on its way.
      if (result.ok && reports.size()) wake(0);
      tell();
      return result;
    }, (error) => {
      running = null;
      return later({ ok: false, reason: 'failed', message: String(error) });
    });
    return running;
  }

  function stop() {
    stopped = true;
    unwake();
  }

  return { flush, soon: () => wake(settings.batchDelayMs), stop };
}

module.exports = { createDelivery };
