import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ResourceEntry } from '../../src/resources/resource-entry.ts';
import { typeUrls } from '../../src/resources/type-urls.ts';
import type { Rejected } from '../../src/xds/server/ads-events.ts';
import { Envoy, greeting } from '../support/envoy.ts';
import { replaceEach } from '../support/replace-each.ts';
import { TestServer } from '../support/test-server.ts';
import { eventually } from '../support/until.ts';
import { cluster, endpoints, tcpListener } from './lib/resources.ts';

let server: TestServer;
let envoy: Envoy;
let rejected: Rejected[];
const backends: Server[] = [];

async function backend(word: string): Promise<number> {
  const listening = createServer((socket) => socket.on('error', () => undefined).end(word)).listen(0, '127.0.0.1');
  await once(listening, 'listening');
  backends.push(listening);
  return (listening.address() as AddressInfo).port;
}

async function startServer(address?: string): Promise<TestServer> {
  return TestServer.start({ events: { rejected: (event) => rejected.push(event) } }, undefined, address);
}

/** Of a new cache too the content must be the same: clusters and endpoints of every Service, the listener. */
function content(first: number, second: number): ResourceEntry[] {
  return [
    tcpListener('one', 'on-demand'),
    tcpListener('two', 'nowhere'),
    cluster('on-demand'),
    endpoints('on-demand', [first]),
    cluster('eager', 1, { wildcard: true }),
    endpoints('eager', [second]),
  ];
}

const port = (of: TestServer): number => Number(of.address.split(':')[1]);
const says = (word: string) => (heard: string) => heard === word;

/** What the client acknowledged of each type, as `current/wanted`. */
function progress(): Record<string, string> {
  const types = server.ads.status().flatMap((stream) => stream.types);
  return Object.fromEntries(types.map(({ typeUrl, current, wanted }) => [typeUrl, `${current}/${wanted}`]));
}

const everything = {
  [typeUrls.listener]: '2/2',
  [typeUrls.cluster]: '2/2',
  [typeUrls.endpoint]: '2/2',
};

beforeEach(async () => {
  rejected = [];
  server = await startServer();
});

afterEach(async () => {
  await envoy.stop();
  await server.close();
  for (const listening of backends.splice(0)) listening.close();
});

// Envoy's state-of-the-world client gives up the wildcard of clusters with the first cluster that it asks for by name
// (it lists the names of all watches, and the wildcard has none), so there only one of the two can be had.
describe.each([
  ['delta', 'DELTA_GRPC', true],
  ['state-of-the-world', 'GRPC', false],
] as const)('a real Envoy with %s ADS', (_variant, apiType, withClusters) => {
  it('is served on demand, beside the wildcard, follows changes, and keeps what works when it rejects', async () => {
    const [a, b] = [await backend('a'), await backend('b')];
    replaceEach(server.cache, content(a, a));
    envoy = await Envoy.start(port(server), apiType, withClusters);
    const one = await envoy.port('one');
    const all = withClusters ? '2/2' : '1/1';

    expect(await greeting(one)).toBe('a');
    await eventually('all clusters acknowledged', progress, (now) => now[typeUrls.cluster] === all);
    expect(await envoy.stat('cluster_manager.warming_clusters')).toBe(0);

    replaceEach(server.cache, [endpoints('on-demand', [b])]);
    await eventually('the other endpoint', () => greeting(one), says('b'));

    // A changed cluster warms until its endpoints come again; the server repeats them unasked.
    replaceEach(server.cache, [cluster('on-demand', 7)]);
    await eventually(
      'the changed cluster',
      () => envoy.get('/config_dump?resource=dynamic_active_clusters'),
      (dump) => dump.includes('"7s"'),
    );
    expect(await greeting(one)).toBe('b');

    const bad = { ...cluster('on-demand'), build: () => ({ name: 'on-demand', lbPolicy: 'RING_HASH', type: 'EDS' }) };
    replaceEach(server.cache, [bad]);
    await eventually(
      'the rejection',
      () => rejected.length,
      (count) => count > 0,
    );
    expect(rejected[0]).toMatchObject({ typeUrl: typeUrls.cluster, stream: { node: { id: 'node-1' } } });
    expect(rejected[0]?.names).toContain('on-demand');
    expect(await greeting(one)).toBe('b');
    replaceEach(server.cache, [endpoints('on-demand', [a])]);
    await eventually('endpoints after a rejection', () => greeting(one), says('a'));
    expect(rejected).toHaveLength(1);

    replaceEach(server.cache, [cluster('on-demand', 8)]);
    await eventually('the repaired cluster', progress, (now) => now[typeUrls.cluster] === all);
    await server.ads.settled();
  });
});

describe('a real Envoy with delta ADS', () => {
  it('is sent nothing that it knows when the server comes back, and then what changed', async () => {
    const [a, b] = [await backend('a'), await backend('b')];
    replaceEach(server.cache, content(a, a));
    envoy = await Envoy.start(port(server), 'DELTA_GRPC', true);
    const one = await envoy.port('one');
    expect(await greeting(one)).toBe('a');
    await eventually('everything acknowledged', progress, (now) => sameAs(everything, now));
    const { address } = server;
    await server.close();
    expect(await greeting(one)).toBe('a');

    server = await startServer(address);
    replaceEach(server.cache, content(a, a));
    await eventually('everything known again', progress, (now) => sameAs(everything, now));
    await server.ads.settled();
    expect(server.resourceBytesSent).toBe(0);
    expect(rejected).toEqual([]);

    replaceEach(server.cache, [endpoints('on-demand', [b])]);
    await eventually('the change', () => greeting(one), says('b'));
    expect(server.sent.filter(({ resources }) => resources > 0)).toHaveLength(1);
  });

  it('closes the connection to a cluster that does not exist, without waiting', async () => {
    const a = await backend('a');
    replaceEach(server.cache, content(a, a));
    envoy = await Envoy.start(port(server), 'DELTA_GRPC', false);
    const two = await envoy.port('two');
    expect(await greeting(two)).toBe('');
    expect(await envoy.stat('tcp.two.on_demand_cluster_missing')).toBe(1);
    replaceEach(server.cache, [cluster('nowhere'), endpoints('nowhere', [a])]);
    await eventually('the cluster', () => greeting(two), says('a'));
  });
});

function sameAs(expected: Record<string, string>, actual: Record<string, string>): boolean {
  return Object.entries(expected).every(([key, value]) => actual[key] === value);
}
