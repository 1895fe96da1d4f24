import type { Slot } from '../cache/slot.ts';
import { stampMask } from '../cache/stamps.ts';
import type { ResourceStatus } from './stream-status.ts';
import type { SubscriptionState } from './subscription-state.ts';

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
    const revision = this.#revision();
    if (this.#last?.revision === revision) return this.#last.progress;
    const progress = this.#measure();
    this.#last = { revision, progress };
    return progress;
  }

  /** What the client has, against what is served. */
  resources(): readonly ResourceStatus[] {
    const { store, states, demand } = this.#state;
    const resources = states.all().map((slot) => {
      const word = states.word(slot.id);
      const served = demand.served(slot, word)?.version ?? '';
      return { name: slot.name, acknowledged: slot.versionOf(word & stampMask), served };
    });
    if (demand.wildcard) {
      store.log.forEachAfter(0, ({ slot, isLive }) => {
        if (isLive && demand.isLogged(slot)) resources.push(this.#logged(slot));
        return true;
      });
    }
    return resources;
  }

  #logged(slot: Slot): ResourceStatus {
    const { demand } = this.#state;
    const served = slot.isBuilt(demand.view) ? (slot.encode(demand.view)?.version ?? '') : '';
    const isCurrent = slot.pending === undefined && demand.cursor?.hasAcknowledged(slot) === true;
    return { name: slot.name, acknowledged: isCurrent ? served : '', served };
  }

  /** Names of which the client rejected what is served now. */
  rejectedNames(): readonly string[] {
    const { store, states, demand, search } = this.#state;
    return [...search.rejected()].flatMap(([id, stamp]) => {
      const slot = store.slot(id);
      return slot !== undefined && demand.served(slot, states.word(id))?.stamp === stamp ? slot.name : [];
    });
  }

  /** Each of the three only grows, so the sum changes with any of them. */
  #revision(): number {
    const { store, states, demand } = this.#state;
    return states.revision + (demand.cursor === undefined ? 0 : store.log.revision + demand.cursor.revision);
  }

  #measure(): Progress {
    const { store, states, demand } = this.#state;
    const { cursor } = demand;
    let wanted = cursor === undefined ? 0 : store.log.live;
    let current = cursor === undefined ? 0 : wanted - store.log.liveAfter(cursor.acknowledged);
    states.forEach((slot, word) => {
      // Words go before the cursor.
      if (cursor !== undefined && slot.logged?.isLive === true) {
        wanted -= 1;
        if (cursor.hasAcknowledged(slot)) current -= 1;
      }
      if (slot.entry === undefined || !demand.wants(slot)) return;
      wanted += 1;
      if (demand.served(slot, word)?.stamp === (word & stampMask)) current += 1;
    });
    return { wanted, current };
  }
}
