// Several servers on one store, and what speaks for all of them: a client that asks whoever is up, and an
// address that the platform's pushes go to.
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import crypto from 'node:crypto';
import { once } from 'node:events';
import { sleep, until } from '../crash/http.mjs';
import { Server } from '../crash/programs.mjs';
import { DatabaseLink } from './database.mjs';

export const leaseS = 6; // the default
const startMaxMs = 60000;
const stopMaxMs = 30000;

/** One master key for all. */
function makeKey(folder) {
  const file = path.join(folder, 'master.key');
  const key = crypto.randomBytes(32).toString('hex');
  fs.writeFileSync(file, `hongyan-master-key-1 ${key}\n`, { mode: 0o600 });
  return file;
}

/** As Client, but each request goes to some node that is up. */
class Spread {
  constructor(cluster) {
    this.cluster = cluster;
  }

  client() {
    const up = this.cluster.up();
    if (!up.length) throw Object.assign(new Error('no node is up'), { code: 'ECONNREFUSED' });
    return up[Math.floor(Math.random() * up.length)].server.client;
  }

  async ask(...request) {
    return this.client().ask(...request);
  }

  async must(...request) {
    return this.client().must(...request);
  }

  close() {
    for (const { server } of this.cluster.nodes) server.client?.close();
  }
}

export class Cluster {
  constructor({ program, folder, wechatUrl, options }) {
    Object.assign(this, { program, folder, wechatUrl, options, key: makeKey(folder), nodes: [] });
    this.client = new Spread(this);
  }

  /** One that is down. */
  async make(name, { databaseUrl, location = null }) {
    const own = ['--node-name', name, '--lease-s', String(leaseS)];
    const options = [...this.options, '--master-key-file', this.key, ...(this.shared ? own : [])];
    const { program, folder, wechatUrl } = this;
    const server = new Server(program, { folder, name, wechatUrl, location, options });
    const link = this.shared ? new DatabaseLink(databaseUrl) : null;
    await link?.open();
    if (link) server.location = link.url;
    return { name, server, link, state: 'down' };
  }

  /** `count` nodes on the database; or, when that is null, one on a file of its own (or on `location`). */
  async open({ databaseUrl, count, location }) {
    this.shared = databaseUrl !== null;
    this.nodes = [];
    for (let i = 0; i < (this.shared ? count : 1); i++)
      this.nodes.push(await this.make(this.shared ? `node${i + 1}` : 'alone', { databaseUrl, location }));
    for (const node of this.nodes) await this.start(node);
    if (!this.balancer) await this.openBalancer();
  }

  up() {
    return this.nodes.filter(({ state }) => state === 'up');
  }

  async openBalancer() {
    this.balancer = net.createServer((client) => this.pass(client));
    this.balancer.listen(0, '127.0.0.1');
    await once(this.balancer, 'listening');
    this.publicUrl = `http://127.0.0.1:${this.balancer.address().port}`;
  }

  /** A connection of the platform's goes to some node; it is kept as long as that one lives. */
  pass(client) {
    const up = this.up();
    client.on('error', () => client.destroy());
    if (!up.length) return client.destroy();
    const { server } = up[Math.floor(Math.random() * up.length)];
    const upstream = net.connect(server.port, '127.0.0.1');
    upstream.on('error', () => client.destroy());
    upstream.on('close', () => client.destroy());
    client.on('close', () => upstream.destroy());
    client.pipe(upstream);
    upstream.pipe(client);
  }

  /** As often as it takes: while the database is away no node starts. */
  async start(node) {
    const end = Date.now() + startMaxMs;
    for (;;) {
      try {
        await node.server.start();
        node.state = 'up';
        return;
      } catch (error) {
        if (Date.now() > end) throw error;
        await node.server.end('SIGKILL', 5000);
        await sleep(200);
      }
    }
  }

  async kill(node) {
    node.state = 'down';
    return node.server.end('SIGKILL', stopMaxMs);
  }

  async stop(node) {
    node.state = 'down';
    return node.server.end('SIGTERM', stopMaxMs);
  }

  async freeze(node, ms) {
    node.state = 'frozen';
    node.server.process.kill('SIGSTOP');
    await sleep(ms);
    node.server.process.kill('SIGCONT');
    node.state = 'up';
  }

  /** Every node has its store again. */
  async ready() {
    for (const { name, server } of this.nodes)
      await until(`${name} is ready`, startMaxMs, async () =>
        (await server.client.ask('GET', '/readyz').catch(() => null))?.status === 200);
  }

  /** Every node knows it: each answers with 200. */
  async knownToAll(call) {
    for (const { name, server } of this.nodes)
      await until(`${name} knows ${call}`, 20000, async () =>
        (await server.client.ask('GET', call)).status === 200);
  }

  async close() {
    this.client.close();
    await new Promise((resolve) => (this.balancer.close(resolve), this.balancer.closeAllConnections?.()));
    for (const { link } of this.nodes) await link?.close();
  }
}
