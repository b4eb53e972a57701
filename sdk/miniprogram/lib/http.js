'use strict';

/**
 * One HTTP request. The promise is always kept: an answer with status 0 means that none came.
 *
 * @typedef {object} Answer
 * @property {number} status
 * @property {{[name: string]: any}} body   empty when it was no JSON object
 * @property {number} retryAfterMs          what the server asked for; 0 when it did not
 * @property {string} message               why there is no answer, or the server's own words
 *
 * @typedef {object} Request
 * @property {'GET' | 'POST' | 'DELETE'} method
 * @property {string} path
 * @property {object} [body]
 * @property {string} [session]
 *
 * @typedef {(request: Request) => Promise<Answer>} Http
 */

/** wx.request has a time-out of its own; ours is for clients that lose the call altogether. */
const GRACE_MS = 1000;
const SECOND_MS = 1000;

/**
 * @param {{[name: string]: unknown}} headers
 * @param {string} name in lower case; clients differ in how they write them
 * @returns {string}
 */
function header(headers, name) {
  const key = Object.keys(headers).filter((one) => one.toLowerCase() === name)[0];
  return key === undefined ? '' : String(headers[key]);
}

/**
 * @param {number} status
 * @param {unknown} data
 * @param {string} retryAfter
 * @returns {Answer}
 */
function readAnswer(status, data, retryAfter) {
  const isObject = typeof data === 'object' && data !== null && !Array.isArray(data);
  const body = /** @type {{[name: string]: any}} */ (isObject ? data : {});
  const seconds = Number(retryAfter);

  return {
    status,
    body,
    retryAfterMs: seconds > 0 ? seconds * SECOND_MS : 0,
    message: String(body.detail || body.title || ''),
  };
}

/**
 * @param {string} why
 * @returns {Answer}
 */
function noAnswer(why) {
  return { status: 0, body: {}, retryAfterMs: 0, message: why };
}

/**
 * @param {Partial<WechatMiniprogram.Wx>} wx
 * @param {import('./options').Settings} settings
 * @param {import('./clock').Clock} clock
 * @returns {Http}
 */
function createHttp(wx, settings, clock) {
  /** @param {Request} request */
  function headersOf(request) {
    /** @type {{[name: string]: string}} */
    const headers = { 'content-type': 'application/json' };
    if (request.session) headers.authorization = 'Bearer ' + request.session;
    return headers;
  }

  return (request) => new Promise((resolve) => {
    const sentMs = Date.now();
    /** @type {{abort?: () => void} | undefined} */
    let task;
    const timer = setTimeout(() => {
      resolve(noAnswer('timeout'));
      try {
        if (task && task.abort) task.abort();
      } catch (error) {
        // there is nothing left to end
      }
    }, settings.timeoutMs + GRACE_MS);
    const settle = (/** @type {Answer} */ answer) => {
      clearTimeout(timer);
      resolve(answer);
    };

    try {
      if (!wx.request) return settle(noAnswer('wx.request is missing'));
      task = wx.request({
        url: settings.url + request.path,
        method: request.method,
        data: /** @type {any} */ (request.body),
        header: headersOf(request),
        timeout: settings.timeoutMs,
        success: (result) => {
          const headers = Object(result.header);
          clock.learn(header(headers, 'date'), sentMs, Date.now());
          settle(readAnswer(result.statusCode, result.data, header(headers, 'retry-after')));
        },
        fail: (result) => settle(noAnswer(String(Object(result).errMsg || 'request failed'))),
      });
    } catch (error) {
      settle(noAnswer(String(error)));
    }
  });
}

module.exports = { createHttp };
