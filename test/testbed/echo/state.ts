import type { Fault } from './fault.ts';
import type { Identity } from './identity.ts';

export interface Counters {
  readonly connections: number;
  readonly requests: number;
  readonly active: number;
  /** Most requests at one time since the counters were reset. */
  readonly peakActive: number;
}

/** What the listeners of one echo server share. */
export class EchoState {
  readonly identity: Identity;
  #fault: Fault = {};
  #counters: Counters = { connections: 0, requests: 0, active: 0, peakActive: 0 };

  constructor(identity: Identity) {
    this.identity = identity;
  }

  get fault(): Fault {
    return this.#fault;
  }

  set fault(fault: Fault) {
    this.#fault = fault;
  }

  get counters(): Counters {
    return this.#counters;
  }

  resetCounters(): void {
    const { active } = this.#counters;
    this.#counters = { connections: 0, requests: 0, active, peakActive: active };
  }

  countConnection(): void {
    this.#counters = { ...this.#counters, connections: this.#counters.connections + 1 };
  }

  requestBegan(): void {
    const { requests, active, peakActive } = this.#counters;
    this.#counters = {
      ...this.#counters,
      requests: requests + 1,
      active: active + 1,
      peakActive: Math.max(peakActive, active + 1),
    };
  }

  requestEnded(): void {
    this.#counters = { ...this.#counters, active: this.#counters.active - 1 };
  }
}
