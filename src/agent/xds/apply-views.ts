import type { Logger } from 'pino';
import type { FamilyTable } from '../kernel/family-table.ts';
import { decodeServiceView, MalformedViewError, type ServiceView } from './read-service-view.ts';
import { type DeltaResponse, endOfList } from './wildcard-subscription.ts';

/** A family that the node has, with its table. */
export interface Families {
  readonly IPv4: FamilyTable | undefined;
  readonly IPv6: FamilyTable | undefined;
}

/** Puts responses into the tables; what is malformed keeps its last good content. */
export function applyResponse(
  families: Families,
  response: DeltaResponse,
  logger: Logger,
): ReadonlyMap<string, string> {
  const rejected = new Map<string, string>();
  for (const name of response.removed) if (name !== endOfList) putView(families, { key: name, ports: [] });
  for (const { name, body } of response.resources) {
    try {
      putView(families, decodeServiceView(name, body));
    } catch (error) {
      if (!(error instanceof MalformedViewError)) throw error;
      rejected.set(name, error.message);
      logger.warn({ service: name, reason: error.message }, 'Rejected a Service of the controller');
    }
  }
  return rejected;
}

/** A view of one family takes the other family's ports away too. */
export function putView(families: Families, view: ServiceView): void {
  for (const family of ['IPv4', 'IPv6'] as const) {
    families[family]?.elements.put(
      view.key,
      view.ports.filter((port) => port.family === family),
    );
  }
}
