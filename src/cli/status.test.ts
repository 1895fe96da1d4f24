import { describe, expect, it } from 'vitest';
import type { NodeIdentity } from '../xds/streams/node-identity.ts';
import type { StreamStatus } from '../xds/streams/stream-status.ts';
import { formatProblems, formatResources, formatStreams, formatTotals, troubledOf } from './status.ts';

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

describe('formatProblems', () => {
  const slow = { ...stream, node: { ...(stream.node as NodeIdentity), id: 'node2' } };
  const late = slow.types.slice(1).map((type) => ({ ...type, outstandingSince: now - 31_000 }));
  const sound = stream.types.slice(1).map((type) => ({ ...type, outstandingSince: now - 2_000 }));

  it('prints only what is rejected, or not acknowledged for long, and the objects with what is wrong with them', () => {
    const streams = [stream, { ...slow, types: late }, { ...slow, types: sound }];
    const object = { kind: 'Service', namespace: 'default', name: 'web' };
    const problem = { object, field: 'spec.ports', code: 'NotProxied' as const, message: 'SCTP is left out' };
    expect(formatProblems(status, troubledOf(status, streams, now), [problem], now)).toMatchInlineSnapshot(`
      "
      NODE   CLIENT              AGE  TYPE                   CURRENT  NAMES  STATE         ACK  NACK
      node1  envoy 1.40.0 delta  3h   Cluster                1/2      2      REJECTED      4    1
      node2  envoy 1.40.0 delta  3h   ClusterLoadAssignment  1/1      1      sent 31s ago  7    0

      NACK 5s ago by node1: Cluster 10.96.0.10:80: no such filter

      Service default/web spec.ports: SCTP is left out"
    `);
  });

  it('names one that holds almost as many names as it may', () => {
    const crowded = { ...status, totals: { ...status.totals, limits: { streams: 1, namesPerType: 1 } } };
    expect(troubledOf(crowded, [{ ...stream, types: sound }], now)).toEqual([{ ...stream, types: sound }]);
  });

  it('says so when there is none', () => {
    expect(formatProblems(status, troubledOf(status, [{ ...stream, types: sound }], now), [], now)).toBe(
      '\nNo stream has a problem\n\nNo object has a problem',
    );
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
