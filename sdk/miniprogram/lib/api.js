'use strict';

/**
 * Calls in the name of the user. A session that the server refuses is renewed once.
 *
 * @typedef {(method: 'GET' | 'POST' | 'DELETE', path: string, body?: object) =>
 *   Promise<{ok: true, answer: import('./http').Answer} | import('./index').Failure>} Api
 */

const { failureOf } = require('./failure');

/**
 * @param {import('./http').Http} http
 * @param {import('./session').Session} session
 * @returns {Api} ok: there is an answer and it is no 401; its status is the caller's to judge
 */
function createApi(http, session) {
  /**
   * @param {import('./http').Request} request
   * @param {number} tries
   * @returns {ReturnType<Api>}
   */
  function call(request, tries) {
    return session.get().then((login) => {
      if (!login.ok) return login;
      request.session = login.session;
      return http(request).then((answer) => {
        if (answer.status === 401) {
          session.refused(login.session);
          return tries > 1 ? call(request, tries - 1) : failureOf(answer);
        }
        return answer.status ? { ok: /** @type {true} */ (true), answer } : failureOf(answer);
      });
    });
  }

  return (method, path, body) => call({ method, path, body }, 2);
}

module.exports = { createApi };
