// The accidents that wire_test.mjs plays, and what each must lead to.
import { acts } from './proxy.mjs';

export const timeoutMs = 3000; // of the server's requests; `slow` is longer

export function appId(n) {
  return `wx${n.toString(16).padStart(16, '0')}`;
}

const sim = (fault, first, more) => ({ fault, first, ...more });
const wire = (act, first, more) => ({ wire: act, first, ...more });
const verdict = (word, more) => ({ verdict: word, ...more });
const unknown = (errmsg) => ({ verdict: 'unknown', errmsg });
const gone = { gone: true };
const resume = { resume: true };

/**
 * `fault`: what the simulator does once. `wire`: what the proxy does once. `first`: the attempt
 * that it strikes. `gone`: the request was carried out all the same. `ends`: the reason when the
 * message is not sent in the end. `resume`: the app is paused by it; `held`: the message's state
 * then. `spare`: the user has a second receipt.
 */
export const cases = Object.entries({
  'not JSON': sim({ body: '<html>busy</html>' }, unknown()),
  'not JSON, carried out': sim({ body: 'ok', carry_out: true }, unknown(), gone),
  'JSON cut short': sim({ body: '{"errcode":0,"errm', carry_out: true }, unknown(), gone),
  'a JSON array': sim({ body: '[0]' }, unknown(/not a JSON object/)),
  'no errcode': sim({ body: '{"errmsg":"ok"}', carry_out: true }, unknown(/errcode/), gone),
  'an errcode that is no number': sim({ body: '{"errcode":{}}' }, unknown(/errcode/)),
  500: sim({ status: 500 }, unknown(/500/)),
  '502, carried out': sim({ status: 502, carry_out: true }, unknown(/502/), gone),
  '503 that says ok': sim({ status: 503, errcode: 0 }, unknown(/503/)),
  '504, carried out': sim({ status: 504, carry_out: true }, unknown(/504/), gone),
  403: sim({ status: 403 }, verdict('transient', { errmsg: /403/ })),
  302: sim({ status: 302 }, verdict('transient', { errmsg: /302/ })),
  429: sim({ status: 429 }, verdict('rate'), resume), // may end by itself: a minute is over
  slow: sim({ latency_ms: 5000 }, unknown(/timeout/), gone),
  'drop before': sim({ drop: 'before' }, unknown(/without an answer/)),
  'drop connect': sim({ drop: 'connect' }, unknown(/without an answer/)),
  'drop after': sim({ drop: 'after' }, unknown(/without an answer/), gone),
  'errcode -1': sim({ errcode: -1 }, verdict('transient', { errcode: -1 })),
  'errcode -1, carried out': sim({ errcode: -1, carry_out: true }, verdict('transient'), gone),
  'errcode 99999': sim({ errcode: 99999 }, verdict('transient', { errcode: 99999 })),
  'errcode 40001': sim({ errcode: 40001 }, verdict('token', { errcode: 40001 })),
  'errcode 41028': sim({ errcode: 41028 }, verdict('grant_gone'), { spare: true }),
  'errcode 45009': sim({ errcode: 45009 }, verdict('rate'), { ...resume, held: 'queued' }),
  'errcode 48001': sim({ errcode: 48001 }, verdict('account'), { ...resume, held: 'queued' }),
  'errcode 40003': sim({ errcode: 40003 }, verdict('user_gone'), { ends: 'user_gone.40003' }),
  'errcode 40037': sim({ errcode: 40037 }, verdict('bad_payload'), { ends: 'bad_payload.40037' }),
  'reset before': wire(acts.resetBefore, unknown()),
  'reset after': wire(acts.resetAfter, unknown(), gone),
  'closed before': wire(acts.closeBefore, unknown()),
  'closed after': wire(acts.closeAfter, unknown(), gone),
  silence: wire(acts.silenceBefore, unknown(/timeout/)),
  'silence, carried out': wire(acts.silenceAfter, unknown(/timeout/), gone),
  empty: wire(acts.emptyBefore, unknown(/empty/)),
  'empty, carried out': wire(acts.emptyAfter, unknown(/empty/), gone),
  'half a head': wire(acts.halfHead, unknown(), gone),
  'a head only': wire(acts.headOnly, unknown(), gone),
  'half a body': wire(acts.halfBody, unknown(), gone),
  'a chunk cut short': wire(acts.cutChunk, unknown(), gone),
  'no last chunk': wire(acts.noLastChunk, unknown(), gone),
  'not HTTP': wire(acts.notHttp, unknown(), gone),
  noise: wire(acts.noise, unknown(), gone),
  'a body too large': wire(acts.hugeBody, unknown(/too large/), gone),
  'a head too large': wire(acts.hugeHead, unknown(), gone),
  '100 Continue first': wire(acts.continueFirst, verdict('ok')),
  'byte by byte': wire(acts.dribble, verdict('ok')),
  'two answers': wire(acts.secondAnswer, verdict('ok')),
}).map(([name, rest], i) => ({ name, app: appId(0x100 + i), marker: `w${i}.`, ...rest }));

/** What becomes of the first token call of an app: the simulator's fault or the proxy's act. */
export const tokenCases = Object.entries({
  'not JSON': { tokenFault: { body: '<html>' } },
  'JSON cut short': { tokenFault: { body: '{"access_token":"abc' } },
  'no expires_in': { tokenFault: { body: '{"access_token":"abc"}' } },
  502: { tokenFault: { status: 502 } },
  'drop before': { tokenFault: { drop: 'before' } },
  'drop after': { tokenFault: { drop: 'after' } },
  'errcode -1': { tokenFault: { errcode: -1 } },
  500: { tokenFault: { status: 500 } },
  403: { tokenFault: { status: 403 } },
  'a JSON array': { tokenFault: { body: '["abc", 7200]' } },
  'an empty token': { tokenFault: { body: '{"access_token":"","expires_in":7200}' } },
  slow: { tokenFault: { latency_ms: 5000 } },
  empty: { tokenWire: acts.emptyBefore },
  'reset before': { tokenWire: acts.resetBefore },
  'reset after': { tokenWire: acts.resetAfter },
  'closed before': { tokenWire: acts.closeBefore },
  'closed after': { tokenWire: acts.closeAfter },
  silence: { tokenWire: acts.silenceBefore },
  'silence, carried out': { tokenWire: acts.silenceAfter },
  'half a head': { tokenWire: acts.halfHead },
  'a head only': { tokenWire: acts.headOnly },
  'half a body': { tokenWire: acts.halfBody },
  'a chunk cut short': { tokenWire: acts.cutChunk },
  'not HTTP': { tokenWire: acts.notHttp },
  noise: { tokenWire: acts.noise },
  'a body too large': { tokenWire: acts.hugeBody },
  'a head too large': { tokenWire: acts.hugeHead },
}).map(([name, rest], i) => ({
  name, app: appId(0x300 + i), marker: `t${i}.`, first: { verdict: 'ok' }, ...rest,
}));
