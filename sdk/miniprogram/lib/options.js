'use strict';

/**
 * What `createHongyan` was given, read once: every value has its default and lies in its limits.
 *
 * @typedef {object} Settings
 * @property {string} url            address of the server, without a slash at its end
 * @property {string} app            appid of the mini program
 * @property {string[]} templates    asked about ahead of the first tap
 * @property {string[]} longTerm     those templates that are long-term subscriptions
 * @property {number} maxTemplates   templates in one prompt
 * @property {number} timeoutMs      of one request
 * @property {number} askFreshMs     how long the server's advice is taken without asking again
 * @property {number} queueMax       reports kept for later
 * @property {number} batchDelayMs   how long a report waits for others to go with it
 * @property {number} retryFirstMs   pause after the first failure; doubles
 * @property {number} retryMaxMs     longest pause
 * @property {(problem: import('./index').Problem) => void} onProblem  never throws
 */

/** The most templates that any version of WeChat takes in one prompt. */
const PROMPT_MAX = 5;

/** name: [default, least, most] */
const NUMBERS = {
  maxTemplates: [PROMPT_MAX, 1, PROMPT_MAX],
  timeoutMs: [10000, 100, 60000],
  askFreshMs: [300000, 0, 86400000],
  queueMax: [200, 1, 1000],
  batchDelayMs: [300, 0, 60000],
  retryFirstMs: [2000, 1, 3600000],
  retryMaxMs: [300000, 1, 3600000],
};

/**
 * Texts that are not empty, each once, in their order.
 *
 * @param {unknown} list
 * @returns {string[]}
 */
function names(list) {
  const found = Array.isArray(list) ? list : [list];
  return found.filter((one, i) => typeof one === 'string' && one && found.indexOf(one) === i);
}

/**
 * @param {keyof typeof NUMBERS} name
 * @param {unknown} value
 * @returns {number}
 */
function number(name, value) {
  const row = NUMBERS[name];
  if (typeof value !== 'number' || value !== value) return row[0];
  return Math.max(row[1], Math.min(row[2], value));
}

/**
 * A listener of the page's, which may be missing or may throw.
 *
 * @param {unknown} listener
 * @returns {(problem: import('./index').Problem) => void}
 */
function quiet(listener) {
  return (problem) => {
    try {
      if (typeof listener === 'function') listener(problem);
    } catch (error) {
      // not our fault, and nothing that the page's user should feel
    }
  };
}

/**
 * @param {unknown} given
 * @returns {{settings: Settings, fault: string}} the fault is empty when all is well
 */
function readOptions(given) {
  /** @type {{[name: string]: unknown}} */
  const raw = Object(given);
  const url = typeof raw.url === 'string' ? raw.url.replace(/\/+$/, '') : '';
  const app = typeof raw.app === 'string' ? raw.app : '';
  let fault = '';

  if (!/^https?:\/\/[^/]/.test(url)) fault = 'url must be the https address of the server';
  else if (!app) fault = 'app must be the appid of the mini program';
  return {
    fault,
    settings: {
      url,
      app,
      templates: names(raw.templates),
      longTerm: names(raw.longTerm),
      maxTemplates: number('maxTemplates', raw.maxTemplates),
      timeoutMs: number('timeoutMs', raw.timeoutMs),
      askFreshMs: number('askFreshMs', raw.askFreshMs),
      queueMax: number('queueMax', raw.queueMax),
      batchDelayMs: number('batchDelayMs', raw.batchDelayMs),
      retryFirstMs: number('retryFirstMs', raw.retryFirstMs),
      retryMaxMs: number('retryMaxMs', raw.retryMaxMs),
      onProblem: quiet(raw.onProblem),
    },
  };
}

module.exports = { readOptions, names };
