'use strict';

/** @type {{[status: string]: import('./index').FailureReason}} */
const REASONS = { 0: 'network', 429: 'rate_limited' };

/**
 * What the page is told of a request that did not do.
 *
 * @param {import('./http').Answer} answer
 * @param {import('./index').FailureReason} [unauthorized] the word for a 401
 * @returns {import('./index').Failure}
 */
function failureOf(answer, unauthorized) {
  /** @type {import('./index').Failure} */
  const failure = { ok: false, reason: 'refused' };
  const known = REASONS[answer.status];

  if (known) failure.reason = known;
  else if (answer.status === 401) failure.reason = unauthorized || 'session_refused';
  // A 2xx that is not the promised one came from somebody between us and the server.
  else if (answer.status >= 500 || answer.status < 400) failure.reason = 'unavailable';
  if (answer.status) failure.status = answer.status;
  if (answer.message) failure.message = answer.message;
  if (answer.retryAfterMs) failure.retryInMs = answer.retryAfterMs;
  return failure;
}

module.exports = { failureOf };
