// A backend's receiver of outcomes, in this process: it checks signatures by itself, keeps what it was
// told, and is not always well.
import crypto from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import { sleep } from './http.mjs';

const signatureMaxAgeS = 300;

function signed(secret, headers, body) {
  const { 'webhook-id': id, 'webhook-timestamp': at, 'webhook-signature': given = '' } = headers;
  if (Math.abs(Date.now() / 1000 - Number(at)) > signatureMaxAgeS) return false;
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
  const mine = crypto.createHmac('sha256', key).update(`${id}.${at}.${body}`).digest('base64');
  return given.split(' ').includes(`v1,${mine}`);
}

/** One endpoint: what came to it, in the order in which it came. */
class Hook {
  constructor(path) {
    Object.assign(this, { path, id: null, secret: null, told: [], faults: [], failed: new Set() });
  }
}

export class Hooks {
  constructor(random, paths) {
    this.random = random;
    this.hooks = paths.map((path) => new Hook(path));
    this.well = false; // answers 200 to everything
    this.deaths = this.refused = 0;
    this.stopping = false;
  }

  async open() {
    await this.listen(0);
    this.port = this.server.address().port;
    this.dying = this.dieNowAndThen();
  }

  async listen(port) {
    this.server = http.createServer((request, response) => {
      this.take(request, response).catch((error) => this.hooks[0].faults.push(error.stack));
    });
    this.server.listen(port, '127.0.0.1');
    await once(this.server, 'listening');
  }

  async die() {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeAllConnections();
    await closed;
  }

  async dieNowAndThen() {
    while (!this.stopping) {
      await sleep(this.random.range(500, 1500));
      if (this.well || !this.random.chance(0.3)) continue;
      this.deaths++;
      await this.die();
      await sleep(this.random.range(50, 400));
      await this.listen(this.port);
    }
  }

  url(hook) {
    return `http://127.0.0.1:${this.port}${hook.path}`;
  }

  async take(request, response) {
    const chunks = [];
    try {
      for await (const chunk of request) chunks.push(chunk);
    } catch {
      return; // the server died while it told
    }
    const body = Buffer.concat(chunks).toString();
    const hook = this.hooks.find(({ path }) => path === request.url);
    const id = request.headers['webhook-id'];
    if (!hook || !signed(hook.secret, request.headers, body)) {
      (hook ?? this.hooks[0]).faults.push(`${request.url} ${id}: not signed as it should be`);
      response.writeHead(401).end();
      return;
    }
    const said = JSON.parse(body);
    hook.told.push({ id, number: Number(id.slice(1)), type: said.type, data: said.data,
      timestamp: said.timestamp });
    await this.answer(hook, id, response);
  }

  /** Nothing is spoiled twice: the second pause would be longer than a short run. */
  async answer(hook, id, response) {
    const draw = this.well || hook.failed.has(id) ? 1 : this.random.next();
    if (draw < 0.03) {
      hook.failed.add(id);
      this.refused++;
      if (draw < 0.02) response.writeHead(500).end('no');
      else response.destroy();
      return;
    }
    if (draw < 0.06) await sleep(this.random.range(20, 300));
    response.writeHead(200).end();
  }

  async close() {
    this.stopping = true;
    await this.dying;
    await this.die();
  }
}
