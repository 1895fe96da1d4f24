/**
 * What a full state still carries although it was removed: the client may refer to it, and a full state deletes what it leaves
 * out.
 */
export class Retained {
  /** In the last response. */
  names: ReadonlySet<string> = new Set();
  /** The client has come back and does not say with what, so it may have anything that was removed in the meantime. */
  mayHaveAny = false;

  clear(): void {
    this.names = new Set();
    this.mayHaveAny = false;
  }
}
