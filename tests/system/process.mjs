// For tests of the program's own affairs, its options, signals and restarts: the program as a
// process, on free ports of loopback. HONGYAN_BIN names it.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

export const BINARY = process.env.HONGYAN_BIN;
export const APP = 'wx0000000000000001';
export const SECRET = '00000000000000000000000000000001';
export const ADMIN = 'an-admin-key-for-tests';

if (!BINARY) throw new Error('HONGYAN_BIN has to name the program');

// Nothing of the caller's own settings reaches the program.
function cleanEnv(extra) {
  const env = { ...process.env };
  for (const name of Object.keys(env)) if (name.startsWith('HONGYAN_')) delete env[name];
  for (const name of ['LC_ALL', 'LC_MESSAGES', 'LANG']) delete env[name];
  return { ...env, ...extra };
}

export function temporary(t) {
  const path = mkdtempSync(join(tmpdir(), 'hongyan-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

// Looks until `look` gives something true; the deadline is far beyond what a slow machine needs.
export async function until(look, what, deadline_ms = 30000) {
  const end = Date.now() + deadline_ms;
  for (let wait = 5; ; wait = Math.min(wait * 2, 100)) {
    const found = await look();
    if (found) return found;
    if (Date.now() > end) throw new Error(`not within ${deadline_ms} ms: ${what}`);
    await pause(wait);
  }
}

// Runs the program to its end. `input` goes to its standard input.
export function run(args, { env = {}, input = '', cwd, command = BINARY } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env: cleanEnv(env), cwd });
    const result = { code: null, signal: null, stdout: '', stderr: '' };
    child.stdout.on('data', (data) => (result.stdout += data));
    child.stderr.on('data', (data) => (result.stderr += data));
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ ...result, code, signal }));
    child.stdin.on('error', () => {});
    child.stdin.end(input);
  });
}

// A program that goes on running. `exited` resolves to its exit code (or signal).
export function start(t, args, { env = {}, cwd, command = BINARY, options = {} } = {}) {
  const child = spawn(command, args, {
    env: cleanEnv(env), cwd, stdio: ['ignore', 'pipe', 'pipe'], ...options,
  });
  const program = { child, pid: child.pid, stdout: '', stderr: '', code: undefined };
  child.stdout.on('data', (data) => (program.stdout += data));
  child.stderr.on('data', (data) => (program.stderr += data));
  program.exited = new Promise((resolve) => {
    child.on('close', (code, signal) => resolve((program.code = code ?? signal)));
  });
  program.stop = (signal = 'SIGTERM') => {
    child.kill(signal);
    return program.exited;
  };
  // The address on a line "label: http://127.0.0.1:PORT".
  program.address = async (label) => {
    const line = new RegExp(`^${label}: (https?://\\S+)$`, 'm');
    await until(() => line.test(program.stdout) || program.code !== undefined, `${label}:`);
    const match = line.exec(program.stdout);
    if (!match) throw new Error(`it ended with ${program.code}: ${program.stderr}`);
    return match[1];
  };
  t.after(async () => {
    if (program.code === undefined) await program.stop('SIGKILL');
  });
  return program;
}

export async function startSim(t, ...args) {
  const sim = start(t, ['sim', '--listen', '127.0.0.1:0', ...args]);
  sim.url = await sim.address('simulator');
  sim.post = (path, body) => call(`${sim.url}${path}`, { method: 'POST', body });
  sim.get = (path) => call(`${sim.url}${path}`);
  sim.phone = async (openid) =>
    (await sim.get(`/sim/phone?appid=${APP}&openid=${openid}`)).messages;
  return sim;
}

// `store` is a location; `sim` the simulator it sends to; `args` and `env` come on top.
export async function startServer(t, { store, sim, listen = '127.0.0.1:0', args = [], env = {}, cwd }) {
  const to = sim ? ['--wechat-url', sim.url] : [];
  const server = start(t, ['serve', '--listen', listen, '--store', store, ...to, ...args], {
    env: { HONGYAN_ADMIN_KEY: ADMIN, ...env }, cwd,
  });
  server.url = await server.address('listening');
  server.cli = (args, options = {}) =>
    run(args, { ...options,
      env: { HONGYAN_URL: server.url, HONGYAN_KEY: ADMIN, ...options.env } });
  server.api = (method, path, body, headers = {}) =>
    call(`${server.url}${path}`, { method, body,
      headers: { authorization: `Bearer ${ADMIN}`, ...headers } });
  return server;
}

export async function call(url, { method = 'GET', body, headers = {} } = {}) {
  const response = await fetch(url, {
    method, headers: body === undefined ? headers : { 'content-type': 'application/json', ...headers },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await response.text();
  const json = text ? JSON.parse(text) : null;
  if (!response.ok) throw Object.assign(new Error(`${method} ${url}: ${text}`),
    { status: response.status, json });
  return json;
}

// An app on the server that takes forms, a user and a legacy template on the simulator.
export async function settle(server, sim) {
  await server.api('POST', '/v1/apps', { id: APP, secret: SECRET, legacy_intake: true });
  const { openid } = await sim.post('/sim/users', { appid: APP });
  const { template_id } = await sim.post('/sim/templates', {
    appid: APP, title: '订单通知', type: 'legacy',
    keywords: [{ key: 'keyword1', label: '商品' }, { key: 'keyword2', label: '金额' }],
  });
  return { openid, template_id };
}

// The user submits `count` forms, which are reported as the mini program does.
export async function submitForms(server, sim, openid, count = 1) {
  const { form_ids } = await sim.post('/sim/forms', { appid: APP, openid, count });
  await server.api('POST', '/v1/grants', form_ids.map((credential) =>
    ({ app: APP, user: openid, kind: 'form_id', credential })));
  return form_ids;
}
