/**
 * What is still to be done before a stream's place may go to the next: `Silent`: it has sent no request, `Working`: it is
 * the server's turn, `Awaited`: it is the client's (to read, or to acknowledge), `Done`: nothing, unless more requests
 * follow.
 */
export type RoundPhase = 'Silent' | 'Working' | 'Awaited' | 'Done';

/** What waits for a place, or holds one. */
export interface AdmissionHolder {
  /** Address of the client, without the port. */
  readonly host: string;
  readonly phase: RoundPhase;
  /** What it has sent while it waits, which nobody reads. */
  readonly unreadBytes: number;
  /** It has its place; may be called within `acquire`. */
  admitted(): void;
  /** What those that wait have sent is too much. */
  turnedAway(): void;
  /** Its place was given to another; the holder continues without it. */
  roundEnded(): void;
}

export interface AdmissionOptions {
  readonly places: number;
  readonly placesPerPeer: number;
  /** What all that wait may have sent. */
  readonly waitingBytes: number;
  /** For how many milliseconds a place is kept without a message, by phase; `Working` keeps it for as long as it takes. */
  readonly patienceMs: Readonly<Record<Exclude<RoundPhase, 'Working'>, number>>;
}

const countedShare = 16;

/**
 * Between two counts while streams wait: what they send arrives behind their headers, and nobody reads it. At 1 GB/s 20 MB can arrive between
 * two, and to count 4,000 streams takes a millisecond.
 */
const countIntervalMs = 20;

interface Place {
  readonly timer: NodeJS.Timeout;
  /** `performance.now()` of the last message. */
  touchedAt: number;
}

/**
 * Lets a few streams at a time say what they know, and answers them before the next. When a server starts, all clients
 * reconnect at once with every name they have: 1,000 clients of 10,000 names are half a gigabyte, which would all be read
 * at the same time, before the first one is processed. Those that wait are held back by the flow control of HTTP/2.
 */
export class Admission {
  readonly #options: AdmissionOptions;
  readonly #places = new Map<AdmissionHolder, Place>();
  readonly #placesOfPeer = new Map<string, number>();
  readonly #waiting = new Set<AdmissionHolder>();
  /** Came to wait since their bytes were counted. */
  #uncounted = 0;
  /** Runs while streams wait. */
  #counting: NodeJS.Timeout | undefined;

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  acquire(holder: AdmissionHolder): void {
    if (this.#hasPlaceFor(holder)) {
      this.#admit(holder);
      return;
    }
    this.#waiting.add(holder);
    this.#uncounted += 1;
    this.#counting ??= setInterval(() => this.#countAgain(), countIntervalMs).unref();
    // Not for each that comes: of thousands that come at once all would be counted thousands of times.
    if (this.#uncounted > this.#waiting.size / countedShare) this.#checkWaiting();
  }

  /** Turns streams away, the latest of the peers that have sent most, until what is left is not too much. */
  #checkWaiting(): void {
    this.#uncounted = 0;
    const holders = [...this.#waiting].map((holder, index) => ({ holder, index, bytes: holder.unreadBytes }));
    const ofHost = new Map<string, number>();
    for (const { holder, bytes } of holders) ofHost.set(holder.host, (ofHost.get(holder.host) ?? 0) + bytes);
    let total = [...ofHost.values()].reduce((sum, bytes) => sum + bytes, 0);
    if (total <= this.#options.waitingBytes) return;
    const most = ({ holder }: { readonly holder: AdmissionHolder }) => ofHost.get(holder.host) ?? 0;
    for (const each of holders.sort((one, other) => most(other) - most(one) || other.index - one.index)) {
      if (total <= this.#options.waitingBytes) return;
      total -= each.bytes;
      each.holder.turnedAway();
    }
  }

  #countAgain(): void {
    if (this.#waiting.size === 0) {
      clearInterval(this.#counting);
      this.#counting = undefined;
      return;
    }
    this.#checkWaiting();
  }

  /** The holder sent a message, or was sent one. */
  touch(holder: AdmissionHolder): void {
    const place = this.#places.get(holder);
    if (place !== undefined) place.touchedAt = performance.now();
  }

  isHeldBy(holder: AdmissionHolder): boolean {
    return this.#places.has(holder);
  }

  release(holder: AdmissionHolder): void {
    this.#waiting.delete(holder);
    const place = this.#places.get(holder);
    if (place === undefined) return;
    clearTimeout(place.timer);
    this.#places.delete(holder);
    this.#count(holder.host, -1);
    holder.roundEnded();
    this.#admitNext();
  }

  /** Streams whose peer has all its places let others pass. */
  #admitNext(): void {
    for (const next of this.#waiting) {
      if (this.#places.size >= this.#options.places) return;
      if (!this.#hasPlaceFor(next)) continue;
      this.#waiting.delete(next);
      this.#admit(next);
    }
  }

  #hasPlaceFor({ host }: AdmissionHolder): boolean {
    const { places, placesPerPeer } = this.#options;
    return this.#places.size < places && (this.#placesOfPeer.get(host) ?? 0) < placesPerPeer;
  }

  #admit(holder: AdmissionHolder): void {
    const timer = setInterval(() => this.#look(holder), this.#options.patienceMs.Done).unref();
    this.#places.set(holder, { timer, touchedAt: performance.now() });
    this.#count(holder.host, 1);
    holder.admitted();
  }

  #count(host: string, more: number): void {
    const places = (this.#placesOfPeer.get(host) ?? 0) + more;
    if (places === 0) this.#placesOfPeer.delete(host);
    else this.#placesOfPeer.set(host, places);
  }

  /** In a busy process a timer may fire before data that has already arrived is read, so one round of reading follows it. */
  #look(holder: AdmissionHolder): void {
    if (!this.#isOver(holder)) return;
    setImmediate(() => {
      if (this.#isOver(holder)) this.release(holder);
    });
  }

  #isOver(holder: AdmissionHolder): boolean {
    const place = this.#places.get(holder);
    const { phase } = holder;
    if (place === undefined || phase === 'Working') return false;
    return performance.now() - place.touchedAt >= this.#options.patienceMs[phase];
  }
}
