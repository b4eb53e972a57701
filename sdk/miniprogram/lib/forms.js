'use strict';

/**
 * What stands in `formId` when there is none: the developer tools' value, the two phrases of the
 * base library, and what a careless page makes of a missing value. Compared by letters and digits
 * only, so that other spellings of the same are caught. The words are the server's.
 *
 * @type {{text: string, isPrefix: boolean, reason: import('./index').FailureReason}[]}
 */
const FAKES = [
  { text: 'theformidisamock', isPrefix: true, reason: 'mock_form_id' },
  { text: 'theformidisnolongeravailable', isPrefix: true, reason: 'unavailable_in_trial' },
  { text: 'requestformidfail', isPrefix: true, reason: 'request_failed' },
  { text: '', isPrefix: false, reason: 'empty' },
  { text: 'undefined', isPrefix: false, reason: 'empty' },
  { text: 'null', isPrefix: false, reason: 'empty' },
  { text: 'nan', isPrefix: false, reason: 'empty' },
  { text: 'objectobject', isPrefix: false, reason: 'malformed' },
];

const BYTES_MAX = 128;

/**
 * @param {unknown} event of a form with `report-submit`
 * @returns {{formId: string, reason?: undefined} | {reason: import('./index').FailureReason}}
 */
function readFormId(event) {
  const raw = Object(Object(event).detail).formId;
  const formId = raw === undefined || raw === null ? '' : String(raw).trim();
  const folded = formId.toLowerCase().replace(/[^a-z0-9]/g, '');
  const fake = FAKES.filter((one) =>
    (one.isPrefix ? folded.indexOf(one.text) === 0 : folded === one.text))[0];

  if (fake) return { reason: fake.reason };
  if (formId.length > BYTES_MAX || /[^\x21-\x7e]/.test(formId)) return { reason: 'malformed' };
  return { formId };
}

module.exports = { readFormId };
