import { report } from '../../testbed/load/report.ts';
import { run } from '../../testbed/run.ts';
import type { LoadRequest } from '../../testbed/running-load.ts';
import type { Narrator } from '../narrator.ts';
import { type Frontend, frontends, services } from '../shop.ts';
import { failuresOf, shares, throughEnvoy } from '../telling.ts';
import type { World } from '../world.ts';
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
  async tell(world, narrator) {
    for (const expectation of expectations) {
      narrator.doing(`${expectation.what}, from both nodes`);
      for (const frontend of frontends) await spreads(world, narrator, expectation, frontend);
    }
    await requestsOfOneConnectionSpread(world, narrator);
    await refused(world, narrator);
  },
};

async function spreads(world: World, narrator: Narrator, expected: Expectation, frontend: Frontend): Promise<void> {
  const load = await world.startLoad(frontend.pod, expected.request);
  const attempts = await load.finished();
  const result = report(attempts);
  const client = expected.client(frontend);
  const wrongPath = attempts.filter((attempt) => throughEnvoy(attempt) !== (expected.path === 'Envoy'));
  const wrongClient = attempts.filter((attempt) => attempt.clientAddress !== client);
  const pods = Object.keys(result.byPod).join();
  narrator.claim(
    result.failed === 0 &&
      wrongPath.length === 0 &&
      wrongClient.length === 0 &&
      pods === expected.pods(frontend).join(),
    `${expected.what} from ${frontend.node} by ${expected.path}: ${shares(result.byPod)}; all saw client ${client}`,
    `${failuresOf(result)}, ${wrongPath.length} took another way, ${wrongClient.length} saw another client`,
  );
}

/** HTTP/2 on one connection: the kernel would send all of it to one endpoint. */
async function requestsOfOneConnectionSpread(world: World, narrator: Narrator): Promise<void> {
  const url = `http://${services.recommendations}/?n=[1-20]`;
  const command = ['curl', '-sS', '--http2-prior-knowledge', '-w', '%{num_connects}\n', url];
  const lines = (await run(command, { namespace: world.at('frontend-1') })).trim().split('\n');
  const answers = lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as { pod: string });
  const connections = lines.filter((line) => !line.startsWith('{')).reduce((sum, line) => sum + Number(line), 0);
  const pods = new Set(answers.map((answer) => answer.pod));
  narrator.claim(
    connections === 1 && answers.length === 20 && pods.size === 2,
    `20 HTTP/2 requests of one connection to recommendations spread over ${[...pods].sort().join(' and ')}`,
    `${answers.length} answers of ${pods.size} pods on ${connections} connections`,
  );
}

async function refused(world: World, narrator: Narrator): Promise<void> {
  const load = await world.startLoad('frontend-1', { target: services.giftCards, count: 5, timeoutMs: 2000 });
  const { failures } = report(await load.finished());
  narrator.claim(
    failures['refused'] === 5,
    'gift-cards has no endpoints: connections are refused at once',
    shares(failures),
  );
}
