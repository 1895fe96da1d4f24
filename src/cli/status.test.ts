import { describe, expect, it } from 'vitest';
import type { StreamStatus } from '../xds/streams/stream-status.ts';
import { formatResources, formatStreams, formatTotals } from './status.ts';

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

const status = {
  ready: true,
  blockers: [],
  model,
  problems: 0,
  totals: {
    streams: 1,
    connections: 1,
    waitingForAdmission: 0,
    receiving: { bytes: 0, waiting: 0 },
    sending: { bytes: 0, waiting: 0 },
    queued: 0,
    refusals: [],
    limits: { streams: 20_000, namesPerType: 200_000 },
  },
};

describe('formatStreams', () => {
  it('prints one line for each node and type, and the reason of each rejection', () => {
    expect(formatStreams(status, [stream], now)).toMatchInlineSnapshot(`
      "
      NODE   CLIENT              AGE  TYPE                   CURRENT  NAMES  STATE     ACK  NACK
      node1  envoy 1.40.0 delta  3h   Cluster                1/2      2      REJECTED  4    1
      node1  envoy 1.40.0 delta  3h   ClusterLoadAssignment  1/1      1      ACK       7    0

      NACK 5s ago by node1: Cluster 10.96.0.10:80: no such filter"
    `);
  });

  it('names the way out for one that holds too many names', () => {
    const limits = { streams: 20_000, namesPerType: 2 };
    const text = formatStreams({ ...status, totals: { ...status.totals, limits } }, [stream], now);
    expect(text).toContain('node1 holds 2 names of Cluster, of 2 that are allowed: restart its Envoy');
  });
});

describe('formatTotals', () => {
  it('says what is awaited', () => {
    const text = formatTotals({ ...status, ready: false, blockers: ['services'] }, now);
    expect(text).toContain('awaiting services; revision 7');
  });

  it('tells which limits were reached, by whom and why', () => {
    const last = { at: now - 3_000, peer: '10.0.0.1:99', node: 'node9', reason: 'More than 256 streams of 10.0.0.1' };
    const refusals = [{ limit: 'streamsPerPeer' as const, count: 17, last }];
    expect(formatTotals({ ...status, totals: { ...status.totals, refusals } }, now)).toMatchInlineSnapshot(`
      "ready; revision 7, 3 Services, 2 nodes, 0 problems
      1 streams on 1 connections, 0 wait to be admitted
      limit streamsPerPeer reached 17 times, last 3s ago by node9 (10.0.0.1:99): More than 256 streams of 10.0.0.1"
    `);
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
