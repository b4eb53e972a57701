// What happens to nodes and to their database, at random, until told to stop.
import { sleep } from '../crash/http.mjs';
import { leaseS } from './nodes.mjs';

export const takeOverMaxMs = 10000;
const leaseMs = leaseS * 1000;

export class Accidents {
  constructor({ cluster, database, random }) {
    Object.assign(this, { cluster, database, random });
    this.counts = { kills: 0, frozen: 0, frozenLong: 0, polite: 0, cuts: 0, refusals: 0, commits: 0, crashes: 0, quiet: 0 };
    this.takeOvers = []; // ms from a death until somebody else had its app
    this.faults = [];
    this.disturbedAt = 0; // when the database was last away from somebody
    this.quiet = 0; // deaths under way whose take-over is timed: nothing else happens meanwhile
    this.disturbing = false;
    this.stopping = false;
    const { shared } = cluster;
    this.ofNodes = [[5, this.killOne], [1, this.stopOne], [2, this.freezeShortly],
      [shared ? 2 : 0, this.freezeLong], [shared ? 3 : 0, this.killInQuiet]];
    this.ofDatabase = [[4, this.cutOne], [2, this.refuseOne], [4, this.cutCommit], [1, this.crash]];
  }

  start() {
    this.running = [this.loop(this.ofNodes, 200, 2500)];
    if (this.cluster.shared) this.running.push(this.loop(this.ofDatabase, 500, 4000, () => this.quiet === 0));
  }

  /** Afterwards everybody is up. */
  async stop() {
    this.stopping = true;
    await Promise.all(this.running);
    for (const node of this.cluster.nodes)
      if (node.state !== 'up') await this.cluster.start(node);
    for (const { link } of this.cluster.nodes) if (link) link.armed = null;
    await this.cluster.ready();
    if (this.cluster.nodes.length > 1) await this.killInQuiet();
    await this.cluster.ready();
  }

  async loop(acts, leastMs, mostMs, may = () => true) {
    for (; !this.stopping; await sleep(this.random.range(leastMs, mostMs))) {
      if (!may()) continue;
      let draw = this.random.next() * acts.reduce((sum, [weight]) => sum + weight, 0);
      const act = acts.find(([weight]) => (draw -= weight) < 0)[1];
      this.disturbing ||= acts === this.ofDatabase;
      try {
        await act.call(this);
      } catch (error) {
        this.faults.push(`${act.name}: ${error.stack}`);
      }
      if (acts === this.ofDatabase) this.disturbing = false;
    }
  }

  /** With several nodes one always lives. */
  victim() {
    const up = this.cluster.up();
    return up.length > (this.cluster.shared && this.cluster.nodes.length > 1 ? 1 : 0)
      ? this.random.pick(up) : null;
  }

  // --- nodes

  /** The nodes and who holds what; null when nobody says. */
  async look() {
    try {
      const { status, body } = await this.cluster.client.ask('GET', '/v1/nodes');
      return status === 200 ? body : null;
    } catch {
      return null;
    }
  }

  /** From its death on until nobody says that it holds an app. */
  async takeOver(id, fromMs) {
    while (Date.now() - fromMs < 3 * takeOverMaxMs) {
      const seen = await this.look();
      if (seen && !seen.apps.some(({ node }) => node === id || node === undefined)) break;
      await sleep(100);
    }
    return Date.now() - fromMs;
  }

  /** Some seconds without other accidents, so that a death can be timed. */
  async inQuiet(act) {
    this.quiet++;
    try {
      while (this.disturbing) await sleep(50);
      await sleep(1500);
      await act();
    } finally {
      this.quiet--;
    }
  }

  async killInQuiet() {
    if (this.cluster.up().length < 2) return;
    await this.inQuiet(async () => {
      const holder = (await this.look())?.apps.find(({ node }) => node)?.node;
      const name = (await this.look())?.items.find(({ id }) => id === holder)?.name;
      const node = this.cluster.up().find((one) => one.name === name);
      if (!node) return;
      const at = Date.now();
      await this.cluster.kill(node);
      this.counts.kills++;
      this.counts.quiet++;
      this.takeOvers.push(await this.takeOver(holder, at));
      await this.cluster.start(node);
    });
  }

  async killOne() {
    const node = this.victim();
    if (!node) return;
    const end = await this.cluster.kill(node);
    this.counts.kills++;
    if (end?.signal !== 'SIGKILL')
      this.faults.push(`${node.name} ended by itself: ${JSON.stringify(end)}\n${node.server.lastWords()}`);
    await sleep(this.cluster.shared && this.random.chance(0.3)
      ? this.random.range(leaseMs, leaseMs + 4000) : this.random.range(0, 1500));
    await this.cluster.start(node);
  }

  async stopOne() {
    const node = this.victim();
    if (!node) return;
    const disturbedAt = this.disturbedAt;
    const end = await this.cluster.stop(node);
    this.counts.polite++;
    if (end?.code !== 0 && disturbedAt === this.disturbedAt && Date.now() - disturbedAt > 10000)
      this.faults.push(`SIGTERM: ${JSON.stringify(end)}\n${node.server.lastWords()}`);
    if (!end) await this.cluster.kill(node);
    await this.cluster.start(node);
  }

  async freezeShortly() {
    const node = this.victim();
    if (!node) return;
    this.counts.frozen++;
    await this.cluster.freeze(node, this.random.range(20, 800));
  }

  /** It wakes up to find that it is nobody any more. */
  async freezeLong() {
    const node = this.victim();
    if (!node) return;
    this.counts.frozenLong++;
    await this.cluster.freeze(node, this.random.range(leaseMs + 1000, leaseMs + 5000));
  }

  // --- the database

  link() {
    const up = this.cluster.up();
    return up.length ? this.random.pick(up).link : null;
  }

  async cutOne() {
    this.disturbedAt = Date.now();
    this.counts.cuts++;
    this.link()?.cut();
  }

  async refuseOne() {
    const link = this.link();
    if (!link) return;
    this.counts.refusals++;
    await link.refuse(this.random.range(100, 3000));
    this.disturbedAt = Date.now();
  }

  async cutCommit() {
    const link = this.link();
    if (!link) return;
    this.counts.commits++;
    this.disturbedAt = Date.now();
    link.armed = this.random.chance(0.7) ? 'after' : 'before';
  }

  async crash() {
    this.counts.crashes++;
    await this.database.crash(this.random.range(0, 2000));
    this.disturbedAt = Date.now();
  }
}
