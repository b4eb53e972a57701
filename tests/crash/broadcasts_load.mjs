// A backend that sends broadcasts beside its messages, and brings the permissions for both: each
// request whose answer was lost is made again, and what had to come of it is written down.
import { Load } from './load.mjs';

const maxOpen = 12; // broadcasts that are not over, as far as the backend knows

export const pageOf = (n) => `index?b=${n}`;

export class BroadcastsLoad extends Load {
  /** `templates`: {once: [ids], legacy: id}; of `quitters` the permissions come and go. */
  constructor({ sim, server, random, app, templates, users, quitters, hooks }) {
    super({ sim, server, random, app, users, prepayShare: 0 });
    Object.assign(this, { templates, quitters, hooks });
    this.broadcasts = []; // {n, id, kind, template, audience, data, createdAtMs, ...}
    this.pairs = new Map(); // user and template -> {tapped, told, lastTapMs, quit}
    this.told = 0;
    this.budget = 0; // users that broadcasts may still be made to
    this.expireS = 6; // longer than nobody answers
    Object.assign(this.counts, { accepts: 0, lists: 0, uploads: 0, reaches: 0, moves: 0,
      withdrawals: 0, tests: 0 });
    this.acts = [
      [26, this.postOne],
      [8, this.postMany],
      [9, this.accept],
      [10, this.deposit],
      [4, this.cancel],
      [2, this.repeat],
      [1, this.misuseKey],
      [5, this.makeList],
      [5, this.makeUpload],
      [1, this.makeReach],
      [8, this.move],
      [2, this.change],
      [2, this.repeatBroadcast],
      [1, this.withdraw],
      [0.3, this.testHook],
    ];
  }

  /** Some work for each life of the server, however long it lives. */
  grantBudget() {
    this.budget += 90;
  }

  // --- messages

  compose() {
    const n = this.messages.length;
    const user = this.random.pick(this.users);
    const { once, legacy } = this.templates;
    const template = this.random.chance(0.15) ? legacy : this.random.pick(once);
    const record = { n, user, template, id: null, state: null };
    this.messages.push(record);
    const key = template === legacy ? 'keyword1' : 'thing1';
    const body = {
      app: this.app,
      user,
      template,
      data: { [key]: `第${n}杯咖啡` },
      page: `index?n=${n}`,
      tag: `t${n}`,
      on_missing: this.random.chance(0.6) ? 'wait' : 'fail',
      policy: this.random.chance(0.4) ? 'at_least_once' : 'at_most_once',
      urgent: this.random.chance(0.2),
    };
    const now = Math.floor(Date.now() / 1000);
    if (this.random.chance(0.05)) body.send_at = now + this.random.range(1, 3);
    else if (this.random.chance(0.1)) {
      record.expiresAt = body.expires_at = now + this.expireS + this.random.range(0, 2);
    }
    return { record, body };
  }

  // --- permissions

  pair(user, template) {
    const key = `${user} ${template}`;
    if (!this.pairs.has(key))
      this.pairs.set(key, { user, template, tapped: 0, told: 0, lastTapMs: 0, quit: false });
    return this.pairs.get(key);
  }

  pickUsers(most) {
    const chosen = new Set();
    for (let wanted = this.random.range(1, most); chosen.size < wanted; )
      chosen.add(this.random.pick(this.users));
    return [...chosen];
  }

  accept() {
    return this.acceptFor(this.pickUsers(16), this.random.pick(this.templates.once),
      this.random.range(1, 3));
  }

  /** They tap, and the backend tells of it. */
  async acceptFor(users, template, count) {
    const round = this.told++;
    const choices = { [template]: 'accept' };
    await this.sim.post('subscribe', { appid: this.app, openids: users, choices, times: count });
    for (const user of users) {
      this.pair(user, template).tapped += count;
      this.pair(user, template).lastTapMs = Infinity;
    }
    const items = users.map((user) => ({ app: this.app, user, kind: 'once', template, count,
      report_id: `r${round}`, obtained_at: Math.floor(Date.now() / 1000) }));
    const answer = await this.insist('POST', '/v1/grants', items);
    const { accepted, duplicates, refused } = answer.body ?? {};
    // An accept from before a withdrawal that is known already is void.
    const most = items.length;
    const least = most - users.filter((user) => this.quitters.includes(user)).length;
    const taken = accepted + duplicates;
    if (answer.status !== 201 || !(taken >= least && taken <= most) || refused.length)
      return this.fault('accepts', answer);
    for (const user of users) {
      this.pair(user, template).told += count;
      this.pair(user, template).lastTapMs = Date.now();
    }
    this.counts.accepts++;
  }

  /** She turns the template off in her settings; the platform tells of it. */
  async withdraw() {
    const openid = this.random.pick(this.quitters);
    const template = this.random.pick(this.templates.once);
    for (const id of this.templates.once) this.pair(openid, id).quit = true;
    const choices = { [template]: 'withdraw' };
    await this.sim.post('subscribe', { appid: this.app, openid, choices });
    this.counts.withdrawals++;
  }

  // --- broadcasts

  order(more) {
    const n = this.broadcasts.length;
    const { once, legacy } = this.templates;
    const template = more.template ?? (this.random.chance(0.2) ? legacy : this.random.pick(once));
    const field = template === legacy ? 'keyword1' : 'thing1';
    const record = { n, id: null, template, field, text: `第${n}次活动`, audience: new Map(),
      ...more };
    this.broadcasts.push(record);
    const body = { app: this.app, template, name: `b${n}`, tag: `b${n}`, page: pageOf(n),
      data: { [field]: record.text } };
    body.on_missing = this.random.chance(0.3) ? 'wait' : 'fail';
    body.policy = this.random.chance(0.4) ? 'at_least_once' : 'at_most_once';
    if (this.random.chance(0.3)) body.rate_per_s = this.random.range(40, 400);
    if (this.random.chance(0.2)) body.urgent = true;
    return { record, body };
  }

  mayMake(users) {
    const open = this.broadcasts.filter((b) => !b.over).length;
    if (this.budget < users || open >= maxOpen) return false;
    this.budget -= users;
    return true;
  }

  async create(record, body) {
    const headers = { 'Idempotency-Key': `b${record.n}` };
    record.body = body;
    record.createdAtMs = Date.now();
    const answer = await this.insist('POST', '/v1/broadcasts', body, headers);
    if (answer.status !== 201 || !/^b\d+$/.test(answer.body?.id ?? ''))
      return this.fault('a broadcast', answer);
    record.id = answer.body.id;
  }

  later(body) {
    if (this.random.chance(0.35))
      body.send_at = Math.floor(Date.now() / 1000) + this.random.range(1, 3);
  }

  async makeList() {
    const users = this.pickUsers(80);
    if (!this.mayMake(users.length)) return;
    const { record, body } = this.order({ kind: 'list' });
    for (const user of users) record.audience.set(user, record.text);
    const again = users.slice(0, this.random.range(0, 3));
    record.duplicates = again.length;
    this.later(body);
    await this.create(record, { ...body, audience: { users: [...users, ...again] } });
    this.counts.lists++;
  }

  async makeReach() {
    if (!this.mayMake(this.users.length)) return;
    const template = this.random.pick(this.templates.once);
    const { record, body } = this.order({ kind: 'reach', template });
    this.later(body);
    await this.create(record, { ...body, audience: { reach: true } });
    this.counts.reaches++;
  }

  /** A draft, its users in several uploads that overlap and repeat themselves, and its start. */
  async makeUpload() {
    const users = this.pickUsers(120);
    if (!this.mayMake(users.length)) return;
    const { record, body } = this.order({ kind: 'upload' });
    this.later(body);
    for (const user of users)
      record.audience.set(user, this.random.chance(0.3) ? `${user.slice(-6)}的活动` : record.text);
    await this.create(record, body);
    if (!record.id) return;
    const half = Math.ceil(users.length / 2);
    const parts = [users.slice(0, half), users.slice(Math.floor(half / 2)), users];
    for (const part of parts.slice(this.random.range(0, 2)))
      if (!(await this.upload(record, part))) return;
    // It may have been canceled, or been started by a request whose answer was lost.
    const answer = await this.insist('POST', `/v1/broadcasts/${record.id}/start`);
    if (answer.status !== 200 && answer.status !== 409) this.fault('a start', answer);
    record.started = true;
    this.counts.uploads++;
  }

  async upload(record, users) {
    const line = (user) => {
      const own = record.audience.get(user);
      return JSON.stringify(own === record.text ? { user } : { user, data: { [record.field]: own } });
    };
    const once = `${users.map(line).join('\n')}\n`;
    const answer = await this.insist('POST', `/v1/broadcasts/${record.id}/users`,
      once.repeat(this.random.range(1, 25)));
    if (answer.status === 409) return false; // canceled meanwhile
    const { lines, added, duplicates, refused } = answer.body;
    const good = answer.status === 200 && refused === 0 && lines === added + duplicates;
    if (!good) this.fault('an upload', answer);
    return good;
  }

  /** One that the backend has an id of and that is not known to be over; or null. */
  async openOne() {
    const open = this.broadcasts.filter((b) => b.id && !b.over);
    if (!open.length) return null;
    const record = this.random.pick(open);
    const { status, body } = await this.insist('GET', `/v1/broadcasts/${record.id}`);
    if (status !== 200) return this.fault('a broadcast that was made', { status, body }), null;
    record.over = body.state === 'done' || body.state === 'canceled';
    return record.over ? null : { record, state: body.state };
  }

  async move() {
    const found = await this.openOne();
    if (!found) return;
    const draw = this.random.next();
    const to = found.state === 'paused' ? (draw < 0.8 ? 'resume' : 'cancel')
      : draw < 0.12 ? 'cancel' : draw < 0.5 ? 'pause' : null;
    if (!to) return;
    const answer = await this.insist('POST', `/v1/broadcasts/${found.record.id}/${to}`);
    this.counts.moves++;
    if (to === 'cancel' && answer.status === 200) found.record.canceled = true;
    if (answer.status !== 200 && answer.status !== 409) this.fault(to, answer);
  }

  async change() {
    const found = await this.openOne();
    if (!found) return;
    const body = { rate_per_s: this.random.pick([0, 100, 1000]) };
    const answer = await this.insist('PATCH', `/v1/broadcasts/${found.record.id}`, body);
    if (answer.status !== 200 && answer.status !== 409) this.fault('a change of rate', answer);
  }

  async repeatBroadcast() {
    const made = this.broadcasts.filter((b) => b.id);
    if (!made.length) return;
    const { id, n, body } = this.random.pick(made);
    const headers = { 'Idempotency-Key': `b${n}` };
    const other = this.random.chance(0.3);
    const answer = await this.insist('POST', '/v1/broadcasts',
      other ? { ...body, tag: 'misused' } : body, headers);
    if (other ? answer.status !== 409 : answer.status !== 201 || answer.body.id !== id)
      this.fault(`the same broadcast again (${id})`, answer);
  }

  async testHook() {
    const answer = await this.insist('POST', `/v1/webhooks/${this.hooks[0].id}/test`);
    if (answer.status !== 202) this.fault('a test of a webhook', answer);
    this.counts.tests++;
  }
}
