import { get } from './client';

/** What a node last said of itself. */
export interface Report {
  accepts_per_s: number;
  sends_per_s: number;
  in_flight: number;
  backlog: number;
  paused_apps: number;
  lag_ms: Record<string, number>;
}

export interface Node {
  id: string;
  name: string;
  version: string;
  schema?: number;
  self: boolean;
  apps: number;
  webhooks: number;
  started_at?: string;
  beat_at?: string;
  lease_until?: string;
  beat_age_ms?: number;
  report?: Report;
}

/** Without `node`: held by nobody at the moment. */
export interface AppHold {
  app: string;
  node?: string;
  since?: string;
  lag_ms?: number;
}

export interface WebhookHold {
  webhook: string;
  node: string;
  since?: string;
}

export interface Nodes {
  items: Node[];
  apps: AppHold[];
  webhooks: WebhookHold[];
  store: 'memory' | 'postgresql' | 'sqlite';
  schema?: number;
  now: string;
}

export function getNodes(key: string): Promise<Nodes> {
  return get<Nodes>('v1/nodes', key);
}
