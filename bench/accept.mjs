// accept.mjs - what it costs to take a message and have it on disk before the answer, one a request over 64
// connections; beside it what others take that sync each write, in the same run.
//
//   node bench/accept.mjs PROGRAM [SECONDS]      on a folder that is removed afterwards
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { app, call, cpuTicks, secret, serve, temporary, wrk } from './lib.mjs';
import { beanstalkd, postgresql, redisPushes } from './peers.mjs';

const [program, length = '8'] = process.argv.slice(2);
const seconds = Number(length);
const connections = 64;
const payload = 'x'.repeat(350);

async function hongyan(folder) {
  mkdirSync(folder);
  const server = await serve(program, folder);
  await call('POST', `${server.url}/v1/apps`, { id: app, secret });
  const ticks = cpuTicks(server.pid);
  const { requests, us, errors, p99_us: p99 } = await wrk(`${server.url}/v1/messages`,
    { connections, seconds, args: ['T'.repeat(43)] });
  const cpu = ((cpuTicks(server.pid) - ticks) * 10000) / requests;
  if (errors) throw new Error(`${errors} requests failed`);
  return { rate: (requests * 1e6) / us, note: `${cpu.toFixed(0)} us CPU, p99 ${(p99 / 1000).toFixed(1)} ms` };
}

async function intoRedis(folder) {
  const rate = await redisPushes(folder, { connections, seconds, bytes: payload.length });
  return { rate, note: 'appendfsync always' };
}

// One put after the other on each of the connections.
async function intoBeanstalkd(folder) {
  const { port } = await beanstalkd(folder);
  const end = Date.now() + seconds * 1000;
  const put = `put 0 0 60 ${payload.length}\r\n${payload}\r\n`;
  let done = 0;
  await Promise.all(Array.from({ length: connections }, () => new Promise((resolve, reject) => {
    const socket = net.connect(port, '127.0.0.1', () => socket.write(put)).setNoDelay();
    socket.on('error', reject).on('close', resolve);
    socket.on('data', () => {
      done++;
      if (Date.now() < end) socket.write(put); else socket.destroy();
    });
  })));
  return { rate: done / seconds, note: '-f 0' };
}

async function intoPostgresql(folder) {
  const { port } = await postgresql(folder);
  const to = ['-h', '127.0.0.1', '-p', port, '-U', 'bench'];
  const script = join(folder, 'insert.sql');
  execFileSync('psql', [...to, '-qc', 'CREATE TABLE message (id bigserial PRIMARY KEY, state int, due bigint, body text)',
    'postgres']);
  writeFileSync(script, `INSERT INTO message (state, due, body) VALUES (0, 1, '${payload}');\n`);
  const out = execFileSync('pgbench', [...to, '-n', '-M', 'prepared', '-f', script, '-c', connections, '-j', '1', '-T',
    seconds, 'postgres'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  return { rate: Number(out.match(/tps = ([\d.]+)/)[1]), note: 'one row a transaction' };
}

const peers = [['redis', intoRedis], ['PostgreSQL', intoPostgresql], ['beanstalkd', intoBeanstalkd]];

await temporary('accept', async (folder) => {
  const own = await hongyan(join(folder, 'hongyan'));
  console.log(`hongyan     ${own.rate.toFixed(0).padStart(7)}/s   ${own.note}`);
  for (const [name, run] of peers) {
    const { rate, note } = await run(join(folder, name));
    console.log(`${name.padEnd(11)} ${rate.toFixed(0).padStart(7)}/s   ${note}; hongyan has ` +
      `${(own.rate / rate).toFixed(2)} of it`);
  }
});
