// Schedules through the API, and the service's own jobs.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { APP, World, checkProblem } from './lib.mjs';

let world, template, user, message;
before(async () => {
  world = await World.open();
  template = await world.newTemplate();
  user = await world.newUser();
  message = { user, template, data: { keyword1: 'a', keyword2: 'b' } };
});
after(() => world.close());

test('create, list, change, delete', async () => {
  const made = await world.must(201, 'POST', '/v1/schedules', {
    app: APP, name: 'morning', cron: '0 8 * * *', timezone: 'Asia/Shanghai', message,
  });

  assert.match(made.id, /^s\d+$/);
  assert.equal(made.misfire, 'once');
  assert.equal(made.next_runs.length, 5);
  assert.equal(made.next_runs[0], made.next_run);
  for (const run of made.next_runs) assert.match(run, /T00:00:00\.000Z$/);
  assert.deepEqual(made.message, message);
  checkProblem(assert, await world.call('POST', '/v1/schedules', {
    app: APP, name: 'morning', cron: '1 8 * * *', message,
  }), 409, 'already_exists');
  const path = `/v1/schedules/${made.id}`;
  const changed = await world.must(200, 'PATCH', path, { cron: '30 9 * * 1-5', misfire: 'skip' });
  assert.equal(changed.misfire, 'skip');
  assert.match(changed.next_run, /T01:30:00\.000Z$/);
  assert.deepEqual(await world.must(200, 'GET', path), changed);
  assert.deepEqual((await world.must(200, 'PATCH', path, { paused: true })).next_runs, []);
  assert.equal((await world.call('DELETE', path)).status, 204);
  checkProblem(assert, await world.call('GET', path), 404, 'not_found');
  checkProblem(assert, await world.call('DELETE', path), 404, 'not_found');
});

test('faults are named', async () => {
  const good = { app: APP, name: 'x', cron: '* * * * *', message };
  const faults = [
    [{ ...good, cron: '0 24 * * *' }, 'cron'],
    [{ ...good, cron: '0 0 31 2 *' }, 'cron'],
    [{ ...good, timezone: 'Asia/Peking' }, 'timezone'],
    [{ ...good, misfire: 'never' }, 'misfire'],
    [{ ...good, app: 'wx1' }, 'app'],
    [{ ...good, message: { ...message, template: 'short' } }, 'message.template'],
    [{ ...good, message: { ...message, key: 'k' } }, 'message.key'],
    [{ ...good, crontab: '* * * * *' }, 'crontab'],
  ];

  for (const [body, field] of faults)
    checkProblem(assert, await world.call('POST', '/v1/schedules', body), 400, 'invalid_input',
      field);
});

test('the next runs of an expression', async () => {
  const cases = [
    ['cron=0+8+*+*+*&timezone=UTC&from=2026-03-01T00:00:00Z&n=2',
      ['2026-03-01T08:00:00.000Z', '2026-03-02T08:00:00.000Z']],
    // the zone is that of a new schedule
    ['cron=0+8+*+*+*&from=2026-03-01T00:00:00Z&n=1', ['2026-03-02T00:00:00.000Z']],
    // strictly after
    ['cron=0+8+*+*+*&timezone=UTC&from=2026-03-01T08:00:00Z&n=1', ['2026-03-02T08:00:00.000Z']],
    // a spring gap: the first instant after it
    ['cron=30+2+*+*+*&timezone=Europe/Berlin&from=2026-03-29T00:00:00%2B01:00&n=1',
      ['2026-03-29T01:00:00.000Z']],
    // an autumn overlap: once
    ['cron=30+2+*+*+*&timezone=Europe/Berlin&from=2026-10-24T12:00:00Z&n=2',
      ['2026-10-25T00:30:00.000Z', '2026-10-26T01:30:00.000Z']],
    // a day field that begins with * counts as a star
    ['cron=0+0+*/2+*+1&timezone=UTC&from=2026-03-01T00:00:00Z&n=1', ['2026-03-09T00:00:00.000Z']],
  ];

  for (const [query, runs] of cases)
    assert.deepEqual(await world.must(200, 'GET', `/v1/schedules/next?${query}`), { runs });
});

test("the service's own jobs are listed", async () => {
  const { items } = await world.must(200, 'GET', '/v1/schedules');
  const jobs = items.filter((one) => one.job);

  assert.ok(jobs.length >= 2);
  for (const job of jobs) assert.ok(job.cron && job.next_run && !job.app);
  const path = `/v1/schedules/${jobs[0].id}`;
  checkProblem(assert, await world.call('DELETE', path), 409, 'conflict');
  checkProblem(assert, await world.call('PATCH', path, { message }), 400, 'invalid_input');
  const { key } = await world.must(201, 'POST', '/v1/keys', { name: 's', scopes: ['send'] });
  checkProblem(assert, await world.call('PATCH', path, { paused: true }, { key }), 403, 'forbidden');
  assert.equal((await world.must(200, 'PATCH', path, { cron: '15 4 * * *' })).cron, '15 4 * * *');
});
