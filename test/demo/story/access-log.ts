import { waitUntil } from '../../testbed/wait.ts';
import type { DemoCluster } from '../demo-cluster.ts';
import { jsonLines } from '../node-stats.ts';
import type { Step } from './step.ts';

/** The fields of Envoy's access log that the story speaks of. */
interface Line {
  readonly service?: string;
  readonly status?: number;
  readonly flags?: string | null;
  readonly client?: string;
}

const wanted: readonly { readonly what: string; readonly fits: (line: Line) => boolean }[] = [
  { what: 'a request to catalog', fits: (line) => line.service === 'shop/catalog/http' && line.status === 200 },
  { what: 'a TCP connection to cart-db', fits: (line) => line.service === 'shop/cart-db/redis' },
  {
    what: 'a request that checkout was spared (UO: upstream overflow)',
    fits: (line) => line.service === 'shop/checkout/http' && line.flags === 'UO',
  },
];

export const accessLog: Step = {
  title: "Envoy's access log names the Services",
  async tell(cluster, reporter) {
    for (const { what, fits } of wanted) {
      const line = await waitUntil(() => lastLine(cluster, fits), { what: `the access log line of ${what}` });
      reporter.claim(line.client?.startsWith('10.244.1.') === true, what, JSON.stringify(line));
      reporter.quote([JSON.stringify(line)]);
    }
  },
};

async function lastLine(cluster: DemoCluster, fits: (line: Line) => boolean): Promise<Line | undefined> {
  return (await jsonLines<Line>(cluster.envoyLog('node1'), fits)).at(-1);
}
