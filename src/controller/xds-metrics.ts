import { messageNameOf } from '../protos/registry.ts';
import { typeUrls } from '../resources/type-urls.ts';
import type { AdsEvents } from '../xds/server/ads-events.ts';
import type { ServerTotals } from '../xds/server/server-totals.ts';
import type { ControllerMetrics } from './metrics.ts';

/** Counts what the ADS server does. */
export function adsEventsOf(metrics: ControllerMetrics): AdsEvents {
  return {
    streamOpened: () => metrics.streams.inc(),
    streamClosed: (_stream, reason) => {
      metrics.streams.dec();
      metrics.streamsClosed.inc({ reason });
    },
    refused: (limit) => metrics.refusals.inc({ limit }),
    responseSent: ({ typeUrl, resources, resourceBytes }) => {
      const labels = { type: labelOf(typeUrl) };
      metrics.responses.inc(labels);
      metrics.resources.inc(labels, resources);
      metrics.resourceBytes.inc(labels, resourceBytes);
    },
    acknowledged: ({ typeUrl, latencyMs }) => {
      metrics.acks.inc({ type: labelOf(typeUrl) });
      metrics.ackSeconds.observe(latencyMs / 1000);
    },
    rejected: ({ typeUrl }) => metrics.nacks.inc({ type: labelOf(typeUrl) }),
  };
}

/** Copies what the server counts itself. */
export function setServerMetrics(metrics: ControllerMetrics, totals: ServerTotals): void {
  metrics.connections.set(totals.connections);
  metrics.admissionWaiting.set(totals.waitingForAdmission);
  metrics.receivingBytes.set(totals.receiving.bytes);
  metrics.sendingBytes.set(totals.sending.bytes);
  metrics.sendersQueued.set(totals.queued);
}

const served: ReadonlySet<string> = new Set(Object.values(typeUrls));

/** A client may ask for any type, and each label would stay for the life of the process. */
function labelOf(typeUrl: string): string {
  return served.has(typeUrl) ? messageNameOf(typeUrl) : 'other';
}
