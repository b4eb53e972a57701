// What every system test needs: the real program on port 0 in a folder of its own, HTTP calls, and
// waiting for a condition with a deadline. The binary is named by HONGYAN_BIN.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

export const ADMIN_KEY = 'the-admin-key-of-the-system-tests';
export const APP = 'wx0000000000000001';
export const SECRET = '00000000000000000000000000000001';
export const INTAKE = '/index/index/form_id';

const START_MS = 20_000;
const STOP_MS = 30_000;
const running = new Set();

process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

// Asks `condition` again and again until it gives something true, which is returned.
export async function waitFor(what, condition, deadlineMs = 10_000) {
  const end = Date.now() + deadlineMs;

  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > end) throw new Error(`gave up after ${deadlineMs} ms waiting for ${what}`);
    await pause(20);
  }
}

// Starts the program and waits for the line that tells its address.
async function start(args, env = {}) {
  const child = spawn(process.env.HONGYAN_BIN, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const program = { child, stdout: '', stderr: '' };

  running.add(child);
  child.on('exit', () => running.delete(child));
  child.stdout.setEncoding('utf8').on('data', (text) => (program.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text) => (program.stderr += text));
  program.exited = once(child, 'exit').then(([code, signal]) => ({ code, signal }));
  program.url = await waitFor(
    `the address of ${args[0]}`,
    () => {
      if (child.exitCode !== null)
        throw new Error(`${args[0]} ended with ${child.exitCode}: ${program.stderr}`);
      return /^(?:listening|simulator): (http:\/\/\S+)$/m.exec(program.stdout)?.[1];
    },
    START_MS,
  );
  return program;
}

// Ends one program; gives its exit code, or the signal that it died of.
async function stop(program, signal = 'SIGTERM') {
  if (program.child.exitCode !== null || program.child.signalCode !== null)
    return program.child.exitCode ?? program.child.signalCode;
  program.child.kill(signal);
  const ended = await Promise.race([
    program.exited,
    pause(STOP_MS, null, { ref: false }).then(() => null),
  ]);
  if (!ended) {
    program.child.kill('SIGKILL');
    throw new Error(`did not end within ${STOP_MS} ms of ${signal}`);
  }
  return ended.code ?? ended.signal;
}

async function request(base, method, path, body, { key, headers = {}, raw = false } = {}) {
  const all = { ...headers };

  if (key) all.authorization = `Bearer ${key}`;
  if (body !== undefined && !raw && !all['content-type']) all['content-type'] = 'application/json';
  const response = await fetch(base + path, {
    method,
    headers: all,
    body: body === undefined ? undefined : raw ? body : JSON.stringify(body),
  });
  const text = await response.text();
  let json = null;
  try {
    json = text ? JSON.parse(text) : null;
  } catch {
    // not every answer is JSON
  }
  return { status: response.status, headers: response.headers, text, json };
}

// Where what is told to be on disk is kept, and how to name that to the server: in a file, or, where
// HY_POSTGRES_URL names a PostgreSQL server (tests/postgres/with-postgres), in a database of its own there.
function storeOnDisk(folder) {
  const server = process.env.HY_POSTGRES_URL;

  if (!server) return { store: `sqlite:${join(folder, 'test.db')}`, args: [] };
  const name = basename(folder).toLowerCase().replaceAll(/[^a-z0-9]/g, '_');
  execFileSync('psql', ['--quiet', '--command', `CREATE DATABASE ${name}`, server]);
  return {
    store: `${server}${server.includes('?') ? '&' : '?'}dbname=${name}`,
    args: ['--master-key-file', join(folder, 'test.db.key')],
  };
}

// A simulator and a server beside it.
export class World {
  static async open({ store = 'sqlite', addApp = true, args = [] } = {}) {
    const world = new World();

    world.folder = mkdtempSync(join(tmpdir(), 'hongyan-system-'));
    const disk = store === 'sqlite' ? storeOnDisk(world.folder) : { store, args: [] };
    world.args = [...disk.args, ...args];
    world.store = disk.store;
    world.sim = await start(['sim', '--listen', '127.0.0.1:0', '--seed', '7']);
    await world.startServer();
    if (addApp) await world.addApp();
    return world;
  }

  async startServer() {
    this.server = await start(
      ['serve', '--listen', '127.0.0.1:0', '--store', this.store, '--wechat-url', this.sim.url,
        ...this.args],
      { HONGYAN_ADMIN_KEY: ADMIN_KEY },
    );
  }

  stopServer(signal) {
    return stop(this.server, signal);
  }

  async close() {
    const codes = [await stop(this.server), await stop(this.sim)];

    rmSync(this.folder, { recursive: true, force: true });
    if (!codes.every((code) => code === 0 || code === 'SIGKILL'))
      throw new Error(`ended with ${codes}: ${this.server.stderr}${this.sim.stderr}`);
  }

  // --- the server ---

  call(method, path, body, options = {}) {
    return request(this.server.url, method, path, body, { key: ADMIN_KEY, ...options });
  }

  // Calls and throws unless the status is the expected one.
  async must(status, method, path, body, options) {
    const answer = await this.call(method, path, body, options);

    if (answer.status !== status)
      throw new Error(`${method} ${path}: ${answer.status} instead of ${status}: ${answer.text}`);
    return answer.json;
  }

  addApp(settings = {}) {
    return this.must(201, 'POST', '/v1/apps', { id: APP, secret: SECRET, ...settings });
  }

  // A form as home-made mini programs post it; `fields` is an object or the bytes.
  postForm(fields, query = '') {
    return this.call('POST', INTAKE + query, new URLSearchParams(fields).toString(), {
      key: null,
      raw: true,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
  }

  grants(user) {
    return this.must(200, 'GET', `/v1/grants?app=${APP}&user=${user}`);
  }

  message(id) {
    return this.must(200, 'GET', `/v1/messages/${id}`);
  }

  // Waits until the message is in that state, and gives it.
  messageIn(id, state, deadlineMs) {
    let last;

    return waitFor(
      `message ${id} to be ${state}`,
      async () => {
        last = await this.message(id);
        return last.state === state && last;
      },
      deadlineMs,
    ).catch((error) => {
      throw new Error(`${error.message}: ${JSON.stringify(last)}`);
    });
  }

  // --- the simulator ---

  async play(path, body, method = body === undefined ? 'GET' : 'POST') {
    const answer = await request(this.sim.url, method, path, body);

    if (answer.status !== 200)
      throw new Error(`${method} ${path}: ${answer.status}: ${answer.text}`);
    return answer.json;
  }

  async newUser() {
    return (await this.play('/sim/users', { appid: APP })).openid;
  }

  async newForm(openid) {
    return (await this.play('/sim/forms', { appid: APP, openid })).form_id;
  }

  async newTemplate(...keys) {
    const keywords = (keys.length ? keys : ['keyword1', 'keyword2']).map((key) => ({
      key,
      label: key,
    }));
    const made = await this.play('/sim/templates', {
      appid: APP,
      title: 'order shipped',
      type: 'legacy',
      keywords,
    });
    return made.template_id;
  }

  // One for subscriptions, with the field thing1.
  async newTemplate2(type = 2) {
    const made = await this.play('/sim/templates', {
      appid: APP,
      title: 'order shipped',
      type,
      keywords: [{ key: 'thing1', label: 'what' }],
    });
    return made.template_id;
  }

  async phone(openid) {
    return (await this.play(`/sim/phone?appid=${APP}&openid=${openid}`)).messages;
  }

  // A user who has given one form_id to the server.
  async newGrantedUser() {
    const user = await this.newUser();
    const credential = await this.newForm(user);

    await this.must(201, 'POST', '/v1/grants', { app: APP, user, kind: 'form_id', credential });
    return { user, credential };
  }
}

// Every error answer of the API looks like this, and is about `field` when one is named.
export function checkProblem(assert, answer, status, word, field) {
  assert.equal(answer.status, status, answer.text);
  assert.equal(answer.headers.get('content-type'), 'application/problem+json');
  assert.equal(answer.json.type, `urn:hongyan:problem:${word}`);
  assert.equal(answer.json.status, status);
  assert.ok(answer.json.title && answer.json.detail, answer.text);
  assert.ok(Array.isArray(answer.json.errors), answer.text);
  if (field === undefined) return;
  const fault = answer.json.errors.find((one) => one.field === field);
  assert.ok(fault, `no fault of ${field} in ${answer.text}`);
  assert.ok(fault.rule && fault.message, answer.text);
}
