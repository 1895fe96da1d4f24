/** Milliseconds since the epoch with a fraction, comparable between the processes of one machine. */
export function now(): number {
  return performance.timeOrigin + performance.now();
}

export interface WaitOptions {
  /** Completes "Waited in vain for …". */
  readonly what: string;
  /** Default 15,000. */
  readonly withinMs?: number;
  /** Between two looks at the condition; default 20. */
  readonly everyMs?: number;
}

/**
 * Polls a condition of another process until it holds and returns what it gave.
 * @throws when it does not hold in time, with the condition's last error as cause
 */
export async function waitUntil<T>(
  condition: () => Promise<T | undefined | false> | T | undefined | false,
  options: WaitOptions,
): Promise<T> {
  const { what, withinMs = 15_000, everyMs = 20 } = options;
  const deadline = now() + withinMs;
  let cause: unknown;
  for (;;) {
    try {
      const value = await condition();
      if (value !== undefined && value !== false) return value;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    if (now() > deadline) throw new Error(`Waited ${withinMs} ms in vain for ${what}${reasonOf(cause)}`, { cause });
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? `: ${cause.message}` : '';
}
