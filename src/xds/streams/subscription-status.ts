import { stampMask } from '../cache/stamps.ts';
import type { SubscriptionState } from './collector.ts';
import type { ResourceStatus } from './stream-status.ts';

export interface Progress {
  readonly wanted: number;
  readonly current: number;
}

/** What one subscription shows of itself. */
export class SubscriptionStatus {
  readonly #state: SubscriptionState;
  /** Counted when asked for, and not again until something changes. */
  #last: { readonly revision: number; readonly progress: Progress } | undefined;

  constructor(state: SubscriptionState) {
    this.#state = state;
  }

  /** How many resources the client should have, and how many of them it has in the version that is served. */
  progress(): Progress {
    const { revision } = this.#state.states;
    if (this.#last?.revision === revision) return this.#last.progress;
    const progress = this.#measure();
    this.#last = { revision, progress };
    return progress;
  }

  /** What the client has, against what is served. */
  resources(): readonly ResourceStatus[] {
    const { states, demand } = this.#state;
    return states.all().map((slot) => {
      const word = states.word(slot.id);
      const served = demand.served(slot, word)?.version ?? '';
      return { name: slot.name, acknowledged: slot.versionOf(word & stampMask), served };
    });
  }

  /** Names of which the client rejected what is served now. */
  rejectedNames(): readonly string[] {
    const { store, states, demand, search } = this.#state;
    return [...search.rejected()].flatMap(([id, stamp]) => {
      const slot = store.slot(id);
      return slot !== undefined && demand.served(slot, states.word(id))?.stamp === stamp ? slot.name : [];
    });
  }

  #measure(): Progress {
    const { states, demand } = this.#state;
    let wanted = 0;
    let current = 0;
    states.forEach((slot, word) => {
      if (slot.entry === undefined || !demand.wants(slot)) return;
      wanted += 1;
      if (demand.served(slot, word)?.stamp === (word & stampMask)) current += 1;
    });
    return { wanted, current };
  }
}
