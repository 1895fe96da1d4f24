import { expect, it } from 'vitest';
import type { StreamRef } from '../xds/server/ads-events.ts';
import { createMetrics } from './metrics.ts';
import { adsEventsOf } from './xds-metrics.ts';

const stream: StreamRef = { id: 1, variant: 'delta', peer: '127.0.0.1:1', node: undefined };

it('counts all types that are not served together: clients may ask for any', async () => {
  const metrics = createMetrics();
  const events = adsEventsOf(metrics);
  for (const name of ['envoy.config.cluster.v3.Cluster', 'some.Thing', 'other.Thing']) {
    const typeUrl = `type.googleapis.com/${name}`;
    events.responseSent?.({ stream, typeUrl, bytes: 9, resourceBytes: 0, resources: 0, removed: 1, latencyMs: 0 });
    events.acknowledged?.({ stream, typeUrl, latencyMs: 0 });
    events.rejected?.({ stream, typeUrl, message: '', names: [] });
  }
  for (const counter of [metrics.responses, metrics.acks, metrics.nacks]) {
    const { values } = await counter.get();
    expect(values.map(({ labels, value }) => [labels['type'], value])).toEqual([
      ['envoy.config.cluster.v3.Cluster', 1],
      ['other', 2],
    ]);
  }
});
