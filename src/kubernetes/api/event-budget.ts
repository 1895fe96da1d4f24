/** As client-go's limit for one source and object: so many at once, then one in five minutes. */
const burst = 25;
const refillMs = 300_000;
const mostSubjects = 20_000;

interface Bucket {
  tokens: number;
  /** When `tokens` was right. */
  at: number;
}

/** How many Events each subject may have. */
export class EventBudget {
  readonly #buckets = new Map<string, Bucket>();

  /** Takes one for the subject; false when it has used up its share. */
  take(subject: string, now: number): boolean {
    const bucket = this.#buckets.get(subject) ?? { tokens: burst, at: now };
    const refilled = Math.floor((now - bucket.at) / refillMs);
    const tokens = Math.min(burst, bucket.tokens + refilled);
    const at = tokens === burst ? now : bucket.at + refilled * refillMs;
    // Re-inserted, so that the first one is the one that was asked for longest ago.
    this.#buckets.delete(subject);
    this.#buckets.set(subject, { tokens: Math.max(0, tokens - 1), at });
    const [oldest] = this.#buckets.keys();
    if (this.#buckets.size > mostSubjects && oldest !== undefined) this.#buckets.delete(oldest);
    return tokens > 0;
  }
}
