// What an app's backend does all day, from several connections at once, to a server that dies under
// it: every request whose answer was lost is made again, with the same keys, until it is answered.
import { sleep } from './http.mjs';

const connections = 6;
const giveUpMs = 60000;
const retryMs = 8;

export class Load {
  /** `prepayShare`: how many of the deposited receipts are prepay_ids, 0 to 1. */
  constructor({ sim, server, random, app, template, users, prepayShare }) {
    Object.assign(this, { sim, server, random, app, template, users, prepayShare });
    this.messages = []; // by number: {n, user, id, state}; the page and the tag name the number
    this.receipts = new Map(); // credential -> {user, kind, uses}
    this.answered = []; // some requests with their answers, to be made again
    this.faults = []; // what should not have been answered
    this.lostAnswers = 0;
    this.counts = { posts: 0, deposits: 0, cancels: 0, repeats: 0, conflicts: 0 };
    this.stopping = false;
    this.acts = [
      [50, this.postOne],
      [18, this.postMany],
      [24, this.deposit],
      [4, this.cancel],
      [3, this.repeat],
      [1, this.misuseKey],
    ];
  }

  start() {
    this.running = Array.from({ length: connections }, () => this.work());
  }

  /** Resolves when every request is answered; the server must be up. */
  async stop() {
    this.stopping = true;
    await Promise.all(this.running);
  }

  async work() {
    while (!this.stopping) {
      let draw = this.random.next() * this.acts.reduce((sum, [weight]) => sum + weight, 0);
      const act = this.acts.find(([weight]) => (draw -= weight) < 0)[1];
      try {
        await act.call(this);
      } catch (error) {
        this.faults.push(`${act.name}: ${error.message}`);
        await sleep(100);
      }
      await sleep(this.random.range(0, 12));
    }
  }

  /** {status, body, tries}: the first answer that is not "not now". */
  async insist(method, path, body, headers) {
    const end = Date.now() + giveUpMs;
    for (let tries = 1; Date.now() < end; tries++) {
      try {
        const answer = await this.server.client.ask(method, path, body, headers);
        if (answer.status !== 503) return { ...answer, tries };
      } catch (error) {
        if (error.code !== 'ECONNREFUSED') this.lostAnswers++;
      }
      await sleep(retryMs);
    }
    throw new Error(`${method} ${path} had no answer for ${giveUpMs} ms`);
  }

  fault(text, answer) {
    this.faults.push(`${text}: ${answer.status} ${JSON.stringify(answer.body).slice(0, 300)}`);
  }

  // --- messages

  compose() {
    const n = this.messages.length;
    const record = { n, user: this.random.pick(this.users), id: null, state: null };
    const body = {
      app: this.app,
      user: record.user,
      template: this.template,
      data: { keyword1: `第${n}杯咖啡` },
      page: `index?n=${n}`,
      tag: `t${n}`,
      on_missing: this.random.chance(0.6) ? 'wait' : 'fail',
    };
    if (this.random.chance(0.1))
      body.send_at = Math.floor(Date.now() / 1000) + this.random.range(1, 3);
    this.messages.push(record);
    return { record, body };
  }

  /** True when nobody took it in its time: requests got no answer, or "not now", or lay before a frozen node. */
  cameTooLate(record, problem) {
    const over = record.expiresAt * 1000 < Date.now() && problem?.errors?.[0]?.field === 'expires_at';
    record.tooLate = over;
    return over;
  }

  keep(record, result, answer) {
    if (this.cameTooLate(record, result?.error)) return;
    if (!/^m[0-9a-z]{13}$/.test(result?.id ?? ''))
      return this.fault('a message was not taken', answer);
    record.id = result.id;
    record.state = result.state;
  }

  remember(method, path, body, headers, answer) {
    this.answered.push({ method, path, body, headers, answer });
    if (this.answered.length > 500) this.answered.shift();
  }

  async postOne() {
    const { record, body } = this.compose();
    const headers = { 'Idempotency-Key': `k${record.n}` };
    const answer = await this.insist('POST', '/v1/messages', body, headers);
    if (this.cameTooLate(record, answer.body)) return;
    if (answer.status !== 202) return this.fault('one message', answer);
    this.counts.posts++;
    this.keep(record, answer.body, answer);
    this.remember('POST', '/v1/messages', body, headers, answer);
  }

  async postMany() {
    const list = Array.from({ length: this.random.range(2, 12) }, () => this.compose());
    const body = list.map(({ record, body: one }) => ({ ...one, key: `k${record.n}` }));
    const answer = await this.insist('POST', '/v1/messages', body);
    if (answer.status !== 202 || answer.body.results?.length !== list.length)
      return this.fault('many messages', answer);
    this.counts.posts++;
    list.forEach(({ record }, i) => this.keep(record, answer.body.results[i], answer));
    this.remember('POST', '/v1/messages', body, {}, answer);
  }

  /** The same request again says what it said the first time. */
  async repeat() {
    if (!this.answered.length) return;
    const { method, path, body, headers, answer: first } = this.random.pick(this.answered);
    const answer = await this.insist(method, path, body, headers);
    this.counts.repeats++;
    const same = JSON.stringify(answer.body) === JSON.stringify(first.body);
    if (answer.status !== first.status || !same)
      this.fault(`the same again, first ${JSON.stringify(first.body)}`, answer);
  }

  /** A key that stands for one message does not take another. */
  async misuseKey() {
    const done = this.messages.filter((record) => record.id).at(-1);
    if (!done) return;
    const { body } = this.compose();
    this.messages.pop();
    const headers = { 'Idempotency-Key': `k${done.n}` };
    const answer = await this.insist('POST', '/v1/messages', { ...body, tag: 'misused' }, headers);
    this.counts.conflicts++;
    if (answer.status !== 409) this.fault('another message with a used key', answer);
  }

  async cancel() {
    const record = this.messages.length && this.random.pick(this.messages);
    if (!record?.id) return;
    const answer = await this.insist('POST', `/v1/messages/${record.id}/cancel`);
    this.counts.cancels++;
    if (answer.status === 200 && answer.body.state !== 'canceled') this.fault('cancel', answer);
    if (answer.status !== 200 && answer.status !== 409) this.fault('cancel', answer);
  }

  // --- receipts

  /** What people do on their phones: [{user, credential, kind}]. */
  async makeReceipts(users, each) {
    const prepay = this.random.chance(this.prepayShare);
    const call = prepay ? 'payments' : 'forms';
    const answer = await this.sim.post(call, { appid: this.app, openids: users, count: each });
    const ids = prepay ? answer.prepay_ids : answer.form_ids;
    return ids.map((credential, i) => ({
      user: users[Math.floor(i / each)],
      credential,
      kind: prepay ? 'prepay_id' : 'form_id',
    }));
  }

  async deposit() {
    const users = new Set();
    for (let wanted = this.random.range(1, 8); users.size < wanted; )
      users.add(this.random.pick(this.users));
    await this.depositFor([...users], this.random.range(1, 2));
  }

  async depositFor(users, each) {
    const receipts = await this.makeReceipts(users, each);
    const body = receipts.map((receipt) => ({ app: this.app, ...receipt }));
    const answer = await this.insist('POST', '/v1/grants', body);
    if (answer.status !== 201) return this.fault('a deposit', answer);
    this.counts.deposits++;
    const { accepted, duplicates, refused } = answer.body;
    const whole = accepted === receipts.length && duplicates === 0;
    const before = accepted === 0 && duplicates === receipts.length && answer.tries > 1;
    if ((!whole && !before) || refused.length) this.fault('a deposit', answer);
    for (const { credential, user, kind } of receipts)
      this.receipts.set(credential, { user, kind, uses: kind === 'prepay_id' ? 3 : 1 });
  }
}
