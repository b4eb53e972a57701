'use strict';

/**
 * The reports that the server does not have yet, oldest first, in storage, so that what a user
 * allowed is not lost when the mini program ends or the net is away.
 *
 * @typedef {object} Report
 * @property {string} report_id       made once: however often it is sent, the server counts it once
 * @property {number} obtained_at     Unix seconds
 * @property {string[]} [form_ids]
 * @property {{[template: string]: string}} [subscriptions]
 *
 * @typedef {object} Reports
 * @property {(part: {form_ids?: string[], subscriptions?: {[template: string]: string}}) =>
 *   Report} add
 * @property {(count: number) => Report[]} first
 * @property {(done: Report[]) => void} remove
 * @property {() => number} size
 */

const { isAccept } = require('./answers');

const NAME = 'reports';

/** A form id is good for so long. */
const FORM_LIFE_S = 7 * 86400;

/** Unlike any other of this user's: the instant, and chance. */
function newId() {
  const chance = () => Math.random().toString(36).slice(2, 12);
  return [Date.now().toString(36), chance(), chance()].join('-');
}

/** @param {Report} report */
function allowsSomething(report) {
  const told = report.subscriptions || {};
  return !!report.form_ids || Object.keys(told).some((template) => isAccept(told[template]));
}

/**
 * @param {unknown} value something from the storage
 * @param {number} now_s
 * @returns {value is Report}
 */
function isReport(value, now_s) {
  const report = Object(value);
  const told = report.subscriptions;
  const forms = report.form_ids;
  const isWhole = typeof report.report_id === 'string' && isFinite(report.obtained_at) &&
    (told ? typeof told === 'object' : Array.isArray(forms) && forms.length > 0);
  return isWhole && !(forms && report.obtained_at < now_s - FORM_LIFE_S);
}

/**
 * @param {import('./storage').Storage} storage
 * @param {import('./clock').Clock} clock
 * @param {import('./options').Settings} settings
 * @returns {Reports}
 */
function createReports(storage, clock, settings) {
  const kept = storage.get(NAME);
  const now_s = clock.seconds();
  /** @type {Report[]} */
  let list = (Array.isArray(kept) ? kept : []).filter((one) => isReport(one, now_s));

  /** Makes room: a refusal is the smallest loss, then the oldest. */
  function dropOne() {
    const refusals = list.filter((one) => !allowsSomething(one));
    const victim = refusals.length ? refusals[0] : list[0];
    list = list.filter((one) => one !== victim);
    settings.onProblem({
      what: 'report_dropped', reason: 'queue_full', reports: [victim.report_id],
    });
  }

  /** @param {{form_ids?: string[], subscriptions?: {[template: string]: string}}} part */
  function add(part) {
    /** @type {Report} */
    const report = { report_id: newId(), obtained_at: clock.seconds() };
    if (part.form_ids) report.form_ids = part.form_ids;
    if (part.subscriptions) report.subscriptions = part.subscriptions;
    list = list.concat([report]);
    while (list.length > settings.queueMax) dropOne();
    storage.set(NAME, list);
    return report;
  }

  /** @param {Report[]} done */
  function remove(done) {
    const ids = done.map((one) => one.report_id);
    list = list.filter((one) => ids.indexOf(one.report_id) < 0);
    storage.set(NAME, list);
  }

  return {
    add, remove, first: (count) => list.slice(0, count), size: () => list.length,
  };
}

module.exports = { createReports };
