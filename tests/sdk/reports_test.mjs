// Reports: batched, repeated until the server has them, kept over restarts, never counted twice.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { waitFor } from '../system/lib.mjs';
import { FakeServer, fakeWx, moveTime, netFault, open, silence, status } from './fake_wx.mjs';

const GRANTS = '/client/v1/grants';
const QUEUE = 'hongyan.wx0000000000000001.reports';
const form = (formId) => ({ detail: { formId, value: {} } });
const waiting = (wx) => JSON.parse(wx.storage.get(QUEUE) ?? '[]');
const forms = (wx) => wx.server.taken.flatMap((one) => one.form_ids ?? []);

test('reports of a moment travel together, at most 50 in a request', async (t) => {
  const wx = fakeWx();
  const hongyan = open(t, wx);
  const all = Array.from({ length: 120 }, (_, i) => `form${i}`);
  await Promise.all(all.map((one) => hongyan.collectForm(form(one))));
  const result = await hongyan.flush();

  assert.deepEqual(wx.server.to(GRANTS).map((one) => one.body.length), [50, 50, 20]);
  assert.deepEqual(forms(wx), all);
  assert.deepEqual(result, { ok: true, sent: 120, accepted: 120, duplicates: 0, refused: [] });
  assert.deepEqual(waiting(wx), []);
  assert.equal(new Set(wx.server.taken.map((one) => one.report_id)).size, 120);
});

test('they leave by themselves', async (t) => {
  const wx = fakeWx();
  const hongyan = open(t, wx, { batchDelayMs: 5 });
  await hongyan.collectForm(form('f1'));
  await waitFor('the report', () => forms(wx).length === 1);
});

for (const [value, reason] of [
  ['the formId is a mock one', 'mock_form_id'], ['The formId is a mock one!', 'mock_form_id'],
  ['the formId is no longer available in develop or trial version of this mini program',
    'unavailable_in_trial'],
  ['requestFormId:fail timeout', 'request_failed'], ['', 'empty'], ['   ', 'empty'], [undefined, 'empty'],
  ['undefined', 'empty'], ['null', 'empty'], [{}, 'malformed'], ['two words', 'malformed'],
  ['x'.repeat(129), 'malformed'],
]) {
  test(`the form id ${JSON.stringify(value)?.slice(0, 40)} is ${reason}`, async (t) => {
    const wx = fakeWx();
    const hongyan = open(t, wx);
    assert.deepEqual(await hongyan.collectForm(form(value)), { ok: false, reason });
    await hongyan.flush();
    assert.equal(wx.server.to(GRANTS).length, 0);
  });
}

test('old clients number their form ids', async (t) => {
  const wx = fakeWx();
  const hongyan = open(t, wx);
  await hongyan.collectForm(form(1534567890123));
  await hongyan.flush();
  assert.deepEqual(forms(wx), ['1534567890123']);
});

for (const [what, answer, reason] of [
  ['500', status(500), 'unavailable'], ['503', status(503), 'unavailable'],
  ['429', status(429), 'rate_limited'], ['no net', netFault(), 'network'],
  ['no answer in time', silence(), 'network'], ['403', status(403), 'refused'],
  ['404', status(404), 'refused'],
  ['a page of some gateway', status(200, '<html>log in</html>'), 'unavailable'],
  ['a 201 that is not ours', status(201, {}), 'unavailable'],
]) {
  test(`after ${what} the same report goes again until it is taken`, async (t) => {
    const wx = fakeWx();
    wx.server.script[GRANTS] = [answer, answer];
    const hongyan = open(t, wx, { timeoutMs: 100, batchDelayMs: 60_000 });
    const made = await hongyan.collectForm(form('f1'));
    const failed = await hongyan.flush();
    assert.deepEqual([failed.ok, failed.reason, failed.left], [false, reason, 1]);
    assert.ok(failed.retryInMs >= 1);
    assert.equal(waiting(wx).length, 1);

    await waitFor('the third try', () => wx.server.to(GRANTS).length === 3);
    const ids = wx.server.to(GRANTS).map((one) => one.body[0].report_id);
    assert.deepEqual(ids, [made.reportId, made.reportId, made.reportId]);
    await waitFor('an empty queue', () => waiting(wx).length === 0);
  });
}

test('a report whose answer was lost is not counted twice', async (t) => {
  const wx = fakeWx();
  wx.server.script[GRANTS] = [(request) => (wx.server.usual(request), netFault())];
  const hongyan = open(t, wx, { batchDelayMs: 60_000 });
  await hongyan.collectForm(form('f1'));
  assert.equal((await hongyan.flush()).ok, false);
  await waitFor('the repeat', () => wx.server.to(GRANTS).length === 2);
  assert.equal(wx.server.seen.size, 1);
});

test('pauses grow to their limit, and Retry-After is kept to', async (t) => {
  const wx = fakeWx();
  wx.server.script[GRANTS] = [status(500), status(500), status(500), status(500),
    status(429, {}, { 'Retry-After': '120' })];
  const hongyan = open(t, wx, { retryFirstMs: 100_000, retryMaxMs: 300_000, batchDelayMs: 60_000 });
  await hongyan.collectForm(form('f1'));
  const pauses = [];
  for (let i = 0; i < 4; i++) pauses.push((await hongyan.flush()).retryInMs);
  [[50, 100], [100, 200], [150, 300], [150, 300]].forEach(([least, most], i) =>
    assert.ok(pauses[i] >= least * 1000 && pauses[i] <= most * 1000, `${pauses}`));

  assert.equal((await hongyan.flush()).reason, 'rate_limited');
  const held = await hongyan.flush();
  assert.equal(held.reason, 'later');
  assert.ok(held.retryInMs > 100_000 && held.retryInMs <= 120_000);
  assert.equal(wx.server.to(GRANTS).length, 5);
  moveTime(t, 121_000);
  assert.equal((await hongyan.flush()).ok, true);
});

test('a 401 renews the session once within a flush', async (t) => {
  const wx = fakeWx();
  const hongyan = open(t, wx, { batchDelayMs: 60_000 });
  await hongyan.login();
  wx.server.good.clear();
  await hongyan.collectForm(form('f1'));
  assert.equal((await hongyan.flush()).sent, 1);
  assert.equal(wx.server.logins, 2);
});

test('what could not be sent waits in storage for the next start', async (t) => {
  const storage = new Map();
  const away = fakeWx({ storage });
  away.request = ({ fail }) => void fail({ errMsg: 'request:fail' });
  const first = open(t, away, { retryFirstMs: 60_000, retryMaxMs: 60_000 });
  const one = await first.collectForm(form('f1'));
  const two = await first.subscribe(['a']);
  assert.equal((await first.flush()).left, 2);
  first.stop();

  const back = fakeWx({ storage });
  open(t, back);
  await waitFor('the reports', () => back.server.taken.length === 2);
  assert.deepEqual(back.server.taken.map((r) => r.report_id), [one.reportId, two.reportId]);
  assert.deepEqual(waiting(back), []);
});

test('the net being back, and the app going and coming, send what waits', async (t) => {
  for (const [event, result] of [['NetworkStatusChange', { isConnected: true }], ['AppHide'], ['AppShow']]) {
    const wx = fakeWx();
    wx.server.script[GRANTS] = [netFault()];
    const hongyan = open(t, wx, { retryFirstMs: 60_000, retryMaxMs: 60_000, batchDelayMs: 60_000 });
    await hongyan.collectForm(form('f1'));
    await hongyan.flush();
    wx.emit('NetworkStatusChange', { isConnected: false });
    assert.equal(wx.server.to(GRANTS).length, 1);
    wx.emit(event, result);
    await waitFor(`the report after ${event}`, () => forms(wx).length === 1);
  }
});

test('a full storage loses nothing while the mini program runs', async (t) => {
  const wx = fakeWx({ setStorageSync: () => { throw new Error('setStorageSync:fail exceed storage'); } });
  const hongyan = open(t, wx, { batchDelayMs: 60_000 });
  const made = [await hongyan.collectForm(form('f1')), await hongyan.subscribe(['a'])];
  assert.ok(made.every((one) => one.ok));
  assert.equal((await hongyan.flush()).sent, 2);
});

test('the queue is bounded: refusals go first, then the oldest, and it is told', async (t) => {
  const problems = [];
  const wx = fakeWx({ choices: { no: 'reject' } });
  const hongyan = open(t, wx, {
    queueMax: 3, batchDelayMs: 60_000, onProblem: (problem) => problems.push(problem) });
  const f1 = await hongyan.collectForm(form('f1'));
  const no = await hongyan.subscribe(['no']);
  for (const id of ['f2', 'f3', 'f4']) await hongyan.collectForm(form(id));

  assert.deepEqual(problems.map((one) => [one.what, one.reason, ...one.reports]), [
    ['report_dropped', 'queue_full', no.reportId], ['report_dropped', 'queue_full', f1.reportId]]);
  await hongyan.flush();
  assert.deepEqual(forms(wx), ['f2', 'f3', 'f4']);
});

test('form ids that expired while waiting are not sent, accepts are', async (t) => {
  const storage = new Map();
  const first = open(t, fakeWx({ storage, request: undefined }), { batchDelayMs: 60_000 });
  await first.collectForm(form('f1'));
  const kept = await first.subscribe(['a']);
  first.stop();
  moveTime(t, 8 * 86400_000);
  const wx = fakeWx({ storage });
  open(t, wx);
  await waitFor('the accept', () => wx.server.taken.length);
  assert.deepEqual(wx.server.taken.map((one) => one.report_id), [kept.reportId]);
});

test('one bad report does not hold up the others', async (t) => {
  const problems = [];
  const wx = fakeWx();
  const judge = (request) => (request.body.some((one) => one.form_ids[0] === 'bad')
    ? status(422, { detail: 'form_ids[0] is odd' }) : wx.server.usual(request));
  wx.server.script[GRANTS] = Array(10).fill(judge);
  const hongyan = open(t, wx, { batchDelayMs: 60_000, onProblem: (one) => problems.push(one) });
  for (const id of ['f1', 'bad', 'f2']) await hongyan.collectForm(form(id));
  assert.equal((await hongyan.flush()).sent, 2);
  assert.deepEqual(forms(wx), ['f1', 'f2']);
  assert.deepEqual(problems.map((one) => [one.what, one.message]),
    [['report_dropped', 'form_ids[0] is odd']]);
});

test('single grants that the server refuses are told', async (t) => {
  const problems = [];
  const wx = fakeWx();
  const refused = [{ index: 0, form_id: 'f1', reason: 'expired', message: 'too old' }];
  wx.server.script[GRANTS] = [status(201, { accepted: 0, duplicates: 0, refused })];
  const hongyan = open(t, wx, { batchDelayMs: 60_000, onProblem: (one) => problems.push(one) });
  await hongyan.collectForm(form('f1'));
  assert.deepEqual((await hongyan.flush()).refused, refused);
  assert.deepEqual(problems, [{
    what: 'grant_refused', reason: 'expired', message: 'too old', template: undefined, formId: 'f1' }]);
});

test('what is collected while a request is under way goes with the next', async (t) => {
  const wx = fakeWx({ server: new FakeServer() });
  let during;
  wx.server.script[GRANTS] = [(request) => {
    during = hongyan.collectForm(form('f2'));
    return wx.server.usual(request);
  }];
  const hongyan = open(t, wx, { batchDelayMs: 60_000 });
  await hongyan.collectForm(form('f1'));
  await Promise.all([hongyan.flush(), hongyan.flush()]);
  await during;
  assert.deepEqual(wx.server.to(GRANTS).map((one) => one.body[0].form_ids), [['f1'], ['f2']]);
});

test('nonsense in the stored queue is passed over', async (t) => {
  const good = { report_id: 'r1', obtained_at: Math.floor(Date.now() / 1000), form_ids: ['f1'] };
  for (const value of ['text', 7, null, {}, [null, 5, {}, { report_id: 'x' }, good]]) {
    const wx = fakeWx({ storage: new Map([[QUEUE, JSON.stringify(value)]]) });
    const hongyan = open(t, wx);
    assert.equal((await hongyan.flush()).ok, true);
    assert.deepEqual(wx.server.taken, Array.isArray(value) ? [good] : []);
  }
});
