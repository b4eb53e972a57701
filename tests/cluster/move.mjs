// From the file to the database, as an operator does it, but for the kills.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { sleep } from '../crash/http.mjs';
import { equal, none, note, ok } from '../crash/tap.mjs';

const kills = 5;

/** {code, signal, said, ms} of hongyan migrate-store; killed after so long, if that is given. */
async function migrate(cluster, file, databaseUrl, killAfterMs) {
  const from = Date.now();
  const args = ['migrate-store', file, databaseUrl, '--master-key-file', cluster.key, '--json'];
  const child = spawn(cluster.program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  let complained = '';
  child.stdout.on('data', (chunk) => (said += chunk));
  child.stderr.on('data', (chunk) => (complained += chunk));
  if (killAfterMs !== undefined) sleep(killAfterMs).then(() => child.kill('SIGKILL'));
  const [code, signal] = await once(child, 'close');
  return { code, signal, said, complained, ms: Date.now() - from };
}

/** The load goes on asking meanwhile; the server dies in the middle of its work. */
export async function move(cluster, onDatabase, random) {
  const [alone] = cluster.nodes;
  const file = alone.server.location.replace(/^sqlite:/, '');
  const { databaseUrl } = onDatabase;

  const early = await migrate(cluster, file, databaseUrl);
  ok(early.code === 1 && /is open in another process/.test(early.complained), 'the file of a server is refused',
    early.complained);
  await cluster.kill(alone);
  let cut = 0;
  for (let i = 0; i < kills; i++) {
    const { signal } = await migrate(cluster, file, databaseUrl, random.range(20, 400));
    cut += signal === 'SIGKILL';
  }
  const { code, said, complained, ms } = await migrate(cluster, file, databaseUrl);
  equal(code, 0, `the store was moved, killed ${cut} times`);
  if (code !== 0) throw new Error(complained);
  const { figures, copied } = JSON.parse(said);
  none(figures.filter(({ sqlite, postgresql }) => sqlite !== postgresql).map((one) => JSON.stringify(one)),
    'all figures are the same');
  note(`moved: ${copied} rows at last, in ${ms} ms; ${figures.length} figures`);
  const again = alone.server;
  await again.launch();
  const end = await again.process.ended;
  ok(end.code === 1 && /was moved to postgresql:/.test(again.lastWords()), 'the file is not served any more',
    again.lastWords());
  await cluster.open(onDatabase);
}
