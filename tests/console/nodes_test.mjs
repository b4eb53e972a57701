// The console's page of nodes while three share a PostgreSQL and one dies. Run by tests/postgres/with-postgres.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';

import { ADMIN, startServer, startSim, temporary, until } from '../system/process.mjs';
import { cell, openConsole, row, signIn, startBrowser } from './browser.mjs';

const names = ['goose-1', 'goose-2', 'goose-3'];
const apps = Array.from({ length: 12 }, (_, i) => `wx00000000000000${String(i).padStart(2, '0')}`);
const takenOverMaxMs = 60_000; // ten seconds, but under sanitizers and beside other tests

async function startNodes(t) {
  const args = ['--master-key-file', join(temporary(t), 'key'), '--lease-s', '6'];
  const sim = await startSim(t);
  const nodes = [];

  for (const name of names) {
    const store = process.env.HY_POSTGRES_URL;
    nodes.push(await startServer(t, { store, sim, args: [...args, '--node-name', name] }));
  }
  return nodes;
}

async function countOf(page, name) {
  return Number(await cell(page, 'nodes', name, 'Apps'));
}

async function holders(page) {
  return page.locator('[data-test=apps] tbody tr td:nth-child(2)').allInnerTexts();
}

test('who holds what, how old the leases are, and who takes over', async (t) => {
  const nodes = await startNodes(t);
  const page = await openConsole(await startBrowser(t), nodes[0]);

  for (const id of apps) await nodes[0].api('POST', '/v1/apps', { id, secret: '0'.repeat(32) });
  await signIn(page, ADMIN);
  await until(async () => (await page.locator('[data-test=nodes] tbody tr').count()) === 3, 'three nodes');
  await until(async () => {
    const counts = await Promise.all(names.map((name) => countOf(page, name)));
    return counts.every((count) => count === apps.length / 3);
  }, 'apps shared evenly');
  assert.match(await cell(page, 'nodes', 'goose-2', 'Lease left'), /^\d+(\.\d)? (ms|sec)$/);
  assert.match(await cell(page, 'nodes', 'goose-2', 'Since last beat'), /^\d+(\.\d)? (ms|sec)$/);
  assert.match(await page.locator('[data-test=sum-store] dd').innerText(), /^PostgreSQL$/);
  assert.match(await page.locator('[data-test=sum-schema] dd').innerText(), /^\d+$/);

  await nodes[1].stop('SIGKILL');
  await row(page, 'nodes', 'goose-2').waitFor({ state: 'detached', timeout: takenOverMaxMs });
  await until(async () => {
    const held = await holders(page);
    return held.length === apps.length && held.every((holder) => /^goose-[13] /.test(holder.trim()));
  }, 'its apps with the others', takenOverMaxMs);

  await page.getByLabel('Find by name').fill('goose-3');
  await until(async () => (await holders(page)).every((holder) => holder.includes('goose-3')), 'those of one node');
  await page.getByLabel('Find by name').fill(apps[7].slice(-3));
  assert.equal(await page.locator('[data-test=apps] tbody tr').count(), 1);
});
