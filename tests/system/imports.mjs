// The tables that desktop senders leave behind: openid,formid without a line of names. Their permissions
// go into the ledger, their users into a broadcast.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';

import { APP, SECRET, startServer, startSim, temporary, until } from './process.mjs';

const users = 1100; // more than go in one call

async function open(t) {
  const sim = await startSim(t);
  const server = await startServer(t, { store: 'memory:', sim });
  const control = (path, body) => sim.post(`/sim/${path}`, { appid: APP, ...body });

  await server.api('POST', '/v1/apps', { id: APP, secret: SECRET });
  await control('apps', { secret: SECRET, legacy: 'alive' });
  const { openids } = await control('users', { count: users });
  const { form_ids: forms } = await control('forms', { openids });
  const { template_id: template } = await control('templates',
    { title: '到店提醒', type: 'legacy', keywords: [{ key: 'keyword1', label: '门店' }] });
  return { server, openids, forms, template, folder: temporary(t) };
}

test('openid,formid: into the ledger, and to everybody in it', async (t) => {
  const { server, openids, forms, template, folder } = await open(t);
  const table = join(folder, 'wepush.csv');
  writeFileSync(table, openids.map((user, i) => `${user},${forms[i]},店${i}\r\n`).join(''));
  const columns = ['--columns', 'openid,formid,keyword1'];
  const done = async (...args) => {
    const end = await server.cli(args);
    assert.equal(end.code, 0, `${args.join(' ')}: ${end.stderr}`);
    return end.stdout;
  };

  assert.match(await done('grant', 'import', table, '--app', APP, ...columns),
    /^accepted +1,100\nduplicates +0\nrefused +0\n$/);
  assert.match(await done('grant', 'import', table, '--app', APP, ...columns),
    /^accepted +0\nduplicates +1,100\n/, 'again: what is known is a duplicate');
  assert.match(await done('grant', 'list', '--app', APP, '--user', openids[7]), /^available now: 1$/m);

  const made = JSON.parse(await done('broadcast', 'create', '--app', APP, '--template', template, '--json'));
  assert.match(await done('broadcast', 'upload', made.id, table, ...columns), /^added +1,?100$/m);
  await done('broadcast', 'start', made.id);
  await until(async () =>
    (await server.api('GET', `/v1/broadcasts/${made.id}`)).state === 'done', 'the end of it');
  const body = await server.api('GET', `/v1/broadcasts/${made.id}`);
  assert.deepEqual([body.total, body.sent], [users, users]);
});

test('what cannot be imported is told by its line', async (t) => {
  const { server, openids, forms, folder } = await open(t);
  const run = async (text, ...more) => {
    const table = join(folder, 'table.csv');
    writeFileSync(table, text);
    return server.cli(['grant', 'import', table, '--app', APP, ...more]);
  };

  const mock = await run(`openid,formid\n${openids[0]},${forms[0]}\n${openids[1]},the formId is a mock one\n`);
  assert.equal(mock.code, 1);
  assert.match(mock.stdout, /^accepted +1\n/);
  assert.match(mock.stderr, /table\.csv: line 3: /);
  const nameless = await run(`${openids[2]},${forms[2]}\n`);
  assert.equal(nameless.code, 1);
  assert.match(nameless.stderr, /line 1: There are 2 columns: name them/);
  const nothing = await run(`openid,name\n${openids[2]},x\n`);
  assert.match(nothing.stderr, /no column is called formid or prepay_id/);
  const twice = await run('x', '--columns', 'openid,a,a');
  assert.equal(twice.code, 2);
  assert.match(twice.stderr, /--columns: The column a is there twice/);
  assert.equal((await server.cli(['grant', 'import', join(folder, 'none.csv'), '--app', APP])).code, 2);
});
