import { messageNameOf } from '../protos/type-urls.ts';
import type { AdsEvents } from '../xds/ads-events.ts';
import type { ControllerMetrics } from './metrics.ts';

/** Counts what the ADS server does. */
export function adsEventsOf(metrics: ControllerMetrics): AdsEvents {
  return {
    streamOpened: () => metrics.streams.inc(),
    streamClosed: () => metrics.streams.dec(),
    responseSent: ({ typeUrl, resources, resourceBytes }) => {
      const labels = { type: messageNameOf(typeUrl) };
      metrics.responses.inc(labels);
      metrics.resources.inc(labels, resources);
      metrics.resourceBytes.inc(labels, resourceBytes);
    },
    acknowledged: ({ typeUrl, latencyMs }) => {
      metrics.acks.inc({ type: messageNameOf(typeUrl) });
      metrics.ackSeconds.observe(latencyMs / 1000);
    },
    rejected: ({ typeUrl }) => metrics.nacks.inc({ type: messageNameOf(typeUrl) }),
  };
}
