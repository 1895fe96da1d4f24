import { type Outcome, resultLine, type TestResult } from './report.ts';

/** `• [2.126 seconds]`, `• [FAILED] [300.1 seconds]`, `S [SKIPPED] [0.1 seconds]`: what Ginkgo prints before a test's name. */
const header = /^(?:•|S|P)(?: \[(\w[\w ]*)\])? \[([\d.]+) seconds\]$/;

/** Picks the tests that ended out of Ginkgo's verbose output, as it comes. */
export class LiveLines {
  readonly #print: (line: string) => void;
  #rest = '';
  #pending: Pick<TestResult, 'outcome' | 'seconds'> | undefined;

  constructor(print: (line: string) => void) {
    this.#print = print;
  }

  take(text: string): void {
    const lines = `${this.#rest}${text}`.split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.#line(line.trimEnd());
  }

  #line(line: string): void {
    if (this.#pending !== undefined && line.startsWith('[')) {
      // The step that it ended in, and its labels.
      const name = line.replace(/\[(It|BeforeEach|AfterEach|DeferCleanup.*?)\] /, '').replace(/ \[sig-[^\]]*\]$/, '');
      // Steps around the suite have no name of their own.
      if (!/^\[\w+(Suite|After|Before)\w*\]/.test(name)) this.#print(resultLine({ ...this.#pending, name }));
    }
    const [, state, seconds] = header.exec(line) ?? [];
    this.#pending = seconds === undefined ? undefined : { outcome: outcomeOf(state), seconds: Number(seconds) };
  }
}

function outcomeOf(state: string | undefined): Outcome {
  if (state === undefined) return 'Passed';
  return state === 'SKIPPED' || state === 'PENDING' ? 'Skipped' : 'Failed';
}
