import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ClusterOptions, repository } from '../layout.ts';
import { explanations, leftOut } from './plan.ts';
import type { TestResult } from './report.ts';
import { type ResultsFile, readResults, resultsFolder } from './results-file.ts';

const path = join(repository, 'docs/conformance.md');

/** Writes docs/conformance.md from the recorded results; gives its path. */
export function writeConformancePage(): string {
  writeFileSync(path, conformancePage(recordedFiles()));
  return path;
}

export function recordedFiles(): readonly ResultsFile[] {
  const names = existsSync(resultsFolder) ? readdirSync(resultsFolder).sort() : [];
  return names.map((name) => readResults(join(resultsFolder, name)));
}

/** The page's text: one table for each kind of cluster, a column for each proxy and CNI. */
export function conformancePage(files: readonly ResultsFile[]): string {
  const kinds = new Map<string, ResultsFile[]>();
  for (const file of files) {
    const kind = kindOf(file.options);
    kinds.set(kind, [...(kinds.get(kind) ?? []), file]);
  }
  return [introduction(files), ...[...kinds].map(([kind, some]) => section(kind, some))].join('\n');
}

function introduction(files: readonly ResultsFile[]): string {
  return `# Conformance

Kubernetes' own end-to-end tests (\`e2e.test\` 1.36.3, \`[sig-network]\`) on real clusters with the real kube-proxy (mode \`nftables\`) and with Fairlead as the
only proxy, default paths (Envoy on). \`make conformance\` runs them ([cluster.md](cluster.md)) and writes this page from
\`test/cluster/results/\`. Times include a test's own set-up. Fairlead's columns of 21 November 2026 are of the agent that served cluster IPs only.

| cluster | proxy | pods | passed | failed | could not run |
|---|---|---|---|---|---|
${files.map(totalsRow).join('\n')}

Not run, here or there:

${leftOut.map(({ tests, why }) => `- \`${tests}\`: ${why}`).join('\n')}
`;
}

function totalsRow({ options, results }: ResultsFile): string {
  const count = (wanted: TestResult['outcome']) => results.filter(({ outcome }) => outcome === wanted).length;
  return `| ${kindOf(options)} | ${options.proxy} | ${options.cni} | ${count('Passed')} | ${count('Failed')} | ${count('Skipped')} |`;
}

function section(kind: string, files: readonly ResultsFile[]): string {
  const sorted = [...files].sort((a, b) => rank(a.options) - rank(b.options));
  const columns = sorted.map(({ options }) => `${options.proxy}, ${options.cni}`);
  const names = [...new Set(files.flatMap(({ results }) => results.map(({ name }) => name)))].sort();
  const rows = names.map((name) => `| ${inTable(name)} | ${sorted.map((file) => cell(file, name)).join(' | ')} |`);
  return `## ${kind}

| test | ${columns.join(' | ')} |
|---|${columns.map(() => '---|').join('')}
${rows.join('\n')}
${reasons(sorted)}`;
}

/** kube-proxy first: it is what the others are measured by. */
function rank({ proxy, cni }: ClusterOptions): number {
  return (proxy === 'kube-proxy' ? 0 : 2) + (cni === 'ptp' ? 0 : 1);
}

function cell({ results }: ResultsFile, name: string): string {
  const result = results.find((one) => one.name === name);
  if (result === undefined) return '';
  if (result.outcome === 'Passed') return `${result.seconds.toFixed(0)} s`;
  return result.outcome === 'Failed' ? '**failed**' : 'cannot run';
}

/** Why tests did not pass: what is known of them, else what they said themselves. */
function reasons(files: readonly ResultsFile[]): string {
  const lines = files.flatMap(({ options, results }) =>
    results
      .filter(({ outcome }) => outcome !== 'Passed')
      .map((result) => {
        const what = result.outcome === 'Failed' ? 'failed' : 'cannot run';
        return `- ${options.proxy}, ${options.cni}: ${inTable(result.name)} ${what}: ${whyOf(result)}`;
      }),
  );
  return lines.length === 0 ? '' : `\n${lines.join('\n')}\n`;
}

function whyOf({ name, outcome, reason = '' }: TestResult): string {
  const known = explanations.find((one) => one.outcome === outcome && name.includes(one.tests));
  return known?.why ?? inTable(reason.slice(0, 200));
}

function kindOf({ families, nodes, loadBalancer }: ClusterOptions): string {
  return `${families.join(' and ')}, ${nodes} nodes${loadBalancer ? ', load balancer' : ''}`;
}

/** Markdown takes brackets and bars for its own. */
function inTable(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('[', '\\[').replaceAll('<', '&lt;');
}
