// Advice: there before the tap, cached for minutes, and right again after an answer.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { waitFor } from '../system/lib.mjs';
import { fakeWx, moveTime, open, status } from './fake_wx.mjs';

const ASK = '/client/v1/ask';
const asked = (wx) => wx.server.to(ASK).map((one) => one.searchParams.get('templates'));

test('the templates of the options are asked about at once and again when the app shows', async (t) => {
  const wx = fakeWx();
  wx.server.advice = { b: { ask: false, reason: 'enough', available: 2 } };
  const hongyan = open(t, wx, { templates: ['a', 'b'] });
  await waitFor('the advice', () => wx.storage.has('hongyan.wx0000000000000001.advice'));

  const result = await hongyan.subscribe(['a', 'b']);
  assert.deepEqual(wx.prompts, [['a']]);
  assert.deepEqual(result.skipped, [{ template: 'b', reason: 'enough' }]);
  moveTime(t, 301_000);
  wx.emit('AppShow', {});
  await waitFor('a second question', () => asked(wx).filter((one) => one === 'a,b').length === 2);
});

test('advice is cached, only what is missing is asked for, `fresh` asks anew', async (t) => {
  const wx = fakeWx();
  const hongyan = open(t, wx);
  const first = await hongyan.askWhatIsWorth(['a', 'b']);

  assert.deepEqual(first.ask, ['a', 'b']);
  assert.deepEqual(first.templates[0], { template: 'a', ask: true, reason: 'none_left', available: 0 });
  assert.equal(first.cached, false);
  assert.equal((await hongyan.askWhatIsWorth('a')).cached, true);
  await hongyan.askWhatIsWorth(['a', 'c']);
  await hongyan.askWhatIsWorth(['a'], { fresh: true });
  assert.deepEqual(asked(wx), ['a,b', 'c', 'a']);
  moveTime(t, 300_001);
  assert.equal((await hongyan.askWhatIsWorth(['a'])).cached, false);
});

test('equal questions at one time are one request, many templates several', async (t) => {
  const wx = fakeWx();
  const hongyan = open(t, wx);
  const many = Array.from({ length: 45 }, (_, i) => `t${i}`);
  await Promise.all([hongyan.askWhatIsWorth(['a']), hongyan.askWhatIsWorth(['a'])]);
  const result = await hongyan.askWhatIsWorth(many);

  assert.equal(result.templates.length, 45);
  assert.deepEqual(asked(wx).map((one) => one.split(',').length), [1, 20, 20, 5]);
});

test('a failure says why, and what came before it still counts', async (t) => {
  const wx = fakeWx();
  const hongyan = open(t, wx);
  assert.equal((await hongyan.askWhatIsWorth([])).reason, 'no_templates');
  await hongyan.askWhatIsWorth(['a']);
  wx.server.script[ASK] = [status(429, { detail: 'too many' }, { 'Retry-After': '3' })];
  assert.deepEqual(await hongyan.askWhatIsWorth(['a', 'b']),
    { ok: false, reason: 'rate_limited', status: 429, message: 'too many', retryInMs: 3000 });
  assert.equal((await hongyan.askWhatIsWorth(['a'])).ok, true);
});

test('advice outlives the mini program; after an hour it is no advice', async (t) => {
  const wx = fakeWx();
  wx.server.advice = { a: { ask: false, reason: 'banned' } };
  await open(t, wx).askWhatIsWorth(['a']);
  await open(t, wx).subscribe(['a']);
  assert.deepEqual(wx.prompts, []);
  moveTime(t, 3600_001);
  await open(t, wx).subscribe(['a']);
  assert.deepEqual(wx.prompts, [['a']], 'nothing is known, so it asks');
});

test('an answer counts at once, before the server was asked again', async (t) => {
  const wx = fakeWx({ choices: { a: 'accept', b: 'reject', c: 'ban', d: 'filter', e: 'accept' } });
  const hongyan = open(t, wx, { longTerm: ['e'], batchDelayMs: 60_000 });
  await hongyan.askWhatIsWorth(['a', 'b', 'c', 'd', 'e']);
  await hongyan.subscribe(['a', 'b', 'c', 'd']);
  await hongyan.subscribe(['e']);
  await hongyan.subscribe(['a']);
  const { templates } = await hongyan.askWhatIsWorth(['a', 'b', 'c', 'd', 'e']);

  assert.deepEqual(templates.map((one) => [one.template, one.ask, one.reason, one.available]), [
    ['a', false, 'enough', 2], ['b', false, 'refused_recently', 0], ['c', false, 'banned', 0],
    ['d', true, 'none_left', 0], ['e', false, 'standing', 1],
  ]);
  assert.equal(asked(wx).length, 1);
});

test('once the answers are at the server, it is asked again about those templates', async (t) => {
  const wx = fakeWx();
  const hongyan = open(t, wx);
  await hongyan.askWhatIsWorth(['a', 'b']);
  await hongyan.subscribe(['a']);
  await waitFor('another question', () => asked(wx).length === 2);
  assert.deepEqual(asked(wx), ['a,b', 'a']);
});

test('advice that was on its way when the user answered does not undo the answer', async (t) => {
  const wx = fakeWx({ choices: { a: 'reject' } });
  const usual = wx.request;
  let held;
  const hongyan = open(t, wx, { batchDelayMs: 60_000 });
  await hongyan.login();
  wx.request = (options) => { held = () => usual(options); return {}; };
  moveTime(t, -5);
  const late = hongyan.askWhatIsWorth(['a']);
  await waitFor('the question', () => held);
  moveTime(t, 5);
  await hongyan.subscribe(['a']);
  held();
  assert.equal((await late).templates[0].reason, 'refused_recently');
});

test('nonsense from the server or in storage is passed over', async (t) => {
  const storage = new Map([['hongyan.wx0000000000000001.advice',
    JSON.stringify({ a: 7, b: { template: 'b', ask: 'yes', at: 1 }, c: null })]]);
  const wx = fakeWx({ storage });
  wx.server.script[ASK] = [status(200, { templates: [{ template: 'a', ask: true }, 5, null, {}] }),
    status(200, { templates: 'none' })];
  const hongyan = open(t, wx);
  assert.deepEqual((await hongyan.askWhatIsWorth(['a', 'b'])).ask, ['a']);
  assert.deepEqual((await hongyan.askWhatIsWorth(['c'])).templates, []);
});
