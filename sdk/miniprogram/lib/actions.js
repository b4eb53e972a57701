'use strict';

/**
 * What a page calls. Each gives its result, a promise of it or a Failure; `hongyan.js` sees to it
 * that the page always gets a promise that is kept.
 *
 * @typedef {import('./index').Failure} Failure
 * @typedef {import('./index').SubscribeResult} SubscribeResult
 *
 * @typedef {object} Parts
 * @property {import('./options').Settings} settings
 * @property {import('./session').Session} session
 * @property {import('./api').Api} api
 * @property {import('./advice').AdviceBook} advice
 * @property {ReturnType<typeof import('./prompt').createPrompt>} prompt
 * @property {import('./reports').Reports} reports
 * @property {import('./delivery').Delivery} delivery
 */

const { choose } = require('./prompt');
const { failureOf } = require('./failure');
const { names } = require('./options');
const { readFormId } = require('./forms');
const words = require('./answers');

/**
 * @param {Parts} parts
 * @param {string[]} asked
 * @param {import('./index').Skipped[]} skipped
 * @param {{[template: string]: string}} answers
 * @returns {SubscribeResult}
 */
function answered(parts, asked, skipped, answers) {
  const told = words.reportable(answers);
  /** @type {SubscribeResult} */
  const result = {
    ok: true, asked, results: answers, skipped,
    accepted: asked.filter((one) => words.isAccept(answers[one] || '')),
  };

  if (Object.keys(told).length) {
    result.reportId = parts.reports.add({ subscriptions: told }).report_id;
    parts.advice.note(answers);
    parts.delivery.soon();
  }
  return result;
}

/**
 * Nothing may be waited for before the prompt: see prompt.js.
 *
 * @param {Parts} parts
 * @param {unknown} templates
 * @param {import('./index').SubscribeOptions} [options]
 * @returns {Promise<SubscribeResult | Failure> | SubscribeResult | Failure}
 */
function subscribe(parts, templates, options) {
  const wanted = names(templates);
  const lookup = Object(options).force ? () => undefined : parts.advice.lookup;
  const choice = choose(wanted, lookup, parts.settings.longTerm, parts.prompt.limit());

  if (!wanted.length) return { ok: false, reason: 'no_templates' };
  if (!choice.ask.length) return answered(parts, [], choice.skipped, {});
  return parts.prompt.ask(choice.ask).then((result) => {
    if (!result.ok) return result;
    const left = choice.ask.filter((one) => result.asked.indexOf(one) < 0)
      .map((one) => ({ template: one, reason: 'over_limit' }));
    return answered(parts, result.asked, choice.skipped.concat(left), result.answers);
  });
}

/**
 * @param {Parts} parts
 * @param {unknown} event
 * @returns {import('./index').FormResult | Failure}
 */
function collectForm(parts, event) {
  const read = readFormId(event);
  if (read.reason) return { ok: false, reason: read.reason };
  const report = parts.reports.add({ form_ids: [read.formId] });
  parts.delivery.soon();
  return { ok: true, reportId: report.report_id };
}

/**
 * @param {Parts} parts
 * @param {unknown} templates  left out: those of createHongyan
 * @param {import('./index').AskOptions} [options]
 * @returns {Promise<import('./index').AskResult | Failure> | Failure}
 */
function askWhatIsWorth(parts, templates, options) {
  const wanted = names(templates === undefined ? parts.settings.templates : templates);
  if (!wanted.length) return { ok: false, reason: 'no_templates' };
  return parts.advice.fetch(wanted, !!Object(options).fresh);
}

/**
 * @param {Parts} parts
 * @returns {Promise<import('./index').LoginResult | Failure>}
 */
function login(parts) {
  return parts.session.get().then((result) =>
    (result.ok ? { ok: true, expiresAt: result.expiresAt } : result));
}

/**
 * Ends all sessions of the user, on every device.
 *
 * @param {Parts} parts
 * @returns {Promise<{ok: true} | Failure>}
 */
function logout(parts) {
  if (!parts.session.current()) return Promise.resolve({ ok: true });
  return parts.api('DELETE', '/client/v1/session').then((result) => {
    if (!result.ok) return result;
    if (result.answer.status !== 204) return failureOf(result.answer);
    parts.session.refused(parts.session.current());
    return { ok: true };
  });
}

module.exports = {
  subscribe, collectForm, askWhatIsWorth, login,
  logout,
};
