// What pages, a backend and the platform tell of taps, besides the messages: each tap is told by
// some of the three, and what each of them told is written down.
import { sleep } from './http.mjs';
import { Load } from './load.mjs';

/* Tells of one user and template this near are one tap (accept_window_s). The taps of a group are
 * within it, the groups of a user are not: so the most that one source told of a group is what the
 * ledger must have of it. */
export const windowS = 5;
const groupGapMs = 9000;
const loginMaxMs = 60000;

export class AcceptsLoad extends Load {
  /** `templates`: {once: [ids], always: id}; `push`: the simulator's settings; of the `liars` among
   * the users the backend tells more than they tapped. */
  constructor({ sim, server, random, app, templates, users, liars, push }) {
    super({ sim, server, random, app, users, prepayShare: 0 });
    Object.assign(this, { templates, push, liars: new Set(liars) });
    this.groups = []; // {n, user, templates, taps, atS, page, backend}: how many each told
    this.busyUntil = new Map(); // user -> when the next group may begin
    this.sessions = new Map();
    this.simTurn = Promise.resolve();
    Object.assign(this.counts, { groups: 0, taps: 0, lies: 0, logins: 0, faulty: 0 });
    this.acts = [
      [40, this.postOne],
      [10, this.postMany],
      [44, this.tap],
      [3, this.lie],
      [3, this.cancel],
      [3, this.repeat],
      [1, this.misuseKey],
      [2, this.postFaulty],
    ];
  }

  // --- messages

  compose() {
    const n = this.messages.length;
    const user = this.random.pick(this.users);
    const { once, always } = this.templates;
    const template = this.random.chance(0.15) ? always : this.random.pick(once);
    const record = { n, user, template, id: null, state: null };
    const atLeastOnce = this.random.chance(0.4);
    const on = this.random.next();
    record.policy = atLeastOnce ? 'at_least_once' : 'at_most_once';
    record.onMissing = on < 0.6 ? 'wait' : on < 0.85 || !this.liars.has(user) ? 'fail' : 'try';
    this.messages.push(record);
    const body = {
      app: this.app,
      user,
      template,
      data: { thing1: `第${n}杯咖啡` },
      page: `index?n=${n}`,
      tag: `t${n}`,
      on_missing: record.onMissing,
      policy: record.policy,
    };
    if (this.random.chance(0.05))
      body.send_at = Math.floor(Date.now() / 1000) + this.random.range(1, 3);
    return { record, body };
  }

  /** The templates are known from the first moment of each life: what does not fit is refused. */
  async postFaulty() {
    const { body } = this.compose();
    this.messages.pop();
    const faulty = { ...body, data: { thing9: 'x' } };
    const answer = await this.insist('POST', '/v1/messages', faulty);
    this.counts.faulty++;
    const named = answer.body?.errors?.some(({ field }) => field === 'data.thing1');
    if (answer.status !== 400 || !named) this.fault('a message without thing1', answer);
  }

  // --- taps

  /** A user whose last group is long enough ago; null: nobody among those looked at. */
  takeUser(users) {
    for (let tries = 0; tries < 20; tries++) {
      const user = this.random.pick(users);
      if ((this.busyUntil.get(user) ?? 0) > Date.now()) continue;
      this.busyUntil.set(user, Infinity);
      return user;
    }
    return null;
  }

  begin(user, more) {
    const templates = this.random.chance(0.3)
      ? this.templates.once
      : [this.random.pick(this.templates.once)];
    const group = { n: this.groups.length, user, templates, page: 0, backend: 0, ...more };
    group.atS = Math.floor(Date.now() / 1000);
    this.groups.push(group);
    return group;
  }

  end({ user }) {
    this.busyUntil.set(user, Date.now() + groupGapMs);
  }

  /** She taps; the event is pushed, or gets lost. One after the other: that is set for all. */
  onPhone(group, eventLost) {
    const { app, push } = this;
    const set = (popup) => this.sim.post('apps', { appid: app, push: { ...push, popup } });
    const tap = () => this.sim.post('subscribe', {
      appid: app,
      openid: group.user,
      choices: Object.fromEntries(group.templates.map((id) => [id, 'accept'])),
      times: group.taps,
    });
    const turn = this.simTurn.then(async () => {
      group.atS = Math.floor(Date.now() / 1000);
      if (eventLost) await set(false);
      await tap();
      if (eventLost) await set(true);
    });
    this.simTurn = turn.catch(() => {});
    return turn;
  }

  async tap() {
    const user = this.takeUser(this.users);
    if (!user) return;
    const taps = this.random.chance(0.25) ? this.random.range(2, 3) : 1;
    const group = this.begin(user, { taps });
    const told = () => (this.random.chance(0.85) ? group.taps : this.random.range(1, group.taps));
    const who = this.random.next();
    const page = who < 0.65 ? told() : 0;
    const backend = who > 0.4 && who < 0.85 ? told() : 0;
    await this.onPhone(group, page + backend > 0 && this.random.chance(0.3));
    this.counts.groups++;
    this.counts.taps += group.taps;
    await Promise.all([page && this.tellByPage(group, page),
      backend && this.tellByBackend(group, backend)]);
    this.end(group);
  }

  /** The backend tells what was not tapped. */
  async lie() {
    const user = this.takeUser([...this.liars]);
    if (!user) return;
    const group = this.begin(user, { taps: 0 });
    this.counts.lies++;
    await this.tellByBackend(group, this.random.range(1, 2));
    this.end(group);
  }

  // --- who tells

  async session(user) {
    const from = Date.now();
    const place = this.users.indexOf(user);
    const headers = { 'X-Forwarded-For': `10.9.${place >> 8}.${place & 255}` };
    while (!this.sessions.has(user) && Date.now() < from + loginMaxMs) {
      const { code } = await this.sim.post('login', { appid: this.app, openid: user });
      const body = { app: this.app, code };
      // A code is good for one try.
      const answer = await this.server.client.ask('POST', '/client/v1/login', body, headers)
        .catch(() => null);
      if (answer?.status === 200) this.sessions.set(user, answer.body.session);
      else if (answer && answer.status !== 503) throw new Error(`login: ${JSON.stringify(answer)}`);
      else await sleep(8);
    }
    this.counts.logins++;
    return { ...headers, Authorization: `Bearer ${this.sessions.get(user)}` };
  }

  async tellByPage(group, taps) {
    const headers = await this.session(group.user);
    const reports = Array.from({ length: taps }, (_, i) => ({
      report_id: `p${group.n}.${i}`,
      obtained_at: group.atS,
      subscriptions: Object.fromEntries(group.templates.map((id) => [id, 'accept'])),
    }));
    const bodies = this.random.chance(0.5) ? [reports] : reports;
    for (const body of bodies) {
      const answer = await this.insist('POST', '/client/v1/grants', body, headers);
      const items = group.templates.length * (Array.isArray(body) ? taps : 1);
      if (!this.toldOk(answer, items)) return;
    }
    group.page = taps;
  }

  async tellByBackend(group, taps) {
    const body = group.templates.map((template) => ({
      app: this.app,
      user: group.user,
      kind: 'once',
      template,
      count: taps,
      obtained_at: group.atS,
      report_id: `b${group.n}`,
    }));
    const answer = await this.insist('POST', '/v1/grants', body);
    if (this.toldOk(answer, body.length)) group.backend = taps;
  }

  toldOk(answer, items) {
    const { accepted, duplicates, refused } = answer.body ?? {};
    const good = answer.status === 201 && accepted + duplicates === items && refused.length === 0;
    if (!good) this.fault('a tell', answer);
    return good;
  }
}
