// The login: once for all who ask, kept over a restart, renewed in time and when it is refused.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeServer, fakeWx, moveTime, netFault, open, silence, status, URL } from './fake_wx.mjs';

const LOGIN = '/client/v1/login';

test('many calls at once make one login, which names app and code', async (t) => {
  const wx = fakeWx();
  const hongyan = open(t, wx);
  const all = await Promise.all([hongyan.login(), hongyan.login(), hongyan.askWhatIsWorth(['a'])]);

  assert.ok(all.every((one) => one.ok), JSON.stringify(all));
  assert.equal(wx.codes, 1);
  assert.deepEqual(wx.server.to(LOGIN).map((one) => one.body),
    [{ app: 'wx0000000000000001', code: 'code-1' }]);
  assert.equal(wx.server.to('/client/v1/ask')[0].header.authorization, 'Bearer session-1');
});

test('a session outlives the mini program and is renewed before its end', async (t) => {
  const wx = fakeWx();
  await open(t, wx).login();
  await open(t, wx).login();
  assert.equal(wx.server.logins, 1);

  moveTime(t, (7200 - 200) * 1000);
  const renewed = await open(t, wx).login();
  assert.equal(wx.server.logins, 2);
  assert.ok(renewed.expiresAt > Date.now() + 7000_000);
});

test('in its last minutes a session serves on when the renewal fails', async (t) => {
  const wx = fakeWx();
  const hongyan = open(t, wx);
  await hongyan.login();
  moveTime(t, (7200 - 200) * 1000);
  wx.server.script[LOGIN] = [status(503), netFault(), netFault()];
  assert.equal((await hongyan.askWhatIsWorth(['a'])).ok, true);
  assert.equal(wx.server.to(LOGIN).length, 2);
  assert.equal((await hongyan.askWhatIsWorth(['b'])).ok, true, 'and while the server wants a pause');
  assert.equal(wx.server.to(LOGIN).length, 2);
});

test('a session of another server is not used', async (t) => {
  const wx = fakeWx();
  await open(t, wx).login();
  await open(t, wx, { url: 'https://other.example.com' }).login();
  assert.equal(wx.server.logins, 2);
});

test('a 401 renews the session once, then gives up', async (t) => {
  const wx = fakeWx();
  const hongyan = open(t, wx);
  await hongyan.login();
  wx.server.good.clear();
  assert.equal((await hongyan.askWhatIsWorth(['a'])).ok, true);
  assert.equal(wx.server.logins, 2);

  wx.server.script['/client/v1/ask'] = [status(401), status(401)];
  const failed = await hongyan.askWhatIsWorth(['b']);
  assert.equal(failed.reason, 'session_refused');
  assert.equal(failed.status, 401);
  assert.equal(wx.server.logins, 3);
});

test('of many calls that meet a 401 at once one login serves all', async (t) => {
  const wx = fakeWx();
  const hongyan = open(t, wx);
  await hongyan.login();
  wx.server.good.clear();
  const all = await Promise.all(['a', 'b', 'c'].map((one) => hongyan.askWhatIsWorth([one])));
  assert.ok(all.every((one) => one.ok));
  assert.equal(wx.server.logins, 2);
});

test('a refused code is tried once more with a new one', async (t) => {
  const wx = fakeWx();
  wx.server.script[LOGIN] = [status(401)];
  assert.equal((await open(t, wx).login()).ok, true);
  assert.deepEqual(wx.server.to(LOGIN).map((one) => one.body.code), ['code-1', 'code-2']);

  const other = fakeWx();
  other.server.script[LOGIN] = [status(401), status(401)];
  const failed = await open(t, other).login();
  assert.equal(failed.reason, 'login_refused');
  assert.equal(other.codes, 2);
});

test('Retry-After of a login is kept to', async (t) => {
  const wx = fakeWx();
  wx.server.script[LOGIN] = [status(429, {}, { 'retry-after': '30' })];
  const hongyan = open(t, wx);
  const first = await hongyan.login();
  const second = await hongyan.login();

  assert.deepEqual([first.reason, first.retryInMs], ['rate_limited', 30000]);
  assert.equal(second.reason, 'later');
  assert.ok(second.retryInMs > 20000 && second.retryInMs <= 30000);
  assert.equal(wx.server.to(LOGIN).length, 1);
  moveTime(t, 31000);
  assert.equal((await hongyan.login()).ok, true);
});

for (const [what, login, reason] of [
  ['fails', ({ fail }) => fail({ errMsg: 'login:fail' }), 'login_failed'],
  ['gives no code', ({ success }) => success({ errMsg: 'login:ok' }), 'login_failed'],
  ['throws', () => { throw new Error('broken'); }, 'login_failed'],
  ['never answers', () => {}, 'login_failed'],
  ['is missing', undefined, 'login_failed'],
]) {
  test(`wx.login ${what}`, async (t) => {
    const result = await open(t, fakeWx({ login })).login();
    assert.deepEqual([result.ok, result.reason], [false, reason]);
    assert.ok(result.message);
  });
}

for (const [what, answer, reason] of [
  ['no net', netFault(), 'network'],
  ['no answer in time', silence(), 'network'],
  ['500', status(500), 'unavailable'],
  ['a page of some gateway with status 200', status(200, '<html>'), 'unavailable'],
  ['400', status(400, { detail: 'app must be an appid' }), 'refused'],
]) {
  test(`a login that meets ${what}`, async (t) => {
    const wx = fakeWx();
    wx.server.script[LOGIN] = [answer];
    const result = await open(t, wx, { timeoutMs: 100 }).login();
    assert.deepEqual([result.ok, result.reason], [false, reason]);
  });
}

test('what lies in storage is not trusted', async (t) => {
  for (const value of ['text', 7, null, [], { session: 5 }, { session: 's', url: URL }]) {
    const wx = fakeWx({ storage: new Map([['hongyan.wx0000000000000001.session', JSON.stringify(value)]]) });
    assert.equal((await open(t, wx).login()).ok, true);
    assert.equal(wx.server.logins, 1);
  }
});

test('logout ends the session here and at the server', async (t) => {
  const wx = fakeWx({ server: new FakeServer() });
  const hongyan = open(t, wx);
  await hongyan.login();
  assert.deepEqual(await hongyan.logout(), { ok: true });
  assert.equal(wx.server.to('/client/v1/session')[0].method, 'DELETE');
  assert.deepEqual(await hongyan.logout(), { ok: true }, 'nothing to end');
  await hongyan.login();
  assert.equal(wx.server.logins, 2);
});
