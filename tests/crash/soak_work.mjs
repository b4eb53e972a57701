// The work of a soak. One app has all kinds of it: the page's accepts and their events, outcomes to a webhook, faults
// on the way, broadcasts, reads and cancels. This process is the other end of all that, so it gets `kinds` messages a
// second at most; the rest goes to an app of its own, mostly in arrays, some one a request.
import { sleep } from './http.mjs';

export const kindsApp = 'wx00000000000000c6';
export const bulkApp = 'wx00000000000000c7';
export const kinds = 300;
const turnMs = 100;
const turnsMax = 6; // that may be under way at once, or latency would be the limit
const singlesMax = 40; // of a turn of the bulk
const arraySize = 100;
/* Seconds' worth of messages of an app that may be queued: what is accepted has to be sent as well. */
const queuedMaxS = 10;

export class Work {
  constructor({ sim, server, random, rate, apps }) {
    Object.assign(this, { sim, server, random, rate, apps });
    this.faults = [];
    this.counts = { messages: 0, grants: 0, broadcasts: 0, broadcastUsers: 0, reads: 0, cancels: 0, held: 0 };
    this.places = { [kindsApp]: 0, [bulkApp]: 0 };
    this.queued = { [kindsApp]: 0, [bulkApp]: 0 };
    const ofKinds = Math.min(rate, kinds);
    this.rates = { [kindsApp]: ofKinds, [bulkApp]: rate - ofKinds };
  }

  async must(...call) {
    try {
      return await this.server.client.must(...call);
    } catch (error) {
      this.faults.push(error.message);
      return null;
    }
  }

  nextUsers(app, count) {
    const { users } = this.apps[app];
    const at = this.places[app];
    this.places[app] = (at + count) % users.length;
    return Array.from({ length: count }, (_, i) => users[(at + i) % users.length]);
  }

  order(app, user) {
    return { app, user, template: this.apps[app].template, data: { thing1: '你好' }, tag: 'soak',
      on_missing: this.random.chance(0.5) ? 'wait' : 'fail' };
  }

  /** They accept on their phones, the backend tells of `told` of them (the platform of all, if it pushes). */
  async accept(app, users, told) {
    const { template } = this.apps[app];
    const openids = users.filter(() => !this.random.chance(0.03));
    await this.sim.post('subscribe', { appid: app, openids, choices: { [template]: 'accept' } });
    await this.must(201, 'POST', '/v1/grants', openids.slice(0, Math.ceil(openids.length * told))
      .map((user) => ({ app, user, kind: 'once', template })));
    this.counts.grants += openids.length;
  }

  async send(app, users, singles) {
    const orders = users.map((user) => this.order(app, user));
    const calls = orders.splice(0, singles).map((one) => this.must(202, 'POST', '/v1/messages', one));
    while (orders.length) calls.push(this.must(202, 'POST', '/v1/messages', orders.splice(0, arraySize)));
    await Promise.all(calls);
    this.counts.messages += users.length;
  }

  /** How many of this turn the app gets: none while much is queued. */
  share(app) {
    if (this.queued[app] <= this.rates[app] * queuedMaxS) return Math.round((this.rates[app] * turnMs) / 1000);
    this.counts.held++;
    return 0;
  }

  async sendKinds() {
    const users = this.nextUsers(kindsApp, this.share(kindsApp));
    if (!users.length) return;
    await this.accept(kindsApp, users, 0.5);
    await this.send(kindsApp, users, users.length >> 1);
  }

  async sendBulk() {
    const users = this.nextUsers(bulkApp, this.share(bulkApp));
    if (!users.length) return;
    await this.accept(bulkApp, users, 1);
    await this.send(bulkApp, users, Math.min(singlesMax, users.length >> 1));
  }

  async broadcast() {
    const users = this.nextUsers(kindsApp, this.random.range(20, 200));
    const body = { app: kindsApp, template: this.apps[kindsApp].template, data: { thing1: '活动' } };
    const made = await this.must(201, 'POST', '/v1/broadcasts', body);
    if (!made) return;
    const lines = users.map((user) => JSON.stringify({ user })).join('\n');
    await this.must(200, 'POST', `/v1/broadcasts/${made.id}/users`, lines);
    await this.must(200, 'POST', `/v1/broadcasts/${made.id}/start`);
    this.counts.broadcasts++;
    this.counts.broadcastUsers += users.length;
  }

  async read() {
    const app = this.random.pick(Object.keys(this.apps));
    const { users, template } = this.apps[app];
    const user = this.random.pick(users);
    const paths = [`/v1/messages?app=${app}&limit=50`, `/v1/messages?app=${app}&state=failed`,
      `/v1/messages?app=${app}&tag=none`, `/v1/users/${app}/${user}/timeline`,
      `/v1/grants?app=${app}&user=${user}`, '/v1/stats', `/v1/broadcasts?app=${app}&limit=20`,
      `/v1/apps/${app}`, '/v1/webhooks', `/v1/dead-letters?app=${app}`,
      `/v1/reach?app=${app}&template=${template}`];
    await this.must(200, 'GET', this.random.pick(paths));
    this.counts.reads++;
  }

  async cancelOne() {
    const page = await this.must(200, 'GET', `/v1/messages?app=${kindsApp}&state=waiting&limit=5`);
    for (const { id } of page?.items ?? []) {
      await this.server.client.ask('POST', `/v1/messages/${id}/cancel`);
      this.counts.cancels++;
    }
  }

  async countQueued() {
    const text = await this.must(200, 'GET', '/metrics') ?? '';
    const counted = { [kindsApp]: 0, [bulkApp]: 0 };
    for (const [, app, number] of
      text.matchAll(/^hongyan_messages\{app="(\w+)",state="(?:queued|sending)"\} (\d+)$/gm))
      counted[app] += Number(number);
    this.queued = counted;
    return counted[kindsApp] + counted[bulkApp];
  }

  async turn(number) {
    const more = [this.read()];
    if (this.random.chance(0.05)) more.push(this.broadcast());
    if (this.random.chance(0.05)) more.push(this.cancelOne());
    if (number % 10 === 0) more.push(this.countQueued());
    await Promise.all([this.sendKinds(), this.sendBulk(), ...more]);
  }

  async run(minutes) {
    const end = Date.now() + minutes * 60000;
    const turns = new Set();
    let next = Date.now();
    for (let number = 0; Date.now() < end; number++) {
      await sleep(Math.max(0, next - Date.now()));
      while (turns.size >= turnsMax) await Promise.race(turns);
      const turn = this.turn(number).catch((error) => this.faults.push(error.stack))
        .finally(() => turns.delete(turn));
      turns.add(turn);
      next = Math.max(next + turnMs, Date.now() - 1000); // a second may be made up for
    }
    await Promise.all(turns);
  }
}
