'use strict';

/**
 * What wx.requestSubscribeMessage says, in words: the answers of the user and the reasons for which
 * no prompt was shown.
 *
 * @typedef {import('./index').FailureReason} FailureReason
 * @typedef {{reason: FailureReason, meaning: string}} Meaning
 */

/** @type {{[code: string]: Meaning}} */
const FAIL_CODES = {
  10001: { reason: 'no_templates', meaning: 'the list of templates is empty' },
  10002: { reason: 'network', meaning: 'the list of templates could not be fetched' },
  10003: { reason: 'network', meaning: 'the answer could not be sent to WeChat' },
  10004: { reason: 'bad_template', meaning: 'a template id is not valid' },
  10005: { reason: 'background', meaning: 'the mini program is in the background' },
  20001: { reason: 'unknown_template', meaning: 'a template id is unknown, or of another kind' },
  20002: { reason: 'mixed_kinds', meaning: 'one-time and long-term templates were mixed' },
  20003: { reason: 'too_many', meaning: 'too many templates for one prompt' },
  20004: { reason: 'main_switch_off', meaning: 'the user turned notices of this mini program off' },
  20005: { reason: 'banned', meaning: 'this mini program is banned from subscriptions' },
  20013: { reason: 'device_template', meaning: 'a device template needs the device prompt' },
};

const NOT_A_TAP = /user tap gesture/i;
const ACCEPT = /^accept/;

/** What the server takes; an accept of a kind that comes later is told as a plain one. */
const KNOWN = [
  'accept', 'acceptWithAlert', 'acceptWithAudio', 'acceptWithForcePush', 'reject', 'ban', 'filter',
];

/**
 * @param {unknown} result what came to `fail`, or was thrown
 * @returns {import('./index').Failure & {code?: number}}
 */
function readFailure(result) {
  const raw = Object(result);
  const text = String(raw.errMsg || raw.message || result);
  const code = Number(raw.errCode !== undefined ? raw.errCode : raw.errno);
  const known = FAIL_CODES[code];
  /** @type {import('./index').Failure} */
  const failure = { ok: false, reason: 'failed', message: text };

  if (known) {
    failure.reason = known.reason;
    failure.message = known.meaning + ' (' + text + ')';
  } else if (NOT_A_TAP.test(text)) {
    failure.reason = 'not_a_tap';
    failure.message = 'ask within the tap itself, not in a timer or on load (' + text + ')';
  }
  if (isFinite(code)) failure.code = code;
  return failure;
}

/**
 * The answers among the members of a result, one a template.
 *
 * @param {unknown} result what came to `success`
 * @param {string[]} asked
 * @returns {{[template: string]: string}}
 */
function readAnswers(result, asked) {
  const raw = Object(result);
  /** @type {{[template: string]: string}} */
  const answers = {};

  asked.forEach((template) => {
    if (typeof raw[template] === 'string' && raw[template]) answers[template] = raw[template];
  });
  return answers;
}

/**
 * @param {{[template: string]: string}} answers
 * @returns {{[template: string]: string}} the part to report; empty when there is none
 */
function reportable(answers) {
  /** @type {{[template: string]: string}} */
  const told = {};

  Object.keys(answers).forEach((template) => {
    const word = answers[template];
    if (KNOWN.indexOf(word) >= 0) told[template] = word;
    else if (ACCEPT.test(word)) told[template] = 'accept';
  });
  return told;
}

/** @param {string} answer */
function isAccept(answer) {
  return ACCEPT.test(answer);
}

module.exports = {
  readFailure, readAnswers, reportable, isAccept,
};
