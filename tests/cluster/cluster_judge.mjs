// What only a cluster can get wrong; the rest is judged as for one server (tests/crash).
import { equal, none, note, ok } from '../crash/tap.mjs';
import { takeOverMaxMs } from './accidents.mjs';

/**
 * All nodes are asked at once to replace a token that is bad: each answers with the same new one, at the first
 * time of asking, and has it from then on. The platform is asked whether somebody else has replaced it, then for
 * a new one.
 */
export async function refreshEverywhere(cluster, sim, app) {
  const path = `/v1/apps/${app}/token`;
  const { access_token: bad } = await cluster.client.must(200, 'GET', path);
  const before = (await sim.get('stats')).token_calls;
  const refresh = async ({ server }) =>
    (await server.client.must(200, 'POST', `${path}/refresh`, { bad_token: bad })).access_token;
  const tokens = new Set(await Promise.all(cluster.nodes.flatMap((node) => [1, 2, 3].map(() => refresh(node)))));
  equal(tokens.size, 1, 'all nodes have the same new token');
  ok(!tokens.has(bad), 'and nobody was given the bad one');
  for (const { name, server } of cluster.nodes)
    ok(tokens.has((await server.client.must(200, 'GET', path)).access_token), `${name} keeps the new token`);
  equal((await sim.get('stats')).token_calls - before, 2, 'for one look and one forced call of the platform');
}

export function judgeTokens(world) {
  equal(world.stats.token_calls, 1, 'one token was fetched in its period, by all nodes together');
}

export function judgeAccidents({ counts, takeOvers, faults }, cluster) {
  none(faults, 'nodes ended only when told to, and started again');
  note(`accidents: ${JSON.stringify(counts)}`);
  if (!cluster.shared) return;
  const cut = cluster.nodes.reduce((sum, { link }) => sum + link.cutCommits, 0);
  const longest = Math.max(0, ...takeOvers);
  if (cluster.nodes.length > 1) ok(takeOvers.length > 0, 'a take-over was timed');
  none(takeOvers.filter((ms) => ms > takeOverMaxMs).map((ms) => `${ms} ms`),
    `after each of ${takeOvers.length} deaths that can be timed somebody had the apps within 10 s`);
  note(`the longest take-over was ${longest} ms; ${cut} commits lost their answer`);
}

/** At most once is at most once over all nodes: no permission and no message twice. */
export function judgeOnce(world) {
  const used = new Map();
  for (const { form_id: id } of world.cards) if (id) used.set(id, (used.get(id) ?? 0) + 1);
  none([...used].filter(([, times]) => times > 1).map(([id, times]) => `${id}: ${times}`),
    'no form_id paid for two cards');
  const unknown = world.messages.filter(({ state }) => state === 'unknown');
  note(`${unknown.length} messages are unknown for good`);
}
