import { report } from '../../testbed/load/report.ts';
import type { LoadRequest } from '../../testbed/running-load.ts';
import type { DemoCluster } from '../demo-cluster.ts';
import type { Reporter } from '../reporter.ts';
import { type Frontend, frontends, services } from '../shop.ts';
import { failuresOf, shares, throughEnvoy } from '../telling.ts';
import type { Step } from './step.ts';

type Path = 'Envoy' | 'kernel';

interface Expectation {
  readonly what: string;
  readonly request: LoadRequest;
  readonly pods: (frontend: Frontend) => readonly string[];
  readonly path: Path;
  readonly client: (frontend: Frontend) => string;
}

const ipv4 = (frontend: Frontend) => frontend.ipv4;

const expectations: readonly Expectation[] = [
  {
    what: 'HTTP to catalog',
    request: { target: services.catalog, count: 90, concurrency: 4, rate: 0 },
    pods: () => ['catalog-1', 'catalog-2', 'catalog-3'],
    path: 'Envoy',
    client: ipv4,
  },
  {
    what: 'TCP to cart-db',
    request: { target: services.cartDb, protocol: 'tcp', count: 60, concurrency: 4, rate: 0 },
    pods: () => ['cart-db-1', 'cart-db-2'],
    path: 'Envoy',
    client: ipv4,
  },
  {
    what: 'HTTP over IPv6 to images, in the own zone',
    request: { target: services.images6, count: 30, concurrency: 4, rate: 0 },
    pods: (frontend) => [frontend.node === 'node1' ? 'images-1' : 'images-2'],
    path: 'Envoy',
    client: (frontend) => frontend.ipv6,
  },
  {
    what: 'UDP to metrics',
    request: { target: services.metrics, protocol: 'udp', count: 10, concurrency: 2, rate: 0 },
    pods: () => ['metrics-1'],
    path: 'kernel',
    client: ipv4,
  },
];

export const balance: Step = {
  title: 'Traffic spreads over all endpoints, and backends see the client',
  async tell(cluster, reporter) {
    for (const expectation of expectations) {
      reporter.doing(`${expectation.what}, from both nodes`);
      for (const frontend of frontends) await spreads(cluster, reporter, expectation, frontend);
    }
    await requestsOfOneConnectionSpread(cluster, reporter);
    await refused(cluster, reporter);
  },
};

async function spreads(
  cluster: DemoCluster,
  reporter: Reporter,
  expected: Expectation,
  frontend: Frontend,
): Promise<void> {
  const load = await cluster.startLoad(frontend.pod, expected.request);
  const attempts = await load.finished();
  const result = report(attempts);
  const client = expected.client(frontend);
  const wrongPath = attempts.filter((attempt) => throughEnvoy(attempt) !== (expected.path === 'Envoy'));
  const wrongClient = attempts.filter((attempt) => attempt.clientAddress !== client);
  const pods = Object.keys(result.byPod).join();
  reporter.claim(
    result.failed === 0 &&
      wrongPath.length === 0 &&
      wrongClient.length === 0 &&
      pods === expected.pods(frontend).join(),
    `${expected.what} from ${frontend.node} by ${expected.path}: ${shares(result.byPod)}; all saw client ${client}`,
    `${failuresOf(result)}, ${wrongPath.length} took another way, ${wrongClient.length} saw another client`,
  );
}

/** The kernel would send all of a connection to one endpoint. */
async function requestsOfOneConnectionSpread(cluster: DemoCluster, reporter: Reporter): Promise<void> {
  const request = { target: services.recommendations, protocol: 'http2', count: 20, rate: 0, concurrency: 1 } as const;
  const attempts = await (await cluster.startLoad('frontend-1', request)).finished();
  const result = report(attempts);
  const connections = attempts.filter((attempt) => !attempt.reusedConnection).length;
  reporter.claim(
    result.ok === 20 && connections === 1 && Object.keys(result.byPod).length === 2,
    `20 HTTP/2 requests of one connection to recommendations spread: ${shares(result.byPod)}`,
    `${failuresOf(result)}, ${connections} connections`,
  );
}

async function refused(cluster: DemoCluster, reporter: Reporter): Promise<void> {
  const load = await cluster.startLoad('frontend-1', { target: services.giftCards, count: 5, timeoutMs: 2000 });
  const { failures } = report(await load.finished());
  reporter.claim(
    failures['refused'] === 5,
    'gift-cards has no endpoints: connections are refused at once',
    shares(failures),
  );
}
