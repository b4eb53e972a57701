// peers.mjs - the programs that others use for the same work, started in a folder of their own on loopback
// and ended with the bench: redis, beanstalkd, PostgreSQL.
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { kept } from './lib.mjs';

/** A port that nobody listens on at this moment. */
export function freePort() {
  return new Promise((resolve) => {
    const server = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

async function listens(port, deadlineMs = 10000) {
  const end = Date.now() + deadlineMs;
  while (Date.now() < end) {
    const up = await new Promise((resolve) => {
      const socket = net.connect(port, '127.0.0.1', () => { socket.destroy(); resolve(true); });
      socket.on('error', () => resolve(false));
    });
    if (up) return;
    await pause(20);
  }
  throw new Error(`nothing listens on ${port}`);
}

/** Every write is synced before it is answered. */
export async function redis(folder) {
  const port = await freePort();
  mkdirSync(folder);
  const child = kept(spawn('redis-server', ['--port', port, '--bind', '127.0.0.1', '--dir', folder, '--save', '',
    '--appendonly', 'yes', '--appendfsync', 'always', '--maxmemory-policy', 'noeviction'], { stdio: 'ignore' }));
  await listens(port);
  return { port, pid: child.pid };
}

/** How many pushes of so many bytes it answers a second. */
export async function redisPushes(folder, { connections, seconds, bytes }) {
  const { port } = await redis(folder);
  const out = execFileSync('redis-benchmark', ['-p', port, '-c', connections, '-n', 40000 * seconds, '-d', bytes,
    '-t', 'lpush', '--csv'], { encoding: 'utf8', timeout: 20 * seconds * 1000 });
  return Number(out.match(/"LPUSH[^"]*","([\d.]+)"/)[1]);
}

export async function beanstalkd(folder) {
  const port = await freePort();
  mkdirSync(folder);
  const child = kept(spawn('beanstalkd', ['-l', '127.0.0.1', '-p', port, '-b', folder, '-f', '0'],
    { stdio: 'ignore' }));
  await listens(port);
  return { port, pid: child.pid };
}

const programs = () => execFileSync('pg_config', ['--bindir'], { encoding: 'utf8' }).trim();

/** PostgreSQL refuses to run as root: then it runs as its own user. */
export async function postgresql(folder) {
  const port = await freePort();
  const bin = programs();
  let as = {};
  mkdirSync(folder);
  if (process.getuid() === 0) {
    const id = (flag) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
    as = { uid: id('-u'), gid: id('-g') };
    chmodSync(join(folder, '..'), 0o755);
    chownSync(folder, as.uid, as.gid);
  }
  const quiet = { ...as, stdio: 'ignore', cwd: folder };
  execFileSync(join(bin, 'initdb'), ['-D', join(folder, 'data'), '-U', 'bench', '-A', 'trust'], quiet);
  kept(spawn(join(bin, 'postgres'), ['-D', join(folder, 'data'), '-k', folder, '-p', port, '-h', '127.0.0.1',
    '-c', 'max_connections=200'], quiet), 'SIGINT');
  await listens(port);
  await pause(200); // it listens a moment before it answers
  return { port };
}
