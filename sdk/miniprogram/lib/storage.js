'use strict';

/**
 * A part of the mini program's storage that is ours. WeChat keeps it apart by user, so what lies in
 * it belongs to the user of this session. It is read at the start only: who keeps something here
 * also has it in memory, so a storage that is full, broken or missing costs what a restart would
 * have found, and nothing else. Nothing here throws.
 *
 * @typedef {object} Storage
 * @property {(name: string) => unknown} get   what an earlier run left: anything, to be checked
 * @property {(name: string, value: unknown) => void} set
 * @property {(name: string) => void} remove
 */

/**
 * @param {Partial<WechatMiniprogram.Wx>} wx
 * @param {string} app
 * @returns {Storage}
 */
function createStorage(wx, app) {
  const path = (/** @type {string} */ name) => 'hongyan.' + app + '.' + name;

  /**
   * @template T
   * @param {() => T} work
   */
  const attempt = (work) => {
    try {
      return work();
    } catch (error) {
      return undefined;
    }
  };

  return {
    get: (name) => attempt(() => wx.getStorageSync && wx.getStorageSync(path(name))),
    set: (name, value) => {
      attempt(() => wx.setStorageSync && wx.setStorageSync(path(name), value));
    },
    remove: (name) => {
      attempt(() => wx.removeStorageSync && wx.removeStorageSync(path(name)));
    },
  };
}

module.exports = { createStorage };
