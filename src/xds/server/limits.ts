/** What one client, and all of them together, may use. */
export interface Limits {
  /** Open streams of all clients; one more ends with RESOURCE_EXHAUSTED. */
  readonly streams: number;
  /**
   * Open streams of one peer address (without the port). A node has two, and one more for each gRPC client in the host's
   * network; nodes behind one address translation share it.
   */
  readonly streamsPerPeer: number;
  /** TCP connections of all clients; one more is closed at once. */
  readonly connections: number;
  readonly connectionsPerPeer: number;
  /** Streams that may say what they know, and be answered, at the same time; the others wait for their turn. */
  readonly admissions: number;
  readonly admissionsPerPeer: number;
  /** Types that one stream may ask for. */
  readonly typesPerStream: number;
  /** Names of one type that one stream may subscribe to. */
  readonly namesPerType: number;
  /**
   * Total bytes that are kept of what streams have asked for: a word for each name, and the names of resources that do not exist, until they
   * are answered (in state-of-the-world as long as they are asked for). A stream that asks for more ends.
   */
  readonly namesBytes: number;
  readonly namesBytesPerPeer: number;
  /** Total bytes that waiting streams have sent, up to 64 KiB each; past it those end whose peer has most. */
  readonly waitingBytes: number;
  /** Length of one resource name, in UTF-16 code units. */
  readonly nameLength: number;
  /** One request; a reconnecting client lists every name it knows with its version. */
  readonly requestBytes: number;
  /**
   * Total bytes of requests that are being received or, in a stream's first round, processed. One that has no
   * room waits. Reading them takes some ten times as much memory for a moment.
   */
  readonly receivingBytes: number;
  readonly receivingBytesPerPeer: number;
  /** Total bytes of responses that are written and not yet read. One that has no room waits. */
  readonly sendingBytes: number;
  readonly sendingBytesPerPeer: number;
  /** A stream that has not sent its first request after this time is ended. */
  readonly firstRequestMs: number;
  /** A request that is not complete after this time ends its stream. */
  readonly requestMs: number;
  /** As `stalledMs`, while others wait for the room that its response takes. */
  readonly crowdedMs: number;
  /** Where a response is split; one resource, and state-of-the-world's full-state types, may be larger. */
  readonly responseBytes: number;
  /** Slice of the event loop that a fan-out takes before acknowledgements and pings get their turn, in milliseconds. */
  readonly sliceMs: number;
  /** A response that has not been acknowledged for this long is logged, once; nothing else happens. */
  readonly ackWarningMs: number;
  /** A stream whose client reads nothing for this long while a response waits to be written is ended. */
  readonly stalledMs: number;
  readonly keepaliveIntervalMs: number;
  readonly keepaliveTimeoutMs: number;
  /**
   * Age at which a stream ends (by 25 % more or less), so that its client returns to the replica that it prefers; 0: never.
   * After 10 minutes a replica that came back has its share; 5,000 nodes then return at 8 a second, a hundredth of a core.
   */
  readonly connectionAgeMs: number;
  /** HTTP/2 streams on one connection. */
  readonly concurrentStreams: number;
}

export type LimitName = keyof Limits;

const mebibyte = 1024 * 1024;

export const defaultLimits: Limits = {
  streams: 20_000,
  streamsPerPeer: 256,
  connections: 20_000,
  connectionsPerPeer: 256,
  admissions: 32,
  admissionsPerPeer: 16,
  typesPerStream: 32,
  namesPerType: 200_000,
  namesBytes: 512 * mebibyte,
  namesBytesPerPeer: 64 * mebibyte,
  waitingBytes: 128 * mebibyte,
  nameLength: 4_096,
  requestBytes: 32 * mebibyte,
  receivingBytes: 16 * mebibyte,
  receivingBytesPerPeer: 8 * mebibyte,
  sendingBytes: 64 * mebibyte,
  sendingBytesPerPeer: 16 * mebibyte,
  firstRequestMs: 10_000,
  requestMs: 30_000,
  crowdedMs: 5_000,
  responseBytes: mebibyte,
  sliceMs: 8,
  ackWarningMs: 30_000,
  stalledMs: 120_000,
  keepaliveIntervalMs: 30_000,
  keepaliveTimeoutMs: 10_000,
  connectionAgeMs: 600_000,
  concurrentStreams: 1_000,
};
