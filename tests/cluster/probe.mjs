// How long accepts stand still: one message after the other to each node that is up, for tomorrow.
import { sleep } from '../crash/http.mjs';
import { none, note, ok } from '../crash/tap.mjs';

const everyMs = 15;
const slowMs = 2500;
export const app = 'wx00000000000000c5';
const secret = '5123456789abcdef0123456789abcdef';

export class Probe {
  constructor(sim, cluster, sql) {
    Object.assign(this, { sim, cluster, sql, accepted: [], slow: [], phases: [], faults: [], stopping: false, running: new Set() });
  }

  async open() {
    await this.sim.post('apps', { appid: app, secret, legacy: 'alive' });
    this.template = (await this.sim.post('templates', { appid: app, title: '明天的通知', type: 2,
      keywords: [{ key: 'thing1', label: '物品' }] })).template_id;
    this.users = (await this.sim.post('users', { appid: app, count: 50 })).openids;
    const { client } = this.cluster;
    await client.must(201, 'POST', '/v1/apps', { id: app, secret });
    await this.cluster.knownToAll(`/v1/apps/${app}`);
    await this.cluster.ready();
    await client.must(200, 'POST', '/v1/templates/sync', { app });
  }

  /** Permissions that nobody uses, for there to be something to fill. */
  async deposit(count) {
    const items = Array.from({ length: count }, (_, i) => ({ app, user: this.users[i % this.users.length],
      kind: 'form_id', credential: `probe${i}`, obtained_at: Math.floor(Date.now() / 1000) }));
    await this.cluster.client.must(201, 'POST', '/v1/grants', items);
  }

  phase(name) {
    this.phases.push({ name, accepts: 0, longestMs: 0 });
  }

  start() {
    for (const node of this.cluster.nodes) this.add(node);
  }

  add(node) {
    const loop = this.loop(node).finally(() => this.running.delete(loop));
    this.running.add(loop);
  }

  async loop(node) {
    for (let n = 0; !this.stopping; n++, await sleep(everyMs)) {
      if (node.state !== 'up') continue;
      const body = { app, user: this.users[n % this.users.length], template: this.template,
        data: { thing1: '明天' }, on_missing: 'wait', send_at: Math.floor(Date.now() / 1000) + 86400 };
      const from = performance.now();
      const slow = setTimeout(() => this.explain(node), slowMs);
      const answer = await node.server.client.ask('POST', '/v1/messages', body).catch(() => null);
      clearTimeout(slow);
      if (answer?.status === 202) {
        this.accepted.push(answer.body.id);
        if (node.state === 'up') this.count(performance.now() - from); // else it was frozen itself
      } else if (answer && node.state === 'up' && !(answer.status === 503 && answer.body.detail)) {
        this.faults.push(`${node.name}: ${answer.status} ${JSON.stringify(answer.body)}`);
      }
    }
  }

  /** Who waits for whom, for the reader of the log. */
  async explain(node) {
    const rows = await this.sql.ask(`SELECT concat_ws(' ', pid, application_name, state, wait_event_type, wait_event,
      pg_blocking_pids(pid), clock_timestamp() - xact_start, left(regexp_replace(query, '\\s+', ' ', 'g'), 70))
      FROM pg_stat_activity WHERE xact_start IS NOT NULL AND pid <> pg_backend_pid() ORDER BY xact_start`);
    this.slow.push(`${this.phases.at(-1).name}: ${node.name} has not answered for ${slowMs} ms`, ...rows);
  }

  /** It belongs to the phase in which it was answered, and was begun in that or the one before. */
  count(ms) {
    const phase = this.phases.at(-1);
    phase.accepts++;
    phase.longestMs = Math.max(phase.longestMs, ms);
  }

  async stop() {
    this.stopping = true;
    await Promise.all(this.running);
  }

  judge(maxMs) {
    none(this.faults, 'a node that was up took every message');
    for (const { name, accepts, longestMs } of this.phases)
      note(`${name}: ${accepts} accepts, the longest took ${longestMs.toFixed(0)} ms`);
    note(this.slow.slice(0, 40).join('\n'));
    const longest = Math.max(...this.phases.filter(({ ddl }) => ddl).map(({ longestMs }) => longestMs));
    ok(longest < maxMs, `no accept stood still for ${maxMs} ms while the schema was changed`, `${longest} ms`);
  }
}
