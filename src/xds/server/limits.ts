/** What one client, and all of them together, may take. */
export interface Limits {
  /** Open streams of all clients; one more ends with RESOURCE_EXHAUSTED. */
  readonly streams: number;
  /** Open streams of one peer address (without the port). */
  readonly streamsPerPeer: number;
  /** Types that one stream may ask for. */
  readonly typesPerStream: number;
  /** Names of one type that one stream may subscribe to. */
  readonly namesPerType: number;
  /** Length of one resource name, in UTF-16 code units. */
  readonly nameLength: number;
  /** One request; a reconnecting client lists every name it knows with its version. */
  readonly requestBytes: number;
  /** Where a response is split; one resource, and state-of-the-world's full-state types, may be larger. */
  readonly responseBytes: number;
  /** Slice of the event loop that a fan-out takes before acknowledgements and pings get their turn, in milliseconds. */
  readonly sliceMs: number;
  /** A response unacknowledged for so long is logged, once; nothing else happens. */
  readonly ackWarningMs: number;
  /** A stream whose client reads nothing for so long while a response waits to be written is ended. */
  readonly stalledMs: number;
  readonly keepaliveIntervalMs: number;
  readonly keepaliveTimeoutMs: number;
  /** Age at which a connection is asked to go (with 10 % of jitter), to spread clients over replicas; 0: never. */
  readonly connectionAgeMs: number;
  /** HTTP/2 streams on one connection. */
  readonly concurrentStreams: number;
}

export const defaultLimits: Limits = {
  streams: 20_000,
  streamsPerPeer: 5_000,
  typesPerStream: 32,
  namesPerType: 200_000,
  nameLength: 4_096,
  requestBytes: 32 * 1024 * 1024,
  responseBytes: 1024 * 1024,
  sliceMs: 8,
  ackWarningMs: 30_000,
  stalledMs: 120_000,
  keepaliveIntervalMs: 30_000,
  keepaliveTimeoutMs: 10_000,
  connectionAgeMs: 0,
  concurrentStreams: 1_000,
};
