import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Client, credentials } from '@grpc/grpc-js';
import { register } from '@grpc/grpc-js-xds';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { typeUrls } from '../../src/resources/type-urls.ts';
import type { Rejected } from '../../src/xds/server/ads-events.ts';
import { replaceEach } from '../support/replace-each.ts';
import { TestServer } from '../support/test-server.ts';
import { eventually } from '../support/until.ts';
import { echoMethod, type GrpcBackend, startGrpcBackend } from './lib/grpc-backend.ts';
import { grpcService } from './lib/resources.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const service = 'shop/echo:80';

/** A proxyless gRPC client: calls the Service and tells the answer, or the status. */
interface Caller {
  readonly call: () => Promise<string>;
  readonly stop: () => Promise<void>;
}

function bootstrap(address: string): string {
  return JSON.stringify({
    xds_servers: [{ server_uri: address, channel_creds: [{ type: 'insecure' }], server_features: ['xds_v3'] }],
    node: { id: 'pod-1', metadata: { NODE_NAME: 'worker-1' }, locality: { zone: 'zone-1' } },
  });
}

function javascriptClient(address: string): Caller {
  const client = new Client(`xds:///${service}`, credentials.createInsecure(), {
    'grpc.TEST_ONLY_DO_NOT_USE_IN_PROD.xds_bootstrap_config': bootstrap(address),
    // It would send `shop/echo:80`, unescaped, which HTTP/2 servers refuse for its slash (the C core escapes it).
    'grpc.default_authority': 'echo.shop',
  });
  const { path, requestSerialize, responseDeserialize } = echoMethod;
  const call = () =>
    new Promise<string>((resolve) => {
      const deadline = Date.now() + 10_000;
      client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        Buffer.alloc(0),
        { deadline },
        (error, answer) => resolve(error === null ? String(answer) : error.message),
      );
    });
  return { call, stop: async () => client.close() };
}

/** The C core of gRPC, as in C++, Python, Ruby, PHP and C#. */
function pythonClient(address: string): Caller {
  const script = fileURLToPath(new URL('./lib/grpc_client.py', import.meta.url));
  const child = spawn(`${root}.cache/python/bin/python`, [script, `xds:///${service}`], {
    env: { ...process.env, GRPC_XDS_BOOTSTRAP_CONFIG: bootstrap(address) },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const call = async () => {
    child.stdin.write('\n');
    const { value } = await lines.next();
    return String(value);
  };
  const stop = async () => {
    child.stdin.end();
    if (child.exitCode === null) await once(child, 'exit');
  };
  return { call, stop };
}

let server: TestServer;
let rejected: Rejected[];
let backends: Record<'a' | 'b', GrpcBackend>;

beforeAll(async () => {
  register();
  execFileSync(`${root}scripts/setup.sh`, ['python'], { stdio: 'inherit' });
  backends = { a: await startGrpcBackend('a'), b: await startGrpcBackend('b') };
});

afterAll(() => {
  for (const backend of Object.values(backends)) backend.stop();
});

beforeEach(async () => {
  rejected = [];
  server = await TestServer.start({ events: { rejected: (event) => rejected.push(event) } });
});

afterEach(() => server.close());

const is = (expected: string) => (answer: string) => answer === expected;

describe.each([
  ['npm @grpc/grpc-js-xds', javascriptClient],
  ['Python grpcio', pythonClient],
])('a proxyless client, %s', (_name, start) => {
  it('calls a Service by name, balances, follows its endpoints, and fails at once when it is deleted', async () => {
    const { a, b } = backends;
    replaceEach(server.cache, grpcService(service, [a.port]));
    const client = start(server.address);
    expect(await client.call()).toBe('a');
    const [stream] = server.ads.status();
    expect(stream).toMatchObject({ variant: 'sotw', node: { id: 'pod-1', nodeName: 'worker-1', zone: 'zone-1' } });
    expect(stream?.types).toHaveLength(4);

    replaceEach(server.cache, grpcService(service, [b.port]));
    await eventually('the other backend', client.call, is('b'));
    replaceEach(server.cache, grpcService(service, [a.port, b.port]));
    await eventually(
      'both backends',
      async () => new Set([await client.call(), await client.call()]).size,
      (size) => size === 2,
    );

    const [, , , assignment] = grpcService(service, []);
    if (assignment === undefined) throw new Error('no assignment');
    const duplicate = [{ endpoint: { address: { socketAddress: { address: '127.0.0.1', portValue: a.port } } } }];
    const build = () => ({
      clusterName: service,
      endpoints: [
        { locality: { zone: 'z' }, loadBalancingWeight: { value: 1 }, lbEndpoints: [...duplicate, ...duplicate] },
      ],
    });
    replaceEach(server.cache, [{ ...assignment, build }]);
    await eventually(
      'the rejection',
      () => rejected.length,
      (count) => count > 0,
    );
    expect(rejected).toMatchObject([{ typeUrl: typeUrls.endpoint, names: [service] }]);
    expect(['a', 'b']).toContain(await client.call());

    replaceEach(server.cache, grpcService(service, [b.port]));
    await eventually('the repaired Service', async () => [await client.call(), await client.call()].join(), is('b,b'));
    await server.ads.settled();

    replaceEach(server.cache, [], [{ typeUrl: typeUrls.listener, name: service }]);
    await eventually('an error', client.call, (answer) => !['a', 'b'].includes(answer));
    await client.stop();
  });
});
