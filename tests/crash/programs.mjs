// The simulator and the server as processes in a folder of their own.
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { Client, late } from './http.mjs';

export const adminKey = 'crash-test-admin-key';
const startMaxMs = 20000;
const alive = new Set();

function killAll() {
  for (const child of alive) child.kill('SIGKILL');
}
process.on('exit', killAll);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(1));

export function makeFolder() {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'hongyan-crash-'));
  process.on('exit', () => {
    if (process.exitCode) console.log(`# what the programs said and stored is in ${folder}`);
    else fs.rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

/** A free port below those that the system gives to outgoing connections: a client that knocks
 * while the server is down would now and then be given the server's own port, and keep it. */
export async function freePort() {
  for (;;) {
    const port = 10000 + Math.floor(Math.random() * 20000);
    const server = net.createServer();
    const free = await new Promise((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => resolve(true));
    });
    if (!free) continue;
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
}

/** One process. `ready` resolves with the address that it prints, or null when it ended before;
 * `ended` with {code, signal}. */
class Process {
  constructor(program, args, env, logPath) {
    const log = fs.openSync(logPath, 'a');
    this.child = spawn(program, args, {
      stdio: ['ignore', 'pipe', log],
      env: { ...process.env, ...env },
    });
    fs.closeSync(log);
    alive.add(this.child);
    this.ended = new Promise((resolve) => {
      this.child.once('exit', (code, signal) => {
        alive.delete(this.child);
        resolve({ code, signal });
      });
    });
    this.ready = Promise.race([this.printed(), this.ended.then(() => null)]);
  }

  printed() {
    let text = '';
    return new Promise((resolve) => {
      this.child.stdout.on('data', (chunk) => {
        text += chunk;
        const found = /^(?:listening|simulator): (http:\/\/\S+)$/m.exec(text);
        if (found) resolve(found[1]);
      });
    });
  }

  kill(signal) {
    this.child.kill(signal);
  }
}

export async function startSim(program, folder, seed) {
  const args = ['sim', '--listen', '127.0.0.1:0', '--seed', String(seed)];
  const sim = new Process(program, args, {}, path.join(folder, 'sim.log'));
  const address = await Promise.race([sim.ready, late(startMaxMs)]);
  if (!address) throw new Error('the simulator did not start');
  sim.url = address;
  sim.client = new Client(address);
  sim.post = (call, body) => sim.client.must(200, 'POST', `/sim/${call}`, body);
  sim.get = (call) => sim.client.must(200, 'GET', `/sim/${call}`);
  return sim;
}

/** A store (a file of its own, if none is given), a port, and one process after the other on them. */
export class Server {
  constructor(program, { folder, name, wechatUrl, location = null, options = [] }) {
    this.program = program;
    this.location = location ?? `sqlite:${path.join(folder, `${name}.db`)}`;
    this.logPath = path.join(folder, `${name}.log`);
    this.wechatUrl = wechatUrl;
    this.options = options;
    this.process = null;
    this.client = null;
    this.readyMs = 0; // how long the last start took
    this.readyMaxMs = 0;
  }

  async start() {
    await this.launch();
    await this.untilReady();
  }

  async launch() {
    this.port ??= await freePort();
    this.client ??= new Client(`http://127.0.0.1:${this.port}`, {
      Authorization: `Bearer ${adminKey}`,
    });
    const args = ['serve', '--listen', `127.0.0.1:${this.port}`, '--store', this.location];
    args.push('--wechat-url', this.wechatUrl, ...this.options);
    this.process = new Process(this.program, args, { HONGYAN_ADMIN_KEY: adminKey }, this.logPath);
    this.launchedAt = performance.now();
  }

  async untilReady() {
    if (!(await Promise.race([this.process.ready, late(startMaxMs)])))
      throw new Error(`the server did not start:\n${this.lastWords()}`);
    this.readyMs = performance.now() - this.launchedAt;
    this.readyMaxMs = Math.max(this.readyMaxMs, this.readyMs);
  }

  /** Sends the signal and waits; {code, signal, ms}. Null when it was still there at the end. */
  async end(signal, deadlineMs) {
    const from = Date.now();
    this.process.kill(signal);
    const ended = await Promise.race([this.process.ended, late(deadlineMs)]);
    return ended && { ...ended, ms: Date.now() - from };
  }

  log() {
    return fs.readFileSync(this.logPath, 'utf8');
  }

  lastWords() {
    return this.log().split('\n').slice(-20).join('\n');
  }

  /** What a sanitizer or an assertion had to say. */
  alarms() {
    const alarm = /AddressSanitizer|LeakSanitizer|ThreadSanitizer|runtime error|Assertion/;
    return this.log().split('\n').filter((line) => alarm.test(line));
  }
}

/** The lines that the store's own check prints; none: all is well. The server must be down. */
export function checkStore(program, location, maxMs = 60000) {
  const run = spawnSync(program, [location], { encoding: 'utf8', timeout: maxMs });
  if (run.status === 0) return [];
  return [run.stdout, run.stderr, `exit ${run.status} ${run.signal ?? ''}`].filter(Boolean);
}
