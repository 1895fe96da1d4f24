import { readFile } from 'node:fs/promises';
import { fetchJsonFrom } from '../testbed/request.ts';

/** As the agent configures Envoy; inside the node. */
const envoyAdmin = 'http://127.0.0.1:15000';

/** Envoy's counters and gauges whose name contains a text, by name. */
export async function envoyStats(namespace: string, contains: string): Promise<Readonly<Record<string, number>>> {
  const filter = contains.replaceAll(/[.[\]]/g, '\\$&');
  const url = `${envoyAdmin}/stats?format=json&filter=${encodeURIComponent(filter)}`;
  const { stats } = await fetchJsonFrom<{ stats: readonly { name?: string; value?: number }[] }>(namespace, url);
  return Object.fromEntries(stats.flatMap(({ name, value }) => (name === undefined ? [] : [[name, value ?? 0]])));
}

/** One of a Service port's statistics in one node's Envoy; 0 while there is none. `service`: `namespace/name/port`. */
export async function serviceStat(namespace: string, service: string, stat: string): Promise<number> {
  const name = `cluster.${service}.${stat}`;
  return (await envoyStats(namespace, name))[name] ?? 0;
}

/** Samples of a metric of the Prometheus text format, by the label `type`. */
export function metricByType(text: string, metric: string): Readonly<Record<string, number>> {
  const pattern = new RegExp(`^${metric}\\{[^}]*type="([^"]*)"[^}]*\\} (\\S+)$`, 'gm');
  return Object.fromEntries([...text.matchAll(pattern)].map(([, type, value]) => [type, Number(value)]));
}

/** Lines of a JSON log that fit; lines that are not JSON are passed over. */
export async function jsonLines<T>(path: string, fits: (line: T) => boolean): Promise<readonly T[]> {
  const text = await readFile(path, 'utf8');
  const lines = text.split('\n').filter((line) => line.startsWith('{') && line.endsWith('}'));
  return lines.map((line) => JSON.parse(line) as T).filter(fits);
}
