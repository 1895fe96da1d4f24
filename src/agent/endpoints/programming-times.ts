import type { IpFamily } from '../../model/service.ts';
import type { EndpointChange } from './view-observer.ts';

export interface ProgrammingTimesOptions {
  /**
   * When Envoy last took endpoints of these Services, milliseconds since 1970; those that it does not use are missing.
   * Rejects when Envoy does not answer.
   */
  readonly envoyTimes: (services: readonly string[]) => Promise<ReadonlyMap<string, number>>;
  /** Whether Envoy gets new connections now. */
  readonly isEnvoyUsed: () => boolean;
  readonly observe: (family: IpFamily, ms: number) => void;
  /** Envoy did not confirm a change in time: it was measured until the kernel had it. */
  readonly unconfirmed: () => void;
  readonly patienceMs?: number;
}

interface Waiting {
  readonly change: EndpointChange;
  readonly kernelAt: number;
}

const lookMs = 250;
const defaultPatienceMs = 10_000;

/** The request names each of them, and Envoy compares every statistic with the names. */
const mostServices = 50;

/**
 * Measures until kernel and Envoy have applied a change. Envoy tells in its statistics when it last took endpoints of a cluster
 * (update_time), so looking late does not falsify the time, and one request answers for all Services that wait. A Service that
 * Envoy does not use on this node (clusters are fetched on demand) counts when the kernel has it.
 */
export class ProgrammingTimes {
  readonly #options: ProgrammingTimesOptions;
  #waiting: Waiting[] = [];
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(options: ProgrammingTimesOptions) {
    this.#options = options;
  }

  /** The kernel has applied these changes. */
  kernelApplied(changes: readonly EndpointChange[], kernelAt = Date.now()): void {
    const isEnvoyUsed = this.#options.isEnvoyUsed();
    for (const change of changes) {
      if (change.usesEnvoy && isEnvoyUsed) this.#waiting.push({ change, kernelAt });
      else this.#observe(change, kernelAt);
    }
    this.#lookLater();
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  #lookLater(): void {
    if (this.#waiting.length === 0 || this.#timer !== undefined || this.#isStopped) return;
    this.#timer = setTimeout(() => {
      void this.#look().finally(() => {
        this.#timer = undefined;
        this.#lookLater();
      });
    }, lookMs);
  }

  async #look(): Promise<void> {
    const looked = this.#waiting.splice(0);
    const services = [...new Set(looked.map(({ change }) => change.service))].slice(0, mostServices);
    const times = await this.#options.envoyTimes(services).catch(() => undefined);
    for (const waiting of looked) {
      const isAsked = times !== undefined && services.includes(waiting.change.service);
      if (!isAsked || !this.#settle(waiting, times.get(waiting.change.service))) this.#keep(waiting);
    }
  }

  #settle({ change, kernelAt }: Waiting, envoyAt: number | undefined): boolean {
    if (envoyAt === undefined) this.#observe(change, kernelAt);
    else if (envoyAt >= change.causedAt) this.#observe(change, Math.max(kernelAt, envoyAt));
    else return false;
    return true;
  }

  #keep(waiting: Waiting): void {
    const { patienceMs = defaultPatienceMs, unconfirmed } = this.#options;
    if (Date.now() - waiting.kernelAt < patienceMs) {
      this.#waiting.push(waiting);
      return;
    }
    unconfirmed();
    this.#observe(waiting.change, waiting.kernelAt);
  }

  #observe({ causedAt, families }: EndpointChange, at: number): void {
    for (const family of families) this.#options.observe(family, at - causedAt);
  }
}
