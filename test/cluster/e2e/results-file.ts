import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { type ClusterOptions, repository } from '../layout.ts';
import type { TestResult } from './report.ts';

/** The latest result of each test on one kind of cluster. */
export interface ResultsFile {
  readonly options: ClusterOptions;
  readonly results: readonly TestResult[];
}

export const resultsFolder = join(import.meta.dirname, '../results');

/** Adds results to the file of a kind of cluster; a test that ran again replaces its earlier result. */
export function recordResults(options: ClusterOptions, results: readonly TestResult[]): string {
  const path = join(resultsFolder, `${kindOf(options)}.json`);
  const earlier = existsSync(path) ? readResults(path).results : [];
  const byName = new Map([...earlier, ...results.map(withoutPaths)].map((result) => [result.name, result]));
  const sorted = [...byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  const lines = sorted.map((result) => `    ${JSON.stringify(result)}`).join(',\n');
  const settings = JSON.stringify({ ...options, instance: 0 });
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `{\n  "options": ${settings},\n  "results": [\n${lines}\n  ]\n}\n`);
  return path;
}

export function readResults(path: string): ResultsFile {
  return JSON.parse(readFileSync(path, 'utf8')) as ResultsFile;
}

/** Where somebody has the repository is nobody's business, and would change the file for nothing. */
function withoutPaths(result: TestResult): TestResult {
  const reason = result.reason?.replaceAll(`${repository}/`, '').replaceAll(homedir(), '~');
  return reason === undefined ? result : { ...result, reason };
}

/** Such as `fairlead-ptp-dual-6-lb`. */
export function kindOf({ proxy, cni, families, nodes, loadBalancer }: ClusterOptions): string {
  const family = families.length > 1 ? 'dual' : families.join().toLowerCase();
  return [proxy, cni, family, nodes, ...(loadBalancer ? ['lb'] : [])].join('-');
}
