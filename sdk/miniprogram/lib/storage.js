'use strict';

/**
 * A part of the mini program's storage that is ours. WeChat keeps it apart by user, so what lies in
 * it belongs to the user of this session. Nothing here throws: when the storage is full, broken or
 * missing, values live in memory until the mini program ends.
 *
 * @typedef {object} Storage
 * @property {(name: string) => unknown} get            undefined when there is nothing
 * @property {(name: string, value: unknown) => void} set
 * @property {(name: string) => void} remove
 */

/**
 * @param {Partial<WechatMiniprogram.Wx>} wx
 * @param {string} app
 * @returns {Storage}
 */
function createStorage(wx, app) {
  /** @type {{[name: string]: unknown}} */
  const memory = {};
  const path = (/** @type {string} */ name) => 'hongyan.' + app + '.' + name;

  /** @param {string} name */
  function get(name) {
    if (name in memory) return memory[name];
    try {
      const value = wx.getStorageSync ? wx.getStorageSync(path(name)) : undefined;
      memory[name] = value === '' ? undefined : value;
    } catch (error) {
      memory[name] = undefined;
    }
    return memory[name];
  }

  /**
   * @param {string} name
   * @param {unknown} value
   */
  function set(name, value) {
    memory[name] = value;
    try {
      if (wx.setStorageSync) wx.setStorageSync(path(name), value);
    } catch (error) {
      // full: it is in memory, and goes with the next change that fits
    }
  }

  /** @param {string} name */
  function remove(name) {
    memory[name] = undefined;
    try {
      if (wx.removeStorageSync) wx.removeStorageSync(path(name));
    } catch (error) {
      // it stays for the next start, where it is checked like anything read from there
    }
  }

  return { get, set, remove };
}

module.exports = { createStorage };
