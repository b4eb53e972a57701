// The command line as people and scripts use it: the built program against the simulator.
import assert from 'node:assert/strict';
import { chmodSync, existsSync, readFileSync, readdirSync, renameSync, rmSync, statSync,
  writeFileSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import test from 'node:test';

import { ADMIN, APP, SECRET, run, settle, startServer, startSim, submitForms, temporary,
  until } from './process.mjs';

const lines = (text) => text.split('\n').filter(Boolean);

test('help, version and slips', async () => {
  const version = await run(['--version']);
  assert.equal(version.code, 0);
  assert.match(version.stdout, /^hongyan \d+\.\d+\.\d+\n$/);

  for (const args of [['help'], ['--help'], ['help', 'serve'], ['serve', '--help'],
    ['app', '--help'], ['help', 'app', 'add'], ['app', 'add', '-h']]) {
    const help = await run(args);
    assert.equal(help.code, 0, args.join(' '));
    assert.match(help.stdout, /hongyan/);
    assert.equal(help.stderr, '');
  }
  for (const [args, fault] of [
    [['serv'], 'hongyan: serv: no such command; did you mean serve?\n'],
    [['app', 'ad', 'x'], 'hongyan: app ad: no such command; did you mean add?\n'],
    [['serve', '--sotre', 'memory:'], 'hongyan: --sotre: no such option; did you mean --store?\n'],
    [['app', 'show'], 'hongyan: ID is missing; --help explains\n'],
    [['serve', '--store', 'memory:', '--listen', '127.0.0.1:0', '--trusted-proxy', 'proxy.local'],
      'hongyan: --trusted-proxy: must be IP addresses, not proxy.local\n'],
  ]) {
    const slip = await run(args);
    assert.equal(slip.code, 2);
    assert.equal(slip.stderr, fault);
    assert.equal(slip.stdout, '');
  }
  assert.equal((await run([])).code, 2);
});

test('an option that cannot be is one line and code 2, one that is taken code 1', async (t) => {
  const cwd = temporary(t);
  const taken = http.createServer();
  await new Promise((resolve) => taken.listen(0, '127.0.0.1', resolve));
  t.after(() => taken.close());
  const busy = `127.0.0.1:${taken.address().port}`;

  for (const [code, ...args] of [
    [2, '--listen', 'nowhere'], [1, '--listen', busy], [2, '--store', 'cassette:tape'],
    [2, '--drain-s', '-1'], [2, '--wechat-url', 'ftp://x'], [2, '--wechat-url', 'https://'],
    [1, '--store', 'sqlite:no/such/dir/x.db'], [2, '--admin-key', 'x'],
  ]) {
    const end = await run(['serve', '--store', 'memory:', '--log-level', 'error']
      .filter((word) => !args.includes('--store') || !['--store', 'memory:'].includes(word))
      .concat(args), { cwd });
    assert.equal(end.code, code, `${args.join(' ')}: ${end.stderr}`);
    assert.equal(lines(end.stderr).length, 1, end.stderr);
    assert.match(end.stderr, /^hongyan: /);
  }
  const short = await run(['serve', '--store', 'memory:'], { env: { HONGYAN_ADMIN_KEY: 'short' } });
  assert.equal(short.code, 2);
  assert.equal(short.stderr, 'hongyan: HONGYAN_ADMIN_KEY: must have at least 16 characters, not 5\n');
  const wrong = await run(['serve'], { env: { HONGYAN_DRAIN_S: 'soon' } });
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /^hongyan: HONGYAN_DRAIN_S: /);
});

test('the first start makes an admin key and prints it once', async (t) => {
  const store = `sqlite:${join(temporary(t), 'h.db')}`;
  const first = await startServer(t, { store, env: { HONGYAN_ADMIN_KEY: '' } });
  const key = /^admin key: (hy_\S{43}) /m.exec(first.stdout)?.[1];
  assert.ok(key, first.stdout);
  assert.ok(!first.stderr.includes(key));
  const list = await first.cli(['key', 'list'], { env: { HONGYAN_KEY: key } });
  assert.equal(list.code, 0, list.stderr);
  assert.match(list.stdout, /^k1 +first admin +admin +/m);
  assert.equal(await first.stop(), 0);

  const second = await startServer(t, { store, env: { HONGYAN_ADMIN_KEY: '' } });
  assert.doesNotMatch(second.stdout, /admin key/);
  assert.equal((await second.cli(['key', 'list'], { env: { HONGYAN_KEY: key } })).code, 0);
  const unknown = await second.cli(['key', 'list'], { env: { HONGYAN_KEY: 'hy_nobody' } });
  assert.equal(unknown.code, 1);
  assert.match(unknown.stderr, /^hongyan: .+\n$/);
  assert.equal(await second.stop(), 0);
});

test('the admin key of the environment is not left in it', async (t) => {
  const server = await startServer(t, { store: 'memory:' });
  assert.equal((await server.cli(['key', 'list'])).code, 0);
  assert.ok(!readFileSync(`/proc/${server.pid}/environ`, 'latin1').includes(ADMIN));
  assert.ok(!readFileSync(`/proc/${server.pid}/cmdline`, 'latin1').includes(ADMIN));
  assert.equal(await server.stop('SIGINT'), 0);
});

test('the master key is made beside a new store, and guarded', async (t) => {
  const path = join(temporary(t), 'h.db');
  const store = `sqlite:${path}`;
  const key = `${path}.key`;
  const quiet = ['serve', '--listen', '127.0.0.1:0', '--store', store, '--log-level', 'error'];
  const server = await startServer(t, { store });
  assert.equal(statSync(key).mode & 0o777, 0o600);
  assert.equal(await server.stop(), 0);

  const refused = async (pattern, ...args) => {
    const end = await run([...quiet, ...args]);
    assert.equal(end.code, 1);
    assert.match(end.stderr, pattern);
    assert.equal(lines(end.stderr).length, 1, end.stderr);
  };
  chmodSync(key, 0o644);
  await refused(/^hongyan: master key .*chmod 600 it/);
  chmodSync(key, 0o600);
  renameSync(key, `${key}.away`);
  await refused(/^hongyan: master key .* is missing, and the store .* cannot be read without it/);
  assert.ok(!existsSync(key));
  writeFileSync(key, `hongyan-master-key-1 ${'ab'.repeat(32)}\n`, { mode: 0o600 });
  await refused(/^hongyan: master key .* was made with another one/);
  writeFileSync(key, 'not a key\n');
  await refused(/^hongyan: master key .* is not a master key/);
  rmSync(key);
  const again = await startServer(t, { store, args: ['--master-key-file', `${key}.away`] });
  await refused(/^hongyan: store: /, '--master-key-file', `${key}.away`);
  assert.equal(await again.stop(), 0);
});

test('a day on the command line', async (t) => {
  const dir = temporary(t);
  const sim = await startSim(t);
  const server = await startServer(t, { store: `sqlite:${join(dir, 'h.db')}`, sim,
    args: ['--log-level', 'debug'] });
  const secret = join(dir, 'secret');
  const cli = async (code, ...args) => {
    const end = await server.cli(args);
    assert.equal(end.code, code, `${args.join(' ')}: ${end.stderr}`);
    return end;
  };
  writeFileSync(secret, `${SECRET}\n`);

  const added = await cli(0, 'app', 'add', APP, '--secret-file', secret, '--legacy-intake');
  assert.match(added.stdout, /^app +wx0000000000000001$/m);
  assert.match(added.stdout, /^legacy intake +yes$/m);
  assert.match((await cli(1, 'app', 'add', APP, '--secret-file', secret)).stderr, /already/);
  await cli(0, 'app', 'set', APP, '--rate-per-s', '50', '--no-legacy-intake');
  const shown = JSON.parse((await cli(0, 'app', 'show', APP, '--json')).stdout);
  assert.equal(shown.rate_per_s, 50);
  assert.equal(shown.legacy_intake, false);
  assert.equal(shown.max_in_flight, 32);
  await cli(0, 'app', 'set', APP, '--legacy-intake');
  assert.match((await cli(2, 'app', 'set', APP, '--token-mode', 'odd')).stderr,
    /^hongyan: token_mode: .+\n$/);
  const [pushToken, aesKey] = ['push-token', 'aes-key'].map((name) => join(dir, name));
  writeFileSync(pushToken, 'CallbackToken1\n');
  writeFileSync(aesKey, 'abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG\n');
  assert.match((await cli(2, 'app', 'set', APP, '--callback-mode', 'safe')).stderr,
    /callback_aes_key/);
  const pushed = await cli(0, 'app', 'set', APP, '--callback-token-file', pushToken,
    '--callback-aes-key-file', aesKey, '--callback-mode', 'safe', '--accept-window-s', '30');
  assert.match(pushed.stdout, /^callback path +\/callback\/wx0000000000000001$/m);
  assert.match(pushed.stdout, /^callback encrypted +yes$/m);
  assert.ok(!/CallbackToken1|abcdefghij/.test(pushed.stdout));

  const token = JSON.parse((await cli(0, 'token', 'show', APP, '--json')).stdout);
  assert.ok(token.access_token.length > 100);
  assert.match((await cli(0, 'token', 'show', APP)).stdout, new RegExp(`^token +${token.access_token}$`, 'm'));
  const bad = join(dir, 'bad');
  writeFileSync(bad, 'another one');
  const same = JSON.parse((await cli(0, 'token', 'refresh', APP, '--bad-token-file', bad,
    '--json')).stdout);
  assert.equal(same.access_token, token.access_token);

  const { openid } = await sim.post('/sim/users', { appid: APP });
  const { template_id } = await sim.post('/sim/templates', { appid: APP, title: '订单通知',
    type: 'legacy', keywords: [{ key: 'keyword1', label: '商品' }, { key: 'keyword2', label: '金额' }] });
  const { form_id } = await sim.post('/sim/forms', { appid: APP, openid });
  const whose = ['--app', APP, '--user', openid];
  const grant = ['grant', 'add', ...whose, '--kind', 'form_id', '--credential'];
  assert.equal((await cli(0, ...grant, form_id)).stdout, 'accepted\n');
  assert.equal((await cli(0, ...grant, form_id)).stdout, 'already known\n');
  assert.match((await cli(2, ...grant, 'the formId is a mock one')).stderr, /mock_form_id/);
  const before = await cli(0, 'grant', 'list', ...whose);
  assert.match(before.stdout, /^g1 +form_id +available +yes +1 +1 +0 /m);
  assert.match(before.stdout, /^available now: 1$/m);

  const message = [...whose, '--template', template_id, '--data',
    '{"keyword1":"大雁","keyword2":"12.00元"}', '--page', 'pages/order?id=7', '--emphasis', 'keyword1'];
  assert.equal((await cli(0, 'message', 'check', ...message)).stdout, 'ok\n');
  const odd = await cli(2, 'message', 'check', ...whose, '--template', template_id, '--data',
    '{"keyword1":"x"}', '--emphasis', 'keyword9');
  assert.match(odd.stderr, /^hongyan: emphasis: .+\n$/);
  const sent = await cli(0, 'message', 'send', ...message, '--tag', 'first', '--wait');
  const id = /^(m\w{13}) sent\n$/.exec(sent.stdout)?.[1];
  assert.ok(id, sent.stdout);
  const [card] = await sim.phone(openid);
  assert.equal(card.template_id, template_id);
  assert.equal(card.page, 'pages/order?id=7');
  assert.deepEqual(card.data, { keyword1: { value: '大雁' }, keyword2: { value: '12.00元' } });
  assert.equal(card.emphasis_keyword, 'keyword1.DATA');
  assert.equal(card.form_id, form_id);

  const story = await cli(0, 'message', 'show', id);
  assert.match(story.stdout, /^state +sent$/m);
  assert.match(story.stdout, /^\S+Z +accepted$/m);
  assert.match(story.stdout, /^ +1 +\S+Z +\d+ +ok +0 +ok +g1/m);
  assert.match((await cli(0, 'grant', 'list', ...whose)).stdout, /^available now: 0$/m);
  const again = await cli(1, 'message', 'send', ...message);
  assert.match(again.stdout, /^m\w{13} failed no_grant\.used_up\n$/);
  assert.match(again.stderr, /^hongyan: message m\w{13}: failed \(no_grant\.used_up\)\n$/);

  const waiting = JSON.parse((await cli(0, 'message', 'send', ...message, '--on-missing', 'wait',
    '--json')).stdout);
  assert.equal(waiting.state, 'waiting');
  assert.match((await cli(0, 'message', 'cancel', waiting.id)).stdout, /^state +canceled$/m);
  assert.match((await cli(1, 'message', 'cancel', waiting.id)).stderr, /^hongyan: .+\n$/);
  const listed = await cli(0, 'message', 'list', '--app', APP, '--tag', 'first');
  assert.equal(lines(listed.stdout).length, 2);
  assert.match((await cli(0, 'message', 'list', '--limit', '1')).stdout, /^more: --after m\w{13}$/m);
  assert.match((await cli(2, 'message', 'list', '--state', 'gone')).stderr, /^hongyan: state: /);
  assert.match((await cli(2, 'message', 'send', ...message, '--policy', 'x', '--on-missing', 'y'))
    .stderr, /^hongyan: on_missing: .+\nhongyan: policy: .+\n$/);
  assert.match((await cli(2, 'message', 'send', ...whose, '--template', 'x', '--data', '{')).stderr,
    /^hongyan: --data: not valid JSON .+\n$/);
  assert.match((await cli(2, 'message', 'send', '--app', APP)).stderr, /--user OPENID is needed/);

  const runs = await cli(0, 'schedule', 'next', '--cron', '30 8 * * 1-5', '--timezone',
    'Asia/Shanghai', '--from', '2026-03-06T00:00:00Z', '--n', '2');
  assert.equal(runs.stdout, '2026-03-06T00:30:00.000Z\n2026-03-09T00:30:00.000Z\n');
  assert.match((await cli(2, 'schedule', 'next', '--cron', '61 * * * *')).stderr, /^hongyan: cron: /);
  const body = join(dir, 'message.json');
  writeFileSync(body, JSON.stringify({ user: openid, template: template_id, data: { keyword1: '早' } }));
  const schedule = JSON.parse((await cli(0, 'schedule', 'add', '--app', APP, '--name', 'daily',
    '--cron', '0 9 * * *', '--message', `@${body}`, '--json')).stdout);
  assert.equal(schedule.message.data.keyword1, '早');
  assert.match((await cli(0, 'schedule', 'set', schedule.id, '--paused')).stdout, /^paused +yes$/m);
  assert.match((await cli(0, 'schedule', 'list')).stdout, /daily/);
  assert.equal((await cli(0, 'schedule', 'remove', schedule.id)).stdout, `removed ${schedule.id}\n`);

  const made = JSON.parse((await cli(0, 'key', 'create', '--name', '后台', '--scope', 'read',
    '--json')).stdout);
  const as = (key, ...args) => server.cli(args, { env: { HONGYAN_KEY: key } });
  assert.equal((await as(made.key, 'message', 'list')).code, 0);
  assert.equal((await as(made.key, 'key', 'list')).code, 1);
  assert.equal((await cli(0, 'key', 'revoke', made.id)).stdout, `revoked ${made.id}\n`);
  assert.equal((await as(made.key, 'message', 'list')).code, 1);
  assert.match((await cli(2, 'key', 'create', '--name', 'x', '--scope', 'send,fly')).stderr,
    /^hongyan: scopes\[1\]: .+\n$/);

  assert.equal((await cli(0, 'app', 'remove', APP)).stdout, `removed ${APP}\n`);
  assert.equal((await cli(1, 'app', 'show', APP)).code, 1);
  assert.equal(await server.stop(), 0);
  for (const name of readdirSync(dir).filter((name) => name.startsWith('h.db'))) {
    const bytes = readFileSync(join(dir, name), 'latin1');
    for (const hidden of [SECRET, token.access_token, made.key, ADMIN])
      assert.ok(!bytes.includes(hidden), `${name} holds a secret`);
  }
  for (const hidden of [SECRET, token.access_token, made.key, ADMIN])
    assert.ok(!(server.stdout + server.stderr).includes(hidden), 'the log holds a secret');
});

test('--wait outlasts a lost answer', async (t) => {
  const sim = await startSim(t);
  const server = await startServer(t, { store: 'memory:', sim });
  const { openid, template_id } = await settle(server, sim);
  await submitForms(server, sim, openid);
  await sim.post('/sim/faults', { path: '/cgi-bin/message/wxopen/template/send', drop: 'after', times: 1 });
  const sent = await server.cli(['message', 'send', '--app', APP, '--user', openid, '--template',
    template_id, '--data', '{"keyword1":"x"}', '--wait']);
  assert.equal(sent.code, 0, sent.stderr);
  assert.match(sent.stdout, /^m\w{13} sent proved_by_receipt\n$/);
  assert.equal((await sim.phone(openid)).length, 1);
  const used = await server.cli(['message', 'send', '--app', APP, '--user', openid, '--template',
    template_id, '--data', '{"keyword1":"x"}', '--on-missing', 'wait', '--wait', '--wait-s', '1']);
  assert.equal(used.code, 1);
  assert.match(used.stderr, /^hongyan: message m\w{13} is waiting still\n$/);
  assert.equal(await server.stop(), 0);
});

test('what a client says when it cannot even ask', async (t) => {
  const env = { HONGYAN_URL: 'http://127.0.0.1:1', HONGYAN_KEY: 'x' };
  const down = await run(['app', 'list'], { env });
  assert.equal(down.code, 1);
  assert.match(down.stderr, /^hongyan: http:\/\/127\.0\.0\.1:1: .+\n$/);
  const keyless = await run(['app', 'list'], { env: { ...env, HONGYAN_KEY: '' } });
  assert.equal(keyless.code, 2);
  assert.match(keyless.stderr, /^hongyan: HONGYAN_KEY is not set/);
  const odd = await run(['app', 'list', '--url', 'gopher://x'], { env });
  assert.equal(odd.code, 2);
  assert.match(odd.stderr, /^hongyan: --url: must begin with http/);
  const file = await run(['app', 'add', APP, '--secret-file', '/no/such/file'], { env });
  assert.equal(file.code, 2);
  assert.match(file.stderr, /^hongyan: --secret-file: \/no\/such\/file: No such file or directory\n$/);
  const empty = await run(['app', 'add', APP, '--secret-file', '-'], { env, input: '\n' });
  assert.equal(empty.code, 2);
  assert.match(empty.stderr, /first line is empty/);

  for (const status of [200, 404]) {
    const foreign = http.createServer((req, res) => res.writeHead(status).end('<h1>hello</h1>'));
    await new Promise((resolve) => foreign.listen(0, '127.0.0.1', resolve));
    t.after(() => foreign.close());
    const other = await run(['app', 'list'], { env: { ...env,
      HONGYAN_URL: `http://127.0.0.1:${foreign.address().port}` } });
    assert.equal(other.code, 1);
    assert.match(other.stderr, /is it a hongyan server\?\n$/);
    assert.equal(other.stdout, '');
  }
});

// Connections are kept and used again at once: the hard case for a stop.
async function loadUntilRefused(server, openid, template) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 16 });
  const accepted = [];
  const one = (n) => new Promise((resolve) => {
    const req = http.request(`${server.url}/v1/messages`, { method: 'POST', agent,
      headers: { authorization: `Bearer ${ADMIN}`, 'content-type': 'application/json' } }, (res) => {
      let text = '';
      res.on('data', (data) => (text += data));
      res.on('end', () => resolve(res.statusCode === 202 ? JSON.parse(text).id : null));
      res.on('error', () => resolve(null));
    });
    req.on('error', () => resolve(null));
    req.end(JSON.stringify({ app: APP, user: openid, template, data: { keyword1: `${n}` },
      on_missing: 'wait' }));
  });
  const client = async (k) => {
    for (let n = 0; ; n++) {
      const id = await one(`${k}.${n}`);
      if (!id) return;
      accepted.push(id);
    }
  };
  const all = Promise.all(Array.from({ length: 16 }, (_, k) => client(k)));
  return { accepted, ended: all.then(() => agent.destroy()) };
}

test('SIGTERM under load: nothing that was accepted is lost', async (t) => {
  const sim = await startSim(t);
  const store = `sqlite:${join(temporary(t), 'h.db')}`;
  const server = await startServer(t, { store, sim });
  const { openid, template_id } = await settle(server, sim);
  await submitForms(server, sim, openid, 40);
  const load = await loadUntilRefused(server, openid, template_id);
  await until(() => load.accepted.length >= 300, '300 messages accepted');
  const began = Date.now();
  assert.equal(await server.stop(), 0);
  assert.ok(Date.now() - began < 12000, 'it took until the bound of --drain-s');
  await load.ended;
  assert.match(server.stderr, /stop\.done/);

  const again = await startServer(t, { store, sim });
  const counts = {};
  for (let after = ''; after !== null;) {
    const page = await again.api('GET', `/v1/messages?limit=1000${after && `&after=${after}`}`);
    for (const item of page.items) counts[item.id] = item.state;
    after = page.next;
  }
  for (const id of load.accepted) assert.ok(['sent', 'sending', 'waiting', 'queued'].includes(counts[id]),
    `${id} is ${counts[id]}`);
  await until(async () => (await sim.phone(openid)).length === 40, 'the phone has all 40');
  const texts = (await sim.phone(openid)).map((card) => card.data.keyword1.value);
  assert.equal(new Set(texts).size, 40);
  assert.equal(await again.stop(), 0);
});

test('a message for later survives a restart', async (t) => {
  const sim = await startSim(t);
  const store = `sqlite:${join(temporary(t), 'h.db')}`;
  const first = await startServer(t, { store, sim });
  const { openid, template_id } = await settle(first, sim);
  await submitForms(first, sim, openid);
  const at = new Date(Date.now() + 3000).toISOString();
  const { id } = await first.api('POST', '/v1/messages', { app: APP, user: openid,
    template: template_id, data: { keyword1: '后来' }, send_at: at });
  assert.equal(await first.stop(), 0);
  assert.equal((await sim.phone(openid)).length, 0);
  const second = await startServer(t, { store, sim });
  await until(async () => (await sim.phone(openid)).length === 1, 'it arrived');
  await until(async () => (await second.api('GET', `/v1/messages/${id}`)).state === 'sent', 'sent');
  assert.ok(Date.parse((await sim.phone(openid))[0].at) >= Date.parse(at));
  assert.equal(await second.stop(), 0);
});

test('a stop is bounded, and what it left behind is told truly', async (t) => {
  const sim = await startSim(t);
  const store = `sqlite:${join(temporary(t), 'h.db')}`;
  const args = ['--drain-s', '1', '--request-timeout-ms', '60000'];
  const server = await startServer(t, { store, sim, args });
  const { openid, template_id } = await settle(server, sim);
  await submitForms(server, sim, openid);
  await sim.post('/sim/faults', { path: '/cgi-bin/message/wxopen/template/send',
    latency_ms: 20000, times: 1 });
  const { id } = await server.api('POST', '/v1/messages', { app: APP, user: openid,
    template: template_id, data: { keyword1: '慢' } });
  await until(async () => (await sim.get('/sim/stats')).sends === 1, 'the request is under way');
  const began = Date.now();
  assert.equal(await server.stop(), 0);
  const took = Date.now() - began;
  assert.ok(took >= 1000 && took < 10000, `it took ${took} ms`);
  assert.match(server.stderr, /stop\.bounded/);

  // The receipt proves that the first request went: sent, and the phone has it once.
  const again = await startServer(t, { store, sim });
  await until(async () => (await again.api('GET', `/v1/messages/${id}`)).state === 'sent',
    'the next start settles it', 60000);
  assert.equal((await sim.phone(openid)).length, 1);
  assert.equal(await again.stop(), 0);
});

test('a second SIGTERM ends it at once with code 1', async (t) => {
  const sim = await startSim(t);
  const server = await startServer(t, { store: 'memory:', sim,
    args: ['--drain-s', '60', '--request-timeout-ms', '60000'] });
  const { openid, template_id } = await settle(server, sim);
  await submitForms(server, sim, openid);
  await sim.post('/sim/faults', { path: '/cgi-bin/message/wxopen/template/send',
    latency_ms: 20000, times: 1 });
  await server.api('POST', '/v1/messages', { app: APP, user: openid, template: template_id,
    data: { keyword1: '慢' } });
  await until(async () => (await sim.get('/sim/stats')).sends === 1, 'the request is under way');
  server.child.kill('SIGTERM');
  await until(() => server.stderr.includes('stop.begun'), 'stop.begun');
  assert.equal(await server.stop(), 1);
});

test('the simulator repeats itself by its seed', async (t) => {
  const ids = [];
  for (let n = 0; n < 2; n++) {
    const sim = await startSim(t, '--seed', '42');
    ids.push((await sim.post('/sim/users', { appid: APP })).openid);
    assert.equal(await sim.stop(n ? 'SIGINT' : 'SIGTERM'), 0);
  }
  assert.equal(ids[0], ids[1]);
  const odd = await run(['sim', '--listen', 'x', '--seed', '1']);
  assert.equal(odd.code, 2);
  assert.equal(lines(odd.stderr).length, 1);
});

test('standard output that is closed is a failure', async (t) => {
  const full = await run(['-c', `"$0" help >/dev/full`, process.env.HONGYAN_BIN],
    { command: '/bin/sh' });
  assert.equal(full.code, 1);
  assert.match(full.stderr, /could not be written/);
});
