import type { Logger } from 'pino';
import { formatObject, formatProblem, type Problem } from '../model/problem.ts';

/** Current problems in the inputs, by origin; each is logged once when it appears and once when it is resolved. */
export class ProblemRegistry {
  readonly #byOrigin = new Map<string, readonly Problem[]>();
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Replaces what the origin (a file, an object, `translate/` and a unit) reported before. */
  replace(origin: string, problems: readonly Problem[]): void {
    const before = new Set((this.#byOrigin.get(origin) ?? []).map(formatProblem));
    const now = new Set(problems.map(formatProblem));
    for (const problem of problems) if (!before.has(formatProblem(problem))) this.#report(problem);
    for (const text of before) if (!now.has(text)) this.#logger.info({ problem: text }, 'Problem was resolved');
    if (problems.length === 0) this.#byOrigin.delete(origin);
    else this.#byOrigin.set(origin, problems);
  }

  all(): readonly Problem[] {
    return [...this.#byOrigin.values()].flat();
  }

  get size(): number {
    let size = 0;
    for (const problems of this.#byOrigin.values()) size += problems.length;
    return size;
  }

  #report({ object, field, code, message, origin }: Problem): void {
    const about = { object: formatObject(object), field, code, reason: message };
    this.#logger.warn({ ...about, ...(origin === undefined ? {} : { origin }) }, 'Found a problem in the input');
  }
}
