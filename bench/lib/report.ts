import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { arch, cpus, release, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';

/** `peer` is the figure that the peer gave in the same run. */
export type Goal =
  | { readonly below: number }
  | { readonly equals: number }
  /** No more than the peer needs. */
  | { readonly atMost: 'peer' };

/** One measured thing; smaller is better throughout. */
export interface Measurement {
  readonly what: string;
  readonly unit: string;
  readonly ours: number;
  readonly peer?: number;
  readonly goal?: Goal;
}

/** As it stands in bench/results. `ratio` is ours / peer. */
export interface Figure {
  readonly what: string;
  readonly unit: string;
  readonly ours: number;
  readonly peer: number | null;
  readonly ratio: number | null;
  readonly goal: string | null;
  readonly met: boolean | null;
}

/** What figures depend on; nothing that names a particular machine. */
interface Machine {
  readonly cores: number;
  readonly memoryGiB: number;
  readonly architecture: string;
  readonly kernel: string;
  readonly node: string;
  readonly envoy: string | null;
  readonly go: string | null;
}

/** Prints a table and writes bench/results/NAME.json. */
export function report(name: string, measurements: readonly Measurement[]): void {
  const figures = measurements.map(figureOf);
  const directory = new URL('../results/', import.meta.url);
  mkdirSync(directory, { recursive: true });
  const result = { name, machine: machine(), figures };
  writeFileSync(new URL(`${name}.json`, directory), `${JSON.stringify(result, null, 2)}\n`);
  console.log(tableOf(name, figures));
}

export function figureOf({ what, unit, ours, peer, goal }: Measurement): Figure {
  return {
    what,
    unit,
    ours: rounded(ours),
    peer: peer === undefined ? null : rounded(peer),
    ratio: peer === undefined || peer === 0 ? null : rounded(ours / peer),
    goal: goal === undefined ? null : goalText(goal),
    met: goal === undefined ? null : isMet(goal, ours, peer),
  };
}

function isMet(goal: Goal, ours: number, peer: number | undefined): boolean {
  if ('below' in goal) return ours < goal.below;
  if ('equals' in goal) return ours === goal.equals;
  if (peer === undefined) throw new Error('A goal against the peer needs the figure of the peer');
  return ours <= peer;
}

function goalText(goal: Goal): string {
  if ('below' in goal) return `< ${goal.below}`;
  return 'equals' in goal ? `= ${goal.equals}` : '<= peer';
}

function rounded(value: number): number {
  return Number(value.toPrecision(4));
}

function machine(): Machine {
  return {
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    architecture: arch(),
    kernel: release().split('-', 1)[0] ?? '',
    node: process.versions.node,
    envoy: versionOf(
      fileURLToPath(new URL('../../.cache/bin/envoy', import.meta.url)),
      ['--version'],
      /\/(\d+\.\d+\.\d+)/,
    ),
    go: versionOf('go', ['version'], /go(\d+\.\d+(\.\d+)?)/),
  };
}

function versionOf(command: string, args: readonly string[], pattern: RegExp): string | null {
  try {
    return (
      pattern.exec(execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }))?.[1] ?? null
    );
  } catch {
    return null; // Not installed: then it was not part of the run either.
  }
}

function tableOf(name: string, figures: readonly Figure[]): string {
  const header = [name, 'unit', 'ours', 'peer', 'ratio', 'goal', 'met'];
  const rows = figures.map(({ what, unit, ours, peer, ratio, goal, met }) =>
    [what, unit, ours, peer, ratio, goal, met === null ? null : met ? 'yes' : 'NO'].map((cell) => String(cell ?? '')),
  );
  const widths = header.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => (column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ');
  return ['', line(header), widths.map((width) => '-'.repeat(width)).join('  '), ...rows.map(line), ''].join('\n');
}
