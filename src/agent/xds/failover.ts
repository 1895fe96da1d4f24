/**
 * How soon a controller is left that no longer answers, milliseconds. Together they are at most 2 s: by then the agent of a
 * controller that is cut off is at its second choice, or, if that one is cut off too, tries the third (failover.test.ts).
 */
export const failover = {
  /** Between pings. Answering one takes a controller 15 to 20 µs. */
  pingMs: 400,
  /** For the answer. A controller that is busy for less is not left. */
  pingTimeoutMs: 800,
  /** For a connection to speak HTTP/2 while there are others to try. */
  connectTimeoutMs: 800,
};
