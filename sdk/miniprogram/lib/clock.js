'use strict';

/**
 * The server's time. The server pairs what the page reports with the event that WeChat sends it
 * of the same tap by their instants, and a phone's clock may be minutes off; so the difference is
 * learnt from the Date header of the answers and kept for the next start.
 *
 * @typedef {object} Clock
 * @property {() => number} seconds   Unix seconds now, as the server would say
 * @property {(date: string, sentMs: number, gotMs: number) => void} learn
 */

const NAME = 'clock';

/** A Date header has whole seconds; below that a difference means nothing. */
const NOISE_MS = 2000;

/**
 * @param {import('./storage').Storage} storage
 * @returns {Clock}
 */
function createClock(storage) {
  const kept = storage.get(NAME);
  let aheadMs = typeof kept === 'number' && isFinite(kept) ? kept : 0;

  /**
   * @param {string} date
   * @param {number} sentMs
   * @param {number} gotMs
   */
  function learn(date, sentMs, gotMs) {
    const server = Date.parse(date);
    const middle = (sentMs + gotMs) / 2;
    // On average the header is half a second behind the instant that it was written at.
    const measured = Math.round(server + 500 - middle);

    if (!isFinite(measured) || gotMs < sentMs || gotMs - sentMs > 2 * NOISE_MS) return;
    if (Math.abs(measured - aheadMs) < NOISE_MS) return;
    aheadMs = Math.abs(measured) < NOISE_MS ? 0 : measured;
    storage.set(NAME, aheadMs);
  }

  return {
    seconds: () => Math.floor((Date.now() + aheadMs) / 1000),
    learn,
  };
}

module.exports = { createClock };
