import { fileURLToPath } from 'node:url';
import { JsonProcess } from './process.ts';

/** What the nodes ask for. */
export interface FleetShape {
  readonly nodes: number;
  readonly services: number;
  /** Services whose cluster and endpoints each Envoy holds. */
  readonly used: number;
  readonly envoys: boolean;
  readonly agents: boolean;
}

export interface FleetStats {
  readonly ms: number;
  readonly responses: number;
  readonly resources: number;
  readonly resource_bytes: number;
  readonly request_bytes: number;
  readonly removed: number;
}

/** Milliseconds until on-demand clusters came. */
export interface OnDemandTimes {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** The Envoys and agents of many nodes in one process (bench/peers/cmd/fleet). */
export class Fleet {
  readonly #process: JsonProcess;

  private constructor(process: JsonProcess) {
    this.#process = process;
  }

  static async start(): Promise<Fleet> {
    const program = fileURLToPath(new URL('../../.cache/bin/fleet', import.meta.url));
    return new Fleet(await JsonProcess.start('fleet', [program]));
  }

  /** Node i connects to address i modulo their number; resolves when all hold what they asked for. */
  open(addresses: readonly string[], shape: FleetShape): Promise<FleetStats> {
    return this.#process.ask({ op: 'open', addresses, ...shape });
  }

  /** All nodes come back at once with what they know. */
  returnAll(addresses: readonly string[]): Promise<FleetStats> {
    return this.#process.ask({ op: 'return', addresses });
  }

  /** Random nodes ask for clusters on demand, so many a second. */
  probe(rate: number, seconds: number): Promise<OnDemandTimes> {
    return this.#process.ask({ op: 'probe', rate, seconds });
  }

  stop(): Promise<void> {
    return this.#process.stop();
  }
}
