/** What a reflector waits for and how much it takes; times in milliseconds. */
export interface ReflectorLimits {
  readonly backOffBaseMs: number;
  readonly backOffCapMs: number;
  /** A kind that the cluster does not have is looked for this often: one small answer, as discovery would be. */
  readonly absentPollMs: number;
  /** Objects in a page of a list. */
  readonly pageSize: number;
  /** A list that sends nothing for this long is given up; the server's own limit of a request is 60 s. */
  readonly listIdleMs: number;
  /** A watch that sends nothing for this long is opened again: bookmarks come about every minute. */
  readonly watchIdleMs: number;
  /** The server is asked to end a watch after a random time between these, to spread clients over its replicas. */
  readonly watchSeconds: readonly [number, number];
  /** A watch that was open for this long counts as healthy even without events. */
  readonly healthyMs: number;
  readonly maxLineBytes: number;
  readonly maxPageBytes: number;
}

export const defaultLimits: ReflectorLimits = {
  backOffBaseMs: 500,
  backOffCapMs: 30_000,
  absentPollMs: 30_000,
  pageSize: 500,
  listIdleMs: 65_000,
  watchIdleMs: 150_000,
  watchSeconds: [300, 600],
  healthyMs: 10_000,
  maxLineBytes: 32 * 1024 * 1024,
  maxPageBytes: 256 * 1024 * 1024,
};
