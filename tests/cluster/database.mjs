// PostgreSQL as a node sees it: a connection of its own that can be cut, refused, or cut at the worst
// moment; and the server itself, which can crash.
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import { promisify } from 'node:util';
import { sleep } from '../crash/http.mjs';

const run = promisify(execFile);
const commitName = Buffer.from('\0commit\0'); // the prepared statement of the writer's COMMIT, in a Bind

/** Between one node and PostgreSQL. */
export class DatabaseLink {
  /** `url` names a server by its socket's folder: tests/postgres/with-postgres. */
  constructor(url) {
    const [, user, database, folder] = /^postgresql:\/\/([^@/]*)@?\/([^?]*)\?host=([^&]*)$/.exec(url);
    Object.assign(this, { user, database, socketPath: `${folder}/.s.PGSQL.5432` });
    this.pairs = new Set();
    this.refusing = false;
    this.silent = false; // swallows all that comes, from both sides
    this.swallowed = 0;
    this.armed = null; // 'before' or 'after': what becomes of the next COMMIT
    this.cutCommits = 0;
  }

  async open() {
    this.server = net.createServer((client) => this.pair(client));
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    const { port } = this.server.address();
    this.url = `postgresql://${this.user}@127.0.0.1:${port}/${this.database}` +
      '?sslmode=disable&gssencmode=disable';
  }

  pair(client) {
    if (this.refusing) return client.destroy();
    const server = net.connect(this.socketPath);
    const pair = { client, server, deaf: false };
    const end = () => {
      client.destroy();
      server.destroy();
      this.pairs.delete(pair);
    };
    this.pairs.add(pair);
    for (const socket of [client, server]) {
      socket.on('error', end);
      socket.on('close', end);
    }
    client.setNoDelay();
    client.on('data', (bytes) => {
      if (this.silent) return void this.swallowed++;
      if (this.armed && bytes.includes(commitName)) {
        const before = this.armed === 'before';
        this.armed = null;
        this.cutCommits++;
        if (before) return end();
        pair.deaf = true;
      }
      server.write(bytes);
    });
    // It has answered, so it is committed; the node never hears of it.
    server.on('data', (bytes) => (pair.deaf ? end() : this.silent || client.write(bytes)));
  }

  cut() {
    for (const { client, server } of this.pairs) {
      client.destroy();
      server.destroy();
    }
    this.pairs.clear();
  }

  async refuse(ms) {
    this.refusing = true;
    this.cut();
    await sleep(ms);
    this.refusing = false;
  }

  async close() {
    this.cut();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

/** `control`: $HY_POSTGRES_CTL, `log`: $HY_POSTGRES_LOG. */
export class Database {
  constructor(url, control, log) {
    Object.assign(this, { url, log });
    this.words = control.split(' ');
    this.crashes = 0;
  }

  async control(what) {
    const [program, ...args] = this.words;
    await run(program, [...args, what], { timeout: 60000 });
  }

  /** What it logged that must not be: transactions that waited for each other. */
  deadlocks() {
    const lines = fs.readFileSync(this.log, 'utf8').split('\n');
    return lines.flatMap((line, i) =>
      line.includes('deadlock detected') ? [lines.slice(i, i + 8).join('\n')] : []);
  }

  /** It dies at once, and is there again after so long. */
  async crash(deadMs) {
    this.crashes++;
    await this.control('kill');
    await sleep(deadMs);
    await this.control('start');
  }
}
