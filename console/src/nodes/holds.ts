import type { Nodes } from '../api/nodes';

/** What one node at a time has: an app or a webhook. Without `node`: nobody has it at the moment. */
export interface Hold {
  name: string;
  node?: string;
  since?: string;
  lagMs?: number;
}

/** What needs somebody's eye first: held by nobody, then the largest lag. */
function byUrgency(a: Hold, b: Hold): number {
  return (
    Number(a.node !== undefined) - Number(b.node !== undefined) ||
    (b.lagMs ?? 0) - (a.lagMs ?? 0) ||
    a.name.localeCompare(b.name)
  );
}

/** Ids of nodes as their names: "n12" tells nobody which machine that is. */
function namesOf(nodes: Nodes): Map<string, string> {
  return new Map(nodes.items.map(({ id, name }) => [id, `${name} (${id})`]));
}

export function appHolds(nodes: Nodes): Hold[] {
  const names = namesOf(nodes);

  return nodes.apps
    .map(({ app, node, since, lag_ms: lagMs }) => ({
      name: app,
      node: node && (names.get(node) ?? node),
      since,
      lagMs,
    }))
    .sort(byUrgency);
}

export function webhookHolds(nodes: Nodes): Hold[] {
  const names = namesOf(nodes);

  return nodes.webhooks
    .map(({ webhook, node, since }) => ({ name: webhook, node: names.get(node) ?? node, since }))
    .sort(byUrgency);
}
