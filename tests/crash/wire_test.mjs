// Accidents between the server and the platform, one by one: each must get its verdict, end in the
// right state, and put at most one card on the phone.
//
//   node wire_test.mjs HONGYAN STORE_CHECK
import { late, until } from './http.mjs';
import { checkStore, makeFolder, Server, startSim } from './programs.mjs';
import { acts, Proxy } from './proxy.mjs';
import { done, equal, none, note, ok } from './tap.mjs';
import { appId, cases, timeoutMs, tokenCases } from './wire_cases.mjs';

const [program, storeCheck] = process.argv.slice(2);
const send = '/cgi-bin/message/wxopen/template/send';
const tokenCall = '/cgi-bin/stable_token';
const secret = '0123456789abcdef0123456789abcdef';
const deadlineMs = 30000;

// --- playing one

class Stage {
  constructor(sim, proxy, server) {
    Object.assign(this, { sim, proxy, server, client: server.client });
  }

  async addApp(play) {
    const { app } = play;
    await this.sim.post('apps', { appid: app, secret, legacy: 'alive' });
    const template = await this.sim.post('templates', {
      appid: app,
      title: '购买成功通知',
      type: 'legacy',
      keywords: [{ key: 'keyword1', label: '物品' }],
    });
    play.template = template.template_id;
    play.user = (await this.sim.post('users', { appid: app })).openid;
    if (play.tokenFault) await this.fault(tokenCall, app, play.tokenFault);
    if (play.tokenWire) this.proxy.plan(`"${app}"`, play.tokenWire);
    await this.client.must(201, 'POST', '/v1/apps', { id: app, secret });
  }

  /** Once. */
  fault(path, app, what) {
    return this.sim.post('faults', { path, appid: app, times: 1, ...what });
  }

  async deposit({ app, user }, count = 1) {
    const { form_ids: ids } = await this.sim.post('forms', { appid: app, openid: user, count });
    const body = ids.map((credential) => ({ app, user, kind: 'form_id', credential }));
    await this.client.must(201, 'POST', '/v1/grants', body);
  }

  async post({ app, user, template, marker }) {
    const body = { app, user, template, data: { keyword1: '咖啡' }, page: `index?n=${marker}` };
    return (await this.client.must(202, 'POST', '/v1/messages', body)).id;
  }

  show(id) {
    return this.client.must(200, 'GET', `/v1/messages/${id}`);
  }

  /** The message when `look` likes it. */
  wait(what, id, look) {
    return until(what, deadlineMs, async () => {
      const message = await this.show(id);
      return look(message) && message;
    }, 50);
  }

  ended(name, id) {
    return this.wait(`${name} has ended`, id, (m) => m.state === 'sent' || m.state === 'failed');
  }

  async cards({ app, user }) {
    return (await this.sim.get(`phone?appid=${app}&openid=${user}`)).received;
  }

  async available({ app, user }) {
    return (await this.client.must(200, 'GET', `/v1/grants?app=${app}&user=${user}`)).available;
  }

  async play(one) {
    await this.addApp(one);
    await this.deposit(one, one.spare ? 2 : 1);
    if (one.fault) await this.fault(send, one.app, one.fault);
    if (one.wire) this.proxy.plan(one.marker, one.wire);
    one.id = await this.post(one);
    if (one.resume) {
      const paused = await this.wait(`${one.name} was tried`, one.id, (m) => m.attempts.length > 0);
      one.heldIn = paused.state;
      await this.client.must(200, 'POST', `/v1/apps/${one.app}/resume`);
    }
    one.message = await this.ended(one.name, one.id);
    one.cards = await this.cards(one);
    one.available = await this.available(one);
    one.requests = this.proxy.requestsFor(one.marker).length;
  }
}

/** What is wrong with how it went. */
function faultsOf(one) {
  const { message, first } = one;
  const { attempts } = message;
  const faults = [];
  const want = (what, is, wanted) => {
    const fits = wanted instanceof RegExp ? wanted.test(is) : is === wanted;
    if (!fits) faults.push(`${what}: ${is}, should be ${wanted}`);
  };
  const direct = first.verdict === 'ok';

  want('first verdict', attempts[0]?.verdict, first.verdict);
  if (first.errmsg) want('first errmsg', attempts[0]?.errmsg, first.errmsg);
  if (first.errcode !== undefined) want('first errcode', attempts[0]?.errcode, first.errcode);
  if (one.ends) {
    want('reason', message.reason, one.ends);
  } else if (one.gone) {
    want('reason', message.reason, 'proved_by_receipt');
    want('second errcode', attempts[1]?.errcode, 41029);
  } else {
    want('reason', message.reason, undefined);
    want('last verdict', attempts.at(-1)?.verdict, 'ok');
  }
  if (one.held) want('state while paused', one.heldIn, one.held);
  want('state', message.state, one.ends ? 'failed' : 'sent');
  want('attempts', attempts.length, direct || one.ends ? 1 : 2);
  want('requests on the wire', one.requests, attempts.length);
  want('cards', one.cards, one.ends ? 0 : 1);
  want('uses left', one.available, one.ends ? 1 : 0);
  if (faults.length) faults.push(JSON.stringify(message));
  return faults;
}

async function playTable(stage) {
  // All at once, each in an app of its own.
  const results = await Promise.allSettled(cases.map((one) => stage.play(one)));
  results.forEach(({ reason }, i) => {
    none(reason ? [reason.stack] : faultsOf(cases[i]), cases[i].name);
  });
}

async function playTokens(stage) {
  const results = await Promise.allSettled(tokenCases.map((one) => stage.play(one)));
  results.forEach(({ reason }, i) => {
    const one = tokenCases[i];
    none(reason ? [reason.stack] : faultsOf(one), `token call: ${one.name}`);
    ok(stage.proxy.requestsFor(`"${one.app}"`).length >= 2, '- it was made again');
  });
}

// --- one after the other, with exact counts

/** What the platform counted while `play` ran. */
async function counted(stage, play) {
  const before = await stage.sim.get('stats');
  await play();
  const now = await stage.sim.get('stats');
  return {
    sends: now.sends - before.sends,
    accepted: now.accepted - before.accepted,
    used: (now.refused[41029] ?? 0) - (before.refused[41029] ?? 0),
  };
}

/** A connection that has carried a request and is kept open by both sides. */
async function warmUp(stage, one) {
  await stage.deposit(one, 2);
  await stage.ended('the first message', await stage.post({ ...one, marker: 'warm.' }));
}

async function playReused(stage, name, act, wanted) {
  const one = { ...stage.serialApp, marker: `${name.replace(' ', '-')}.` };
  one.user = (await stage.sim.post('users', { appid: one.app })).openid;
  await warmUp(stage, one);
  stage.proxy.plan(one.marker, act);
  let message;
  const counts = await counted(stage, async () => {
    message = await stage.ended(name, await stage.post(one));
  });
  const requests = stage.proxy.requestsFor(one.marker);
  equal(counts, wanted, `${name} on a warm connection: what the platform saw`);
  ok(requests[0].reused, '- it was the kept connection that failed');
  equal(requests.length, message.attempts.length, '- each request is an attempt, none is unseen');
  equal(message.state, 'sent', '- it ended as sent');
  equal(await stage.cards(one), 2, '- one card for each message');
}

async function playIdleClose(stage) {
  const one = stage.serialApp;
  await warmUp(stage, one);
  stage.proxy.closeIdle();
  await until('the connections are closed', 5000, () => stage.proxy.sockets.size === 0);
  const message = await stage.ended('after an idle close', await stage.post(one));
  const verdicts = message.attempts.map((attempt) => attempt.verdict);
  equal(verdicts, ['ok'], 'a connection closed while idle costs nothing');
}

/** The answer behind the answer must not be taken for that of the next request. */
async function playLeftover(stage) {
  const one = { ...stage.serialApp, marker: 'left.' };
  await warmUp(stage, one);
  stage.proxy.plan(one.marker, acts.secondAnswer);
  await stage.ended('the one with two answers', await stage.post(one));
  await stage.deposit(one);
  await stage.fault(send, one.app, { errcode: 40037 });
  const message = await stage.ended('the next one', await stage.post({ ...one, marker: 'next.' }));
  equal(message.reason, 'bad_payload.40037', 'an answer that nobody asked for is nobody\'s answer');
}

async function playRefused(stage) {
  const one = { ...stage.serialApp, marker: 'refused.' };
  one.user = (await stage.sim.post('users', { appid: one.app })).openid;
  await stage.deposit(one);
  const counts = await counted(stage, async () => {
    await stage.proxy.down();
    const id = await stage.post(one);
    await stage.wait('it waits after two tries', id, (m) =>
      m.attempts.length >= 2 && m.state === 'queued');
    equal(await stage.available(one), 0, 'nobody listens: the message waits and keeps its receipt');
    await stage.proxy.up();
    const message = await stage.ended('the refused one', id);
    const other = message.attempts.slice(0, -1)
      .filter((a) => a.verdict !== 'transient' || !/refused/.test(a.errmsg));
    none(other.map((a) => JSON.stringify(a)), '- each try says that the connection was refused');
    equal(message.reason, undefined, '- it is sent when somebody listens again');
  });
  equal(counts, { sends: 1, accepted: 1, used: 0 }, '- by one request');
  equal(await stage.cards(one), 1, '- one card');
}

async function playSerially(stage) {
  stage.serialApp = { app: appId(0x500), marker: 'serial.' };
  await stage.addApp(stage.serialApp);
  await playReused(stage, 'closed after', acts.closeAfter, { sends: 2, accepted: 1, used: 1 });
  await playReused(stage, 'reset after', acts.resetAfter, { sends: 2, accepted: 1, used: 1 });
  await playReused(stage, 'closed before', acts.closeBefore, { sends: 1, accepted: 1, used: 0 });
  await playReused(stage, 'reset before', acts.resetBefore, { sends: 1, accepted: 1, used: 0 });
  await playIdleClose(stage);
  await playLeftover(stage);
  await playRefused(stage);
}

// --- the whole

async function main() {
  const from = Date.now();
  const folder = makeFolder();
  const sim = await startSim(program, folder, 1);
  const proxy = new Proxy(sim.url);
  await proxy.up();
  const server = new Server(program, {
    folder,
    name: 'wire',
    wechatUrl: proxy.url,
    options: ['--request-timeout-ms', String(timeoutMs)],
  });
  await server.start();
  const stage = new Stage(sim, proxy, server);

  await playTable(stage);
  await playTokens(stage);
  await playSerially(stage);

  const end = await server.end('SIGTERM', 25000);
  equal(end?.code, 0, 'the server stopped with 0');
  none(checkStore(storeCheck, server.location), 'the store is whole at the end');
  none(server.alarms(), 'no sanitizer and no assertion spoke');
  server.client.close();
  await proxy.end();
  sim.client.close();
  sim.kill('SIGTERM');
  equal((await Promise.race([sim.ended, late(10000)]))?.code, 0, 'the simulator ended with 0');
  note(`${((Date.now() - from) / 1000).toFixed(1)} s`);
  done();
}

main().catch((error) => {
  ok(false, 'the test could be played to its end', error.stack);
  done();
  process.exit(1);
});
