// The prompt: called within the tap, with the right templates; every kind of result and failure.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { waitFor } from '../system/lib.mjs';
import { createHongyan, fakeWx, moveTime, open, URL } from './fake_wx.mjs';

const list = (count) => Array.from({ length: count }, (_, i) => `t${i + 1}`);

test('the prompt is called before subscribe returns', (t) => {
  const wx = fakeWx();
  open(t, wx).subscribe(['a']);
  assert.deepEqual(wx.prompts, [['a']]);
});

test('every kind of result reaches page and server', async (t) => {
  const choices = {
    a: 'accept', b: 'reject', c: 'ban', d: 'filter', e: 'acceptWithAlert',
    f: 'acceptWithAudio', g: 'acceptWithForcePush', h: 'acceptInSomeNewWay', i: 'odd',
  };
  const wx = fakeWx({ choices });
  const hongyan = open(t, wx);
  const first = await hongyan.subscribe(['a', 'b', 'c', 'd', 'e']);
  const second = await hongyan.subscribe(['f', 'g', 'h', 'i', '', 'f', 7]);
  await hongyan.flush();

  assert.deepEqual(first.accepted, ['a', 'e']);
  assert.deepEqual(second.accepted, ['f', 'g', 'h']);
  assert.deepEqual({ ...first.results, ...second.results }, choices);
  assert.deepEqual(wx.server.taken.map((one) => one.subscriptions), [
    { a: 'accept', b: 'reject', c: 'ban', d: 'filter', e: 'acceptWithAlert' },
    { f: 'acceptWithAudio', g: 'acceptWithForcePush', h: 'accept' },
  ]);
  assert.deepEqual(wx.server.taken.map((one) => one.report_id), [first.reportId, second.reportId]);
});

test('obtained_at is the instant of the answer, by the server\'s clock', async (t) => {
  const wx = fakeWx();
  // The phone is ten minutes slow.
  wx.server.date = () => new Date(Date.now() + 600_000).toUTCString();
  const hongyan = open(t, wx);
  await hongyan.login();
  await hongyan.subscribe(['a']);
  await hongyan.flush();
  const [report] = wx.server.taken;
  assert.ok(Number.isInteger(report.obtained_at));
  assert.ok(Math.abs(report.obtained_at - (Date.now() / 1000 + 600)) < 3, String(report.obtained_at));
  assert.match(report.report_id, /^[\w-]{12,64}$/);
});

test('at most five in a prompt, or what the options say; the rest is told', async (t) => {
  const wx = fakeWx();
  const result = await open(t, wx).subscribe(list(7));
  assert.deepEqual(wx.prompts, [list(5)]);
  assert.deepEqual(result.skipped.map((one) => [one.template, one.reason]),
    [['t6', 'over_limit'], ['t7', 'over_limit']]);

  const three = fakeWx();
  await open(t, three, { maxTemplates: 3 }).subscribe(list(7));
  assert.deepEqual(three.prompts, [list(3)]);
});

test('clients that take fewer are found out within the tap', async (t) => {
  const tooMany = { fail: { errCode: 20003, errMsg: 'requestSubscribeMessage:fail' } };
  const wx = fakeWx({ choices: (ids) => (ids.length > 3 ? tooMany : {}) });
  const hongyan = open(t, wx);
  const result = await hongyan.subscribe(list(5));
  assert.deepEqual(result.asked, list(3));
  assert.deepEqual(result.skipped.map((one) => one.template), ['t4', 't5']);
  await hongyan.subscribe(list(5));
  assert.deepEqual(wx.prompts.map((one) => one.length), [5, 3, 3]);

  const one = fakeWx({ choices: (ids) => (ids.length > 1 ? tooMany : {}) });
  await open(t, one).subscribe(list(5));
  assert.deepEqual(one.prompts.map((ids) => ids.length), [5, 3, 1]);
});

for (const [platform, version, count] of [
  ['ios', '7.0.5', 1], ['ios', '7.0.6', 5], ['android', '7.0.6', 1], ['android', '7.0.7', 5],
  ['ios', '6.9.9', 1], ['android', '7.0.10', 5], ['devtools', '6.0.0', 5], ['ios', 'odd', 5],
]) {
  test(`WeChat ${version} on ${platform} is asked for ${count} at once`, async (t) => {
    const wx = fakeWx();
    wx.info = { platform, version };
    await open(t, wx).subscribe(list(5));
    assert.equal(wx.prompts[0].length, count);

    const older = fakeWx({
      getDeviceInfo: undefined, getAppBaseInfo: undefined, getSystemInfoSync: () => ({ platform, version }),
    });
    await open(t, older).subscribe(list(5));
    assert.equal(older.prompts[0].length, count);
  });
}

test('one-time and long-term templates never share a prompt', async (t) => {
  const wx = fakeWx();
  const hongyan = open(t, wx, { longTerm: ['long1', 'long2'] });
  const result = await hongyan.subscribe(['a', 'long1', 'b', 'long2']);
  await hongyan.subscribe(['long1', 'a', 'long2']);
  assert.deepEqual(wx.prompts, [['a', 'b'], ['long1', 'long2']]);
  assert.deepEqual(result.skipped,
    [{ template: 'long1', reason: 'other_kind' }, { template: 'long2', reason: 'other_kind' }]);
});

test('kinds that nobody told apart: the first alone', async (t) => {
  const mixed = { fail: { errCode: 20002, errMsg: 'fail' } };
  const wx = fakeWx({ choices: (ids) => (ids.length > 1 ? mixed : {}) });
  const result = await open(t, wx).subscribe(['a', 'long']);
  assert.deepEqual(result.accepted, ['a']);
  assert.deepEqual(wx.prompts, [['a', 'long'], ['a']]);
});

test('advice leaves out what is not worth it, `force` asks for all', async (t) => {
  const wx = fakeWx();
  wx.server.advice = { a: { ask: false, reason: 'refused_recently' } };
  const hongyan = open(t, wx);
  await hongyan.askWhatIsWorth(['a']);
  const none = await hongyan.subscribe(['a']);
  assert.deepEqual(none, { ok: true, asked: [], accepted: [], results: {},
    skipped: [{ template: 'a', reason: 'refused_recently' }] });
  assert.deepEqual(wx.prompts, []);
  await hongyan.subscribe(['a'], { force: true });
  assert.deepEqual(wx.prompts, [['a']]);
});

test('a kept "accept" is asked for at each tap, as no prompt shows; a kept "reject" never', async (t) => {
  const wx = fakeWx();
  wx.itemSettings = { free: 'accept', never: 'reject', long: 'accept' };
  wx.server.advice = {
    free: { ask: false, reason: 'enough', available: 9 }, long: { ask: false, reason: 'standing' },
  };
  const hongyan = open(t, wx, { longTerm: ['long'] });
  const advice = await hongyan.askWhatIsWorth(['free', 'never', 'long', 'new']);
  assert.equal(advice.templates[0].kept, 'accept');
  const result = await hongyan.subscribe(['free', 'never', 'long', 'new']);
  assert.deepEqual(wx.prompts, [['new', 'free']], 'what the server hopes for comes first');
  assert.deepEqual(result.skipped, [
    { template: 'never', reason: 'kept_reject' }, { template: 'long', reason: 'standing' }]);
});

test('what is kept is read anew after a restart, though the advice is still fresh', async (t) => {
  const wx = fakeWx();
  wx.server.advice = { a: { ask: false, reason: 'enough', available: 2 } };
  await open(t, wx, { templates: ['a'] }).askWhatIsWorth();
  wx.itemSettings = { a: 'accept' };
  await open(t, wx, { templates: ['a'] }).subscribe(['a']);
  assert.deepEqual(wx.prompts, [['a']]);
});

for (const [code, reason] of [
  [10001, 'no_templates'], [10002, 'network'], [10003, 'network'], [10004, 'bad_template'],
  [10005, 'background'], [20001, 'unknown_template'], [20002, 'mixed_kinds'], [20003, 'too_many'],
  [20004, 'main_switch_off'], [20005, 'banned'], [20013, 'device_template'], [4711, 'failed'],
]) {
  test(`fail code ${code} is ${reason}`, async (t) => {
    const wx = fakeWx({ choices: { fail: { errCode: code, errMsg: 'requestSubscribeMessage:fail x' } } });
    const result = await open(t, wx).subscribe(['a']);
    assert.deepEqual([result.ok, result.reason, result.code], [false, reason, code]);
    assert.match(result.message, /requestSubscribeMessage:fail x/);
    assert.equal(wx.storage.has('hongyan.wx0000000000000001.reports'), false, 'nothing to report');
  });
}

test('outside of a tap it says what to do', async (t) => {
  const errMsg = 'requestSubscribeMessage:fail can only be invoked by user TAP gesture.';
  const result = await open(t, fakeWx({ choices: { fail: { errMsg } } })).subscribe(['a']);
  assert.equal(result.reason, 'not_a_tap');
  assert.match(result.message, /within the tap/);
});

test('a second tap while the prompt is open is no second prompt', async (t) => {
  const calls = [];
  const wx = fakeWx({ requestSubscribeMessage: (call) => void calls.push(call) });
  const hongyan = open(t, wx);
  const first = hongyan.subscribe(['a']);
  assert.equal((await hongyan.subscribe(['a'])).reason, 'busy');
  calls[0].success({ errMsg: 'ok', a: 'accept' });
  assert.equal((await first).ok, true);
  hongyan.subscribe(['a']);
  moveTime(t, 60_001);
  hongyan.subscribe(['a']);
  await waitFor('the third prompt', () => calls.length === 3);
});

test('old clients: without the API, or without anything', async (t) => {
  const without = await open(t, fakeWx({ requestSubscribeMessage: undefined })).subscribe(['a']);
  assert.deepEqual(without, { ok: false, reason: 'unsupported' });

  const bare = open(t, {});
  for (const result of [await bare.login(), await bare.logout(), await bare.askWhatIsWorth(['a']),
    await bare.subscribe(['a']), await bare.flush(), await bare.collectForm({ detail: { formId: 'f' } })])
    assert.equal(typeof result.ok, 'boolean');
});

test('nothing throws, whatever wx does', async (t) => {
  const broken = new Proxy({}, { get: (_, name) => () => { throw new Error(`wx.${String(name)}`); } });
  const worse = new Proxy({}, { get: (_, name) => { throw new Error(`no wx.${String(name)}`); } });

  for (const wx of [broken, worse, null, 7, new Proxy({}, { get: () => 5 })]) {
    const hongyan = open(t, wx, { onProblem: () => { throw new Error('listener'); } });
    for (const event of [undefined, null, {}, { detail: null }, { detail: { formId: Symbol('x') } }])
      assert.equal(typeof (await hongyan.collectForm(event)).ok, 'boolean');
    for (const templates of [undefined, null, 7, {}, [null], ['a'], 'a']) {
      assert.equal(typeof (await hongyan.subscribe(templates, null)).ok, 'boolean');
      assert.equal(typeof (await hongyan.askWhatIsWorth(templates, 7)).ok, 'boolean');
    }
    assert.equal((await hongyan.login()).ok, false);
  }
});

test('wrong options show in every result', async () => {
  for (const options of [undefined, null, {}, { url: URL }, { app: 'x' }, { url: 'ftp://x', app: 'x' },
    { url: 7, app: {} }]) {
    const hongyan = createHongyan(options);
    const results = [await hongyan.login(), await hongyan.subscribe(['a']), await hongyan.flush()];
    assert.ok(results.every((one) => one.reason === 'bad_options' && one.message));
    hongyan.stop();
  }
});
