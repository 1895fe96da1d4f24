/** What became of one test. */
export type Outcome = 'Passed' | 'Failed' | 'Skipped';

export interface TestResult {
  readonly name: string;
  readonly outcome: Outcome;
  readonly seconds: number;
  /** Why it failed or skipped itself: the first line of what it said. */
  readonly reason?: string;
}

/** The part of Ginkgo's JSON report (types.Report) that is read here. */
interface SuiteReport {
  readonly SpecReports: readonly SpecReport[] | null;
}

interface SpecReport {
  readonly ContainerHierarchyTexts: readonly string[] | null;
  readonly LeafNodeText: string;
  readonly LeafNodeType: string;
  readonly State: string;
  /** Nanoseconds. */
  readonly RunTime: number;
  /** 0: left out by focus or skip. */
  readonly NumAttempts: number;
  readonly Failure?: { readonly Message: string };
}

/** The results of the tests that ran, in a report of Ginkgo. */
export function readReport(json: string): readonly TestResult[] {
  const suites = JSON.parse(json) as readonly SuiteReport[];
  const specs = suites.flatMap(({ SpecReports }) => SpecReports ?? []);
  return specs.filter(({ LeafNodeType, NumAttempts }) => LeafNodeType === 'It' && NumAttempts > 0).map(resultOf);
}

function resultOf(spec: SpecReport): TestResult {
  const name = [...(spec.ContainerHierarchyTexts ?? []), spec.LeafNodeText].join(' ');
  const seconds = Math.round(spec.RunTime / 1e8) / 10;
  const outcome = outcomeOf(spec.State);
  const reason = spec.Failure?.Message.trim().split('\n')[0];
  return { name, outcome, seconds, ...(outcome === 'Passed' || !reason ? {} : { reason }) };
}

function outcomeOf(state: string): Outcome {
  if (state === 'passed') return 'Passed';
  return state === 'skipped' || state === 'pending' ? 'Skipped' : 'Failed';
}

/** One line of a test, as it is printed. */
export function resultLine({ name, outcome, seconds }: TestResult): string {
  return `${outcome.padEnd(7)} ${seconds.toFixed(1).padStart(6)} s  ${name}`;
}

/** Counts, and what failed with its reason. */
export function summaryOf(results: readonly TestResult[]): string {
  const count = (wanted: Outcome) => results.filter(({ outcome }) => outcome === wanted).length;
  const failed = results.filter(({ outcome }) => outcome === 'Failed');
  const lines = failed.map(({ name, reason = '' }) => `  ${name}\n    ${reason}`);
  const counts = `${count('Passed')} passed, ${count('Failed')} failed, ${count('Skipped')} skipped themselves`;
  return [...(lines.length > 0 ? ['Failed:', ...lines] : []), counts].join('\n');
}
