/** Something wrong with an input that was left out or defaulted; everything else goes on. */
export interface Problem {
  /** `Kind namespace/name`, or the file when no object could be made out. */
  readonly object: string;
  /** Path in the object, such as `spec.ports[1].port` or `metadata.annotations[fairlead.dev/retries]`. */
  readonly field: string;
  /** What is wrong and what is done instead; a sentence without the full stop. */
  readonly reason: string;
  /** `file:line` where the object was read from a manifest. */
  readonly origin?: string;
}

export function formatProblem(problem: Problem): string {
  const origin = problem.origin === undefined ? '' : `${problem.origin}: `;
  const field = problem.field === '' ? '' : ` ${problem.field}`;
  return `${origin}${problem.object}${field}: ${problem.reason}`;
}
