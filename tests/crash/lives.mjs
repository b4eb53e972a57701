// A server's many short lives under load, and what a crash test asks afterwards.
import { sleep } from './http.mjs';
import { inParts } from './judge.mjs';
import { checkStore } from './programs.mjs';
import { none, note, ok } from './tap.mjs';

export const stopMaxMs = 25000; // --drain-s and a little

/** Accidents of the platform, now and then, on the path `path`. */
export async function setFaults(sim, app, path) {
  const fault = (what) => sim.post('faults', { path, appid: app, ...what });
  await fault({ latency_ms: 4, probability: 0.5 });
  await fault({ latency_ms: 40, probability: 0.2 });
  await fault({ drop: 'after', probability: 0.01 });
  await fault({ drop: 'before', probability: 0.01 });
  await fault({ errcode: -1, probability: 0.01 });
  await fault({ status: 502, probability: 0.01 });
}

/** Lives for a moment and dies; what should not have been goes to `faults`. */
async function oneLife(server, random, ends, faults) {
  const early = random.chance(0.15);
  await server.launch();
  if (early) {
    await sleep(random.next() * server.readyMs);
  } else {
    await server.untilReady();
    await sleep(random.range(5, 400));
  }
  if (!early && random.chance(0.1)) {
    server.process.kill('SIGSTOP');
    await sleep(random.range(20, 200));
    server.process.kill('SIGCONT');
    await sleep(random.range(0, 60));
    ends.stopped++;
  }
  const polite = !early && random.chance(0.1);
  const end = await server.end(polite ? 'SIGTERM' : 'SIGKILL', stopMaxMs);
  if (polite && end?.code !== 0)
    faults.push(`SIGTERM: ${JSON.stringify(end)}\n${server.lastWords()}`);
  if (!polite && end?.signal !== 'SIGKILL')
    faults.push(`ended by itself: ${JSON.stringify(end)}\n${server.lastWords()}`);
  if (polite) {
    ends.polite++;
    ends.politeMs = Math.max(ends.politeMs, end?.ms ?? stopMaxMs);
  } else {
    ends.killed++;
    ends.early += early;
  }
  return polite;
}

/**
 * Until it was killed `kills` times. Of `deadEvery` lives one is followed by `deadMs` without a
 * server (0: never). `each` is called after each life, with how many kills there were; it goes on
 * until `enough` says so as well.
 */
export async function killAgainAndAgain(server, random, kills, storeCheck,
  { deadEvery = 0, deadMs = 0, each = () => {}, enough = () => true } = {}) {
  const ends = { killed: 0, early: 0, polite: 0, politeMs: 0, stopped: 0 };
  const faults = [];
  const findings = [];
  while ((ends.killed < kills || !enough()) && faults.length === 0) {
    const polite = await oneLife(server, random, ends, faults);
    if (!polite && ends.killed % 10 === 0)
      findings.push(...checkStore(storeCheck, server.location));
    each(ends.killed);
    if (deadEvery && ends.killed % deadEvery === 0) await sleep(deadMs);
  }
  none(faults, 'it died only when told to, and a polite stop ended with 0 in time');
  none(findings, 'the store was whole after each tenth kill');
  ok(ends.killed >= kills, `killed ${ends.killed} times`, `${kills} were wanted`);
  note(`${ends.killed} kills (${ends.early} while starting), ${ends.polite} polite stops ` +
    `(${ends.politeMs} ms at most), ${ends.stopped} times held up; ` +
    `ready again after ${Math.round(server.readyMaxMs)} ms at most`);
}

/** All messages of the app in that state. */
export async function listOf(server, app, state) {
  const found = [];
  let after = '';
  do {
    const page = await server.client.must(
      200, 'GET', `/v1/messages?app=${app}&state=${state}&limit=1000${after}`);
    found.push(...page.items);
    after = page.next ? `&after=${page.next}` : null;
  } while (after !== null);
  return found;
}

/**
 * How many requests were under way when the server died, by what it wrote into the store: a line of
 * the log may be lost to the next kill. A message that comes without its attempts is unknown or was
 * tried again, if it was caught: no event settles it.
 */
export async function recoveredOf(client, messages) {
  const caught = messages.filter((m) => m.attempts || m.state === 'unknown' || m.attempt_count > 1);
  const whole = await inParts(caught, 16, (m) =>
    m.attempts ? m : client.must(200, 'GET', `/v1/messages/${m.id}`));

  return whole.flatMap((m) => m.attempts)
    .filter((one) => one.errmsg === 'the server stopped while sending').length;
}
