// lib.mjs - what the benchmarks of the whole program share: programs that say where they listen, and calls.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import http from 'node:http';

export const key = 'a key that only this bench uses';
export const app = 'wx0000000000000001';
export const secret = '00000000000000000000000000000001';
export const agent = new http.Agent({ keepAlive: true, maxSockets: 16 });
const started = [];

/** Starts the program and waits for the line that tells its address: {url, pid, child}. */
export function start(program, args, line, env = {}) {
  const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'inherit'] });
  started.unshift(child);
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
  if (child.exitCode !== null) return;
  child.kill('SIGTERM');
  await new Promise((resolve) => child.once('exit', resolve));
}

/** All that were started, the last one first. */
export async function stopAll() {
  agent.destroy();
  for (const child of started) await stop(child);
}

/** {status, body} of an answer with JSON. */
export function ask(method, url, body) {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${key}` };
    const request = http.request(url, { method, agent, headers }, (answer) => {
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
