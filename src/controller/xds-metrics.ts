import { messageNameOf } from '../protos/registry.ts';
import { typeUrls } from '../resources/type-urls.ts';
import type { AdsEvents } from '../xds/server/ads-events.ts';
import type { ControllerMetrics } from './metrics.ts';

/** Counts what the ADS server does. */
export function adsEventsOf(metrics: ControllerMetrics): AdsEvents {
  return {
    streamOpened: () => metrics.streams.inc(),
    streamClosed: () => metrics.streams.dec(),
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

const served: ReadonlySet<string> = new Set(Object.values(typeUrls));

/** A client may ask for any type, and each label would stay for good. */
function labelOf(typeUrl: string): string {
  return served.has(typeUrl) ? messageNameOf(typeUrl) : 'other';
}
