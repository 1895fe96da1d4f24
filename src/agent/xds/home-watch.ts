export interface HomeWatchOptions {
  /** How often the preferred controller is checked, milliseconds. */
  readonly checkMs: number;
  /** How long it must have been reachable, milliseconds. */
  readonly stableMs: number;
  /** The agents of a controller that is back return within this time, each at its own moment; milliseconds. */
  readonly spreadMs: number;
}

export interface HomeWatchEvents {
  /** The controller that this node prefers to its current one; undefined: the current one is the preferred one. */
  readonly preferred: () => Promise<string | undefined>;
  readonly isReachable: (controller: string) => Promise<boolean>;
  readonly returns: (controller: string) => void;
}

interface Sighting {
  readonly controller: string;
  readonly returnAt: number;
}

/** Decides when to return to the controller that this node prefers. */
export class HomeWatch {
  readonly #options: HomeWatchOptions;
  readonly #events: HomeWatchEvents;
  #timer: NodeJS.Timeout | undefined;
  /** The preferred controller, reachable at every check since. */
  #sighting: Sighting | undefined;

  constructor(options: HomeWatchOptions, events: HomeWatchEvents) {
    this.#options = options;
    this.#events = events;
  }

  start(): void {
    this.#timer ??= setTimeout(() => void this.#check(), this.#options.checkMs).unref();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#sighting = undefined;
  }

  async #check(): Promise<void> {
    const timer = this.#timer;
    const controller = await this.#events.preferred();
    const isUp = controller !== undefined && (await this.#events.isReachable(controller));
    // Stopped meanwhile.
    if (this.#timer !== timer) return;
    this.#timer = undefined;
    this.start();
    this.#see(isUp ? controller : undefined);
  }

  #see(controller: string | undefined): void {
    if (controller === undefined || this.#sighting?.controller !== controller) this.#sighting = undefined;
    if (controller === undefined) return;
    const { stableMs, spreadMs } = this.#options;
    this.#sighting ??= { controller, returnAt: performance.now() + stableMs + spreadMs * Math.random() };
    if (performance.now() < this.#sighting.returnAt) return;
    this.#sighting = undefined;
    this.#events.returns(controller);
  }
}
