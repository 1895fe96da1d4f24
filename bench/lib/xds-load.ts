import { fileURLToPath } from 'node:url';
import { JsonProcess } from './process.ts';

export interface Subscription {
  readonly type_url: string;
  readonly names: readonly string[];
}

/** Counted over all streams since they were opened (bench/peers/cmd/xds-load). */
export interface LoadStats {
  /** Milliseconds that the command took. */
  readonly ms: number;
  readonly responses: number;
  readonly acks: number;
  readonly resources: number;
  readonly resource_bytes: number;
  readonly removed: number;
}

export interface OpenOptions {
  readonly address: string;
  readonly streams: number;
  readonly subscriptions: readonly Subscription[];
}

/** Many delta ADS clients, each on a connection of its own, in one process beside the server. */
export class XdsLoad {
  readonly #process: JsonProcess;

  private constructor(process: JsonProcess) {
    this.#process = process;
  }

  static async start(): Promise<XdsLoad> {
    const program = fileURLToPath(new URL('../../.cache/bin/xds-load', import.meta.url));
    return new XdsLoad(await JsonProcess.start('xds-load', [program]));
  }

  /** Resolves when each stream holds every name. */
  open(options: OpenOptions): Promise<LoadStats> {
    return this.#process.ask({ op: 'open', ...options });
  }

  /** As after the loss of a connection: with the versions that were learned before. `probe` is asked for last. */
  reconnect(options: OpenOptions & { readonly probe: Subscription }): Promise<LoadStats> {
    return this.#process.ask({ op: 'reconnect', ...options });
  }

  /** Resolves when so many responses in all have come. */
  await(responses: number): Promise<LoadStats> {
    return this.#process.ask({ op: 'await', responses });
  }

  stats(): Promise<LoadStats> {
    return this.#process.ask({ op: 'stats' });
  }

  close(): Promise<LoadStats> {
    return this.#process.ask({ op: 'close' });
  }

  stop(): Promise<void> {
    return this.#process.stop();
  }
}
