// Issue "Bad input", the objects: one real controller reads all of it from a directory, says of each what is wrong, and
// serves what is left.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { typeUrls } from '../../src/resources/type-urls.ts';
import { AdsClient } from '../support/xds-client.ts';
import { fairlead, RunningController } from './fairlead.ts';

const longest = 'a'.repeat(63);

interface Port {
  readonly name?: string;
  readonly port: unknown;
}

function service(name: string, clusterIP: string, ports: readonly Port[], namespace = 'bad'): string {
  const metadata = { namespace, name, creationTimestamp: '2026-01-01T00:00:00Z' };
  return `${stringify({ apiVersion: 'v1', kind: 'Service', metadata, spec: { clusterIP, ports } })}---\n`;
}

interface Slice {
  readonly name?: string;
  readonly namespace?: string;
  readonly addressType?: string;
  readonly port?: string;
}

function slice(serviceName: string, addresses: readonly string[], options: Slice = {}): string {
  const { name = `${serviceName}-x`, namespace = 'bad', addressType = 'IPv4', port = '' } = options;
  const value = {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { namespace, name, labels: { 'kubernetes.io/service-name': serviceName } },
    addressType,
    ports: [{ name: port, port: 8080, protocol: 'TCP' }],
    endpoints: addresses.map((address) => ({ addresses: [address], conditions: { ready: true } })),
  };
  return `${stringify(value)}---\n`;
}

const manyAddresses = Array.from({ length: 1000 }, (_none, index) => `10.244.${index >> 8}.${index & 255}`);
const nested = (item: string, depth: number): string =>
  depth === 0
    ? `a0: &a0 [${item}]\n`
    : `${nested(item, depth - 1)}a${depth}: &a${depth} [${`*a${depth - 1},`.repeat(9)}]\n`;

const files: Readonly<Record<string, string | Uint8Array>> = {
  'good.yaml': service('good', '10.96.1.1', [{ port: 80 }]) + slice('good', ['10.244.1.1']),
  'ports.yaml':
    service('portless', '10.96.1.2', []) +
    service('twice', '10.96.1.3', [
      { name: 'a', port: 80 },
      { name: 'b', port: 80 },
    ]) +
    service(
      'range',
      '10.96.1.4',
      [0, 65_536, -1, 'http', 80.5, 80].map((port, index) => ({ name: `p${index}`, port })),
    ),
  'slices.yaml':
    slice('nobody', ['10.244.1.1']) +
    service('fqdn', '10.96.1.5', [{ port: 80 }]) +
    slice('fqdn', ['example.com'], { addressType: 'FQDN' }) +
    service('same', '10.96.1.6', [{ port: 80 }]) +
    slice('same', ['10.244.1.1', '10.244.1.1', '10.244.1.2']) +
    service('many', '10.96.1.7', [{ port: 80 }]) +
    slice('many', manyAddresses),
  'conflict.yaml': service('first', '10.96.1.8', [{ port: 80 }]) + service('second', '10.96.1.8', [{ port: 80 }]),
  'names.yaml':
    service(longest, '10.96.1.9', [{ name: longest, port: 80 }], longest) +
    slice(longest, ['10.244.1.9'], { name: 's'.repeat(253), namespace: longest, port: longest }) +
    service(`${longest}b`, '10.96.1.10', [{ port: 80 }]),
  'latin1.yaml': Buffer.from('apiVersion: v1\nkind: Service\nmetadata: { name: caf\xe9 }\n', 'latin1'),
  'ten-megabytes.yaml': `${'# 10 MB, nearly all of it a comment\n'.repeat(277_000)}${service('big', '10.96.1.11', [{ port: 80 }])}`,
  'eleven-megabytes.yaml': '# too much\n'.repeat(1_000_000),
  'bomb.yaml': nested('lol', 9),
  'deep.yaml': '['.repeat(100_000),
};

describe('bad objects', () => {
  const controller = new RunningController();
  let problems: readonly string[];

  beforeAll(async () => {
    for (const [name, content] of Object.entries(files)) controller.write(name, content);
    await controller.start();
    problems = await controller.problems();
  });

  afterAll(() => controller.close());

  const about = (text: string) => problems.filter((problem) => problem.includes(text));

  it('Services without ports', () => {
    expect(about('bad/portless')).toEqual(['Service bad/portless spec.ports: has no port; the Service is left out']);
  });

  it('Services with duplicate ports', () => {
    expect(about('bad/twice')).toEqual([
      'Service bad/twice spec.ports[1].port: TCP 80 is listed twice; the first is used, this one is left out',
    ]);
  });

  it('ports out of range', () => {
    const rule = 'not a whole number from 1 to 65535; the port is left out';
    expect(about('bad/range')).toEqual(
      ['0', '65536', '-1', '"http"', '80.5'].map(
        (value, index) => `Service bad/range spec.ports[${index}].port: is ${value}, ${rule}`,
      ),
    );
  });

  it('EndpointSlices without a Service are nothing to complain of: slices come before their Service', () => {
    expect(about('nobody')).toEqual([]);
  });

  it('EndpointSlices with FQDN addresses', () => {
    expect(about('bad/fqdn')).toEqual([
      'EndpointSlice bad/fqdn-x addressType: FQDN addresses are not used (kube-proxy does not use them either); the slice is not used',
    ]);
  });

  it('EndpointSlices with duplicate addresses', () => {
    expect(about('bad/same')).toEqual([
      'EndpointSlice bad/same-x endpoints[1].addresses[0]: 10.244.1.1 is listed twice; the first is used, this one is left out',
    ]);
  });

  it('two Services with one cluster IP', () => {
    expect(about('10.96.1.8')).toEqual([
      'Service bad/second spec.clusterIPs[0]: 10.96.1.8 belongs to the older Service bad/first; bad/second cannot be reached at it',
    ]);
  });

  it('names at the limits serve, longer ones do not', () => {
    expect(about(`${longest}/`)).toEqual([]);
    expect(about(`${longest}b`)).toEqual([expect.stringContaining('metadata.name: is')]);
  });

  it('files that are not UTF-8, too big, bombs, or nested too deeply', () => {
    expect(about('latin1.yaml')).toEqual([expect.stringContaining('is not UTF-8 text')]);
    expect(about('/ten-megabytes.yaml')).toEqual([]);
    expect(about('eleven-megabytes.yaml')).toEqual([expect.stringContaining('more than the limit of 10485760')]);
    expect(about('bomb.yaml')).toEqual([expect.stringContaining('Excessive alias count')]);
    expect(about('deep.yaml')).toEqual([expect.stringContaining('is nested deeper than 100 levels')]);
  });

  it('everything else is served, 1,000 endpoints too', async () => {
    const client = new AdsClient(controller.xdsAddress, 'delta');
    client.send({ typeUrl: typeUrls.cluster, resourceNamesSubscribe: good.map((ip) => `${ip}:80`) });
    const clusters = await client.nextAndAck();
    expect(clusters.resources.map(({ name }) => name).sort()).toEqual(good.map((ip) => `${ip}:80`).sort());
    expect(clusters.removed).toEqual([]);
    client.send({ typeUrl: typeUrls.endpoint, resourceNamesSubscribe: ['10.96.1.7:80'] });
    const [assignment] = (await client.nextAndAck()).resources;
    expect(JSON.stringify(assignment?.body).match(/"10\.244\.\d+\.\d+"/g)).toHaveLength(1000);
    client.close();
  });

  it('the status counts the problems', async () => {
    const { code, stdout } = await fairlead(['status', '--admin-address', controller.adminAddress]);
    expect(code).toBe(0);
    expect(stdout).toContain(`, ${problems.length} problems`);
  });
});

const good = ['10.96.1.1', '10.96.1.3', '10.96.1.4', '10.96.1.6', '10.96.1.7', '10.96.1.8', '10.96.1.9', '10.96.1.11'];
