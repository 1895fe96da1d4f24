import { describe, expect, it } from 'vitest';
import type { StreamStatus } from '../xds/streams/stream-status.ts';
import { formatResources, formatStatus } from './status.ts';

const now = 1_000_000_000;

const stream: StreamStatus = {
  id: 1,
  peer: '192.168.50.1:4711',
  variant: 'delta',
  node: { id: 'node1', cluster: 'fairlead', nodeName: '', zone: 'zone-1', userAgent: 'envoy 1.40.0' },
  connectedAt: now - 3_600_000 * 3,
  types: [
    {
      typeUrl: 'type.googleapis.com/envoy.config.cluster.v3.Cluster',
      wildcard: true,
      named: 2,
      current: 1,
      wanted: 2,
      acknowledgements: 4,
      rejections: 1,
      lastRejection: { message: 'no such filter', at: now - 5000, names: ['10.96.0.10:80'] },
      rejected: ['10.96.0.10:80'],
      outstandingSince: undefined,
      resources: undefined,
    },
    {
      typeUrl: 'type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment',
      wildcard: false,
      named: 1,
      current: 1,
      wanted: 1,
      acknowledgements: 7,
      rejections: 0,
      lastRejection: undefined,
      rejected: [],
      outstandingSince: undefined,
      resources: undefined,
    },
  ],
};

const model = { revision: 7, services: 3, nodes: 2 };

describe('formatStatus', () => {
  it('prints one line for each node and type, and the reason of each rejection', () => {
    const text = formatStatus({ ready: true, blockers: [], model, problems: [], streams: [stream] }, now);
    expect(text).toMatchInlineSnapshot(`
      "ready; revision 7, 3 Services, 2 nodes, 0 problems

      NODE   CLIENT              AGE  TYPE                   CURRENT  STATE     ACK  NACK
      node1  envoy 1.40.0 delta  3h   Cluster                1/2      REJECTED  4    1
      node1  envoy 1.40.0 delta  3h   ClusterLoadAssignment  1/1      ACK       7    0

      NACK 5s ago by node1: Cluster 10.96.0.10:80: no such filter"
    `);
  });

  it('says what is awaited', () => {
    const text = formatStatus({ ready: false, blockers: ['services'], model, problems: [], streams: [] }, now);
    expect(text).toContain('awaiting services; revision 7');
  });
});

describe('formatResources', () => {
  it('prints what was acknowledged beside what is served', () => {
    const [cluster, endpoints] = stream.types;
    if (cluster === undefined || endpoints === undefined) throw new Error('The stream has two types');
    const types = [
      { ...cluster, resources: [{ name: '10.96.0.10:80', acknowledged: '', served: 'b2' }] },
      { ...endpoints, resources: [{ name: '10.96.0.10:80', acknowledged: 'c1', served: 'c1' }] },
    ];
    expect(formatResources('node1', [{ ...stream, types }])).toMatchInlineSnapshot(`
      "CLIENT              TYPE                   NAME           ACKNOWLEDGED  SERVED  STATE
      envoy 1.40.0 delta  Cluster                10.96.0.10:80  -             b2      REJECTED
      envoy 1.40.0 delta  ClusterLoadAssignment  10.96.0.10:80  c1            c1      ACK"
    `);
  });

  it('says so when the node has no stream', () => {
    expect(formatResources('node9', [])).toBe('node9 has no stream to this controller');
  });
});
