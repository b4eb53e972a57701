// The web console beside one node: its files, its key, its page of nodes.
import assert from 'node:assert/strict';
import test from 'node:test';

import { ADMIN, APP, settle, startServer, startSim, submitForms, until } from '../system/process.mjs';
import { cell, openConsole, row, signIn, startBrowser } from './browser.mjs';

async function start(t, options = {}) {
  const sim = await startSim(t);
  const server = await startServer(t, { store: 'memory:', sim, ...options });
  return { sim, server };
}

test('its files are its own, and say how long they may be kept', async (t) => {
  const { server } = await start(t);
  const page = await fetch(`${server.url}/console/`);
  const text = await page.text();

  assert.equal(page.status, 200);
  assert.equal(page.headers.get('cache-control'), 'no-cache');
  assert.match(page.headers.get('content-security-policy'), /^default-src 'none'; script-src 'self'; /);
  assert.match(page.headers.get('content-security-policy'), /frame-ancestors 'none'$/);
  assert.equal(page.headers.get('x-content-type-options'), 'nosniff');

  const names = [...text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, name]) => name);
  assert.ok(names.length >= 3, text);
  for (const name of names) {
    const file = await fetch(new URL(name, `${server.url}/console/`));
    assert.match(name, /^\.\/[\w-]+\.(js|css|svg)$/);
    assert.equal(file.status, 200, name);
    assert.match(file.headers.get('cache-control'), /immutable/);
    assert.ok((await file.arrayBuffer()).byteLength > 100);
  }
  assert.equal((await fetch(`${server.url}/console/none.js`)).status, 404);
});

test('who opens the address alone gets there', async (t) => {
  const { server } = await start(t);

  for (const path of ['/', '/console']) {
    const answer = await fetch(server.url + path);
    assert.equal(answer.url, `${server.url}/console/`);
    assert.equal(answer.status, 200);
  }
});

test('a key opens it, for one tab, and is in no address', async (t) => {
  const { server } = await start(t);
  const rig = await startBrowser(t);
  const page = await openConsole(rig, server);
  const addresses = [];

  page.on('request', (request) => addresses.push(request.url()));
  for (const key of ['no-key-of-this-server', '密钥']) {
    await signIn(page, key);
    await page.getByText('The server does not know this key.').waitFor();
    await page.getByLabel('API key').fill('');
  }
  const { key: sender } = await server.api('POST', '/v1/keys', { name: 'sender', scopes: ['send'] });
  await signIn(page, sender);
  await page.getByText('This key may not look at nodes').waitFor();
  await signIn(page, ADMIN);
  await page.locator('[data-test=nodes]').waitFor();

  assert.ok(addresses.length >= 3);
  assert.ok(addresses.every((address) => !address.includes(ADMIN) && !address.includes(sender)));
  await page.reload();
  await page.locator('[data-test=nodes]').waitFor();
  const other = await page.context().newPage();
  await other.goto(`${server.url}/console/`);
  await other.getByLabel('API key').waitFor();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByLabel('API key').waitFor();
  assert.equal(await page.evaluate(() => sessionStorage.length), 0);
});

test('a key that is revoked signs out', async (t) => {
  const { server } = await start(t);
  const page = await openConsole(await startBrowser(t), server);
  const { id, key } = await server.api('POST', '/v1/keys', { name: 'reader', scopes: ['read'] });

  await signIn(page, key);
  await page.locator('[data-test=nodes]').waitFor();
  await server.api('DELETE', `/v1/keys/${id}`);
  await page.getByLabel('API key').waitFor();
  await page.getByText('The server does not know this key.').waitFor();
});

test('it shows what the node does', async (t) => {
  const { sim, server } = await start(t, { args: ['--node-name', 'goose-1'] });
  const { openid, template_id: template } = await settle(server, sim);
  const page = await openConsole(await startBrowser(t), server);

  await signIn(page, ADMIN);
  await row(page, 'apps', APP).waitFor();
  assert.match(await cell(page, 'apps', APP, 'Node'), /^goose-1 \(n\d+\)$/);
  assert.match(await cell(page, 'nodes', 'goose-1', 'Node'), /^goose-1 n\d+\s+answers you$/);
  assert.equal(await cell(page, 'nodes', 'goose-1', 'Apps'), '1');
  assert.match(await cell(page, 'nodes', 'goose-1', 'Version'), /^\d+\.\d+\.\d+$/);
  assert.equal(await page.locator('[data-test=sum-nodes] dd').innerText(), '1');

  // The rates are of the last second or more: messages go on until they are seen.
  let sent = 0;
  await until(async () => {
    await submitForms(server, sim, openid, 20);
    await server.api('POST', '/v1/messages', Array.from({ length: 20 }, () => ({
      app: APP, user: openid, template: template, data: { keyword1: '茶', keyword2: '9' },
    })));
    sent += 20;
    return Number(await cell(page, 'nodes', 'goose-1', 'Sends/s')) > 0 &&
      Number(await cell(page, 'nodes', 'goose-1', 'Accepts/s')) > 0;
  }, 'rates in the page');
  assert.ok(sent > 0);
});

test('an app that is behind comes first, with its lag', async (t) => {
  const { sim, server } = await start(t);
  const { openid, template_id: template } = await settle(server, sim);
  const page = await openConsole(await startBrowser(t), server);

  await server.api('POST', '/v1/apps', { id: 'wx0000000000000000', secret: '0'.repeat(32) });
  await submitForms(server, sim, openid, 1);
  await server.api('POST', `/v1/apps/${APP}/pause`);
  await server.api('POST', '/v1/messages', {
    app: APP, user: openid, template: template, data: { keyword1: '茶', keyword2: '9' },
  });
  await signIn(page, ADMIN);
  await until(async () => (await cell(page, 'apps', APP, 'Lag')) !== '0 ms', 'its lag');
  assert.match(await cell(page, 'apps', APP, 'Lag'), /^\d/);
  const names = await page.locator('[data-test=apps] tbody tr td:first-child').allInnerTexts();
  assert.deepEqual(names.map((name) => name.trim()), [APP, 'wx0000000000000000']);
  assert.equal(await cell(page, 'nodes', 'n', 'Paused apps'), '1');
});

test('it says when the server is gone, keeps what it knew, and goes on', async (t) => {
  const { sim, server } = await start(t);
  const page = await openConsole(await startBrowser(t), server);
  const listen = new URL(server.url).host;

  await signIn(page, ADMIN);
  await page.locator('[data-test=nodes]').waitFor();
  await server.stop();
  await page.getByRole('alert').waitFor();
  assert.match(await page.getByRole('alert').innerText(), /does not answer.*\n*What is shown is of/);
  assert.equal(await page.locator('[data-test=nodes] tbody tr').count(), 1);
  await startServer(t, { store: 'memory:', sim, listen });
  await page.getByRole('alert').waitFor({ state: 'detached' });
});

test('it speaks Chinese to those who prefer it, and keeps a choice', async (t) => {
  const { server } = await start(t);
  const page = await openConsole(await startBrowser(t), server, { locale: 'zh-CN' });

  await page.getByLabel('API 密钥').fill(ADMIN);
  await page.getByRole('button', { name: '登录' }).click();
  await page.getByRole('heading', { name: '节点', exact: true }).waitFor();
  assert.equal(await page.locator('html').getAttribute('lang'), 'zh-CN');
  await page.getByRole('button', { name: 'English' }).click();
  await page.getByRole('heading', { name: 'Nodes' }).waitFor();
  await page.reload();
  await page.getByRole('heading', { name: 'Nodes' }).waitFor();
});
