// lib.mjs - what the benchmarks of the whole program share: programs that say where they listen, and calls.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const key = 'a key that only this bench uses';
export const app = 'wx0000000000000001';
export const secret = '00000000000000000000000000000001';
export const agent = new http.Agent({ keepAlive: true, maxSockets: 16 });
// Who the simulator is, the server has to check, not the bench.
const tlsAgent = new https.Agent({ keepAlive: true, maxSockets: 16, rejectUnauthorized: false });
const started = [];

/** Ends `child` by that signal when the bench ends. */
export function kept(child, signal = 'SIGTERM') {
  child.endsBy = signal;
  started.unshift(child);
  return child;
}

/** Starts the program and waits for the line that tells its address: {url, pid, child}. */
export function start(program, args, line, env = {}) {
  const child = kept(spawn(program, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'inherit'] }));
  return new Promise((resolve, reject) => {
    let out = '';
    child.on('exit', () => reject(new Error(`${args[0]} ended`)));
    child.stdout.on('data', (bytes) => {
      const url = (out += bytes).match(new RegExp(`^${line}: (.*)$`, 'm'))?.[1];
      if (url) resolve({ url, pid: child.pid, child });
    });
  });
}

export async function stop(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill(child.endsBy);
  await new Promise((resolve) => child.once('exit', resolve));
}

/** All that were started, the last one first. */
export async function stopAll() {
  agent.destroy();
  tlsAgent.destroy();
  for (const child of started) await stop(child);
}

/** Runs `work` with a new folder on the disk; ends all programs and removes it afterwards. */
export async function temporary(name, work) {
  const folder = mkdtempSync(join(process.env.TMPDIR ?? tmpdir(), `hongyan-${name}.`));
  try {
    await work(folder);
  } finally {
    await stopAll();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A server on a store in `folder`; `more` are further options. */
export function serve(program, folder, more = [], under = []) {
  const [command, ...args] = [...under, program, 'serve', '--listen', '127.0.0.1:0', '--log-level', 'warn', '--store',
    `sqlite:${join(folder, 'bench.db')}`, ...more];
  return start(command, args, 'listening', { HONGYAN_ADMIN_KEY: key });
}

/** A certificate for 127.0.0.1 that vouches for itself, made for this run: {cert, key}, files in `folder`. */
export function certificate(folder) {
  const files = { cert: join(folder, 'sim.pem'), key: join(folder, 'sim.key') };
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=bench',
    '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', files.key, '-out', files.cert], { stdio: 'ignore' });
  return files;
}

/** How `serve` comes to trust it. */
export const authority = (tls) => (tls ? ['--ca-file', tls.cert] : []);

/**
 * A simulator whose daily quotas and legacy templates are out of the way, and what is done on its phones; behind TLS
 * with a `certificate()`.
 */
export async function simulate(program, tls) {
  const more = tls ? ['--tls-cert', tls.cert, '--tls-key', tls.key] : [];
  const sim = await start(program, ['sim', '--listen', '127.0.0.1:0', ...more], 'simulator');
  const control = (path, body) => call('POST', sim.url + path, { appid: app, ...body });
  await control('/sim/apps', { secret, legacy: 'alive', limits: { '/cgi-bin/message/wxopen/template/send': 1e12 } });
  return { ...sim, control, stats: () => call('GET', `${sim.url}/sim/stats`) };
}

/** wrk with post.lua: {requests, us, errors, p50_us, p99_us}. */
export function wrk(url, { connections, seconds, args, threads = 1, lua }) {
  const run = lua ?? new URL('post.lua', import.meta.url).pathname;
  return new Promise((resolve, reject) => {
    const child = spawn('wrk', ['-t', threads, '-c', connections, '-d', `${seconds}s`, '-s', run, '--timeout', '30s', url,
      '--', ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
    let out = '';
    child.stdout.on('data', (bytes) => (out += bytes));
    child.on('exit', (code) => {
      const line = out.split('\n').find((text) => text.startsWith('{'));
      if (code === 0 && line) resolve(JSON.parse(line)); else reject(new Error(`wrk failed: ${out}`));
    });
  });
}

/*
 * CALLGRIND=FILE counts the server's instructions, which other work beside doesn't change.
 */
const profile = process.env.CALLGRIND;

/** What stands before the program's name. */
export const under = profile ? ['valgrind', '-q', '--tool=callgrind', '--instr-atstart=no',
  `--callgrind-out-file=${profile}`] : [];

export function instrument(state, pid) {
  if (profile) execFileSync('callgrind_control', ['-i', state, String(pid)], { stdio: 'ignore' });
}

/** Instructions a message, once the server has ended; undefined when they were not counted. */
export function counted(messages) {
  return profile && Math.round(Number(readFileSync(profile, 'utf8').match(/^totals: (\d+)$/m)[1]) / messages);
}

/** Says it. */
export function instructions(messages) {
  if (profile) console.log(`counted   ${counted(messages)} instructions a message`);
}

/** {status, body} of an answer with JSON. */
export function ask(method, url, body) {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${key}` };
    const [from, by] = url.startsWith('https:') ? [https, tlsAgent] : [http, agent];
    const request = from.request(url, { method, agent: by, headers }, (answer) => {
      let text = '';
      answer.on('data', (bytes) => (text += bytes));
      answer.on('end', () => resolve({ status: answer.statusCode, text }));
    });
    request.on('error', reject);
    request.end(body && JSON.stringify(body));
  });
}

/** The body of an answer that must be a success. */
export async function call(method, url, body) {
  const { status, text } = await ask(method, url, body);
  if (status >= 300) throw new Error(`${url}: ${status} ${text.slice(0, 200)}`);
  return JSON.parse(text);
}

/** CPU seconds that the process has used, in 1/100. */
export function cpuTicks(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return Number(fields[11]) + Number(fields[12]);
}
