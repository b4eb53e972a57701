import type { Node, Nodes, Report } from '../api/nodes';

/** Of those that said something of themselves. */
export function sumOf(nodes: Nodes, figure: (report: Report) => number): number {
  return nodes.items.reduce((sum, { report }) => sum + (report ? figure(report) : 0), 0);
}

/** The age of the oldest due message of this node's apps that waits; 0 = none is behind. */
export function largestLagMs(node: Node): number | undefined {
  return node.report && Math.max(0, ...Object.values(node.report.lag_ms));
}

/** How long it may go on sending if it beats no more. Undefined: it did not beat yet. */
export function leaseLeftMs(node: Node, nodes: Nodes): number | undefined {
  return node.lease_until === undefined
    ? undefined
    : Date.parse(node.lease_until) - Date.parse(nodes.now);
}

/** Its program is older than the schema that newer ones have given the database. */
export function isOld(node: Node, nodes: Nodes): boolean {
  return node.schema !== undefined && nodes.schema !== undefined && node.schema < nodes.schema;
}
