import type { ClientView } from '../../resources/resource-entry.ts';

interface Row<S> {
  readonly subscriber: S;
  readonly view: ClientView;
}

/** The subscribers of a type under small integer indexes, found by their node and zone, too. */
export class SubscriberTable<S> {
  readonly byNode = new Map<string, Set<number>>();
  readonly byZone = new Map<string, Set<number>>();
  readonly #rows: (Row<S> | undefined)[] = [];
  readonly #free: number[] = [];

  get isEmpty(): boolean {
    return this.#rows.length === this.#free.length;
  }

  get(index: number): S | undefined {
    return this.#rows[index]?.subscriber;
  }

  add(subscriber: S, view: ClientView): number {
    const index = this.#free.pop() ?? this.#rows.length;
    this.#put(index, subscriber, view);
    return index;
  }

  /** @returns the zone of which none is left */
  move(index: number, view: ClientView): string | undefined {
    const row = this.#rows[index];
    if (row === undefined) return undefined;
    const left = this.#remove(index, row);
    this.#put(index, row.subscriber, view);
    return left === view.zone ? undefined : left;
  }

  /** @returns the zone of which none is left */
  delete(index: number): string | undefined {
    const row = this.#rows[index];
    if (row === undefined) return undefined;
    this.#rows[index] = undefined;
    this.#free.push(index);
    return this.#remove(index, row);
  }

  #put(index: number, subscriber: S, view: ClientView): void {
    this.#rows[index] = { subscriber, view };
    addTo(this.byNode, view.nodeName, index);
    addTo(this.byZone, view.zone, index);
  }

  #remove(index: number, { view }: Row<S>): string | undefined {
    removeFrom(this.byNode, view.nodeName, index);
    removeFrom(this.byZone, view.zone, index);
    return this.byZone.has(view.zone) ? undefined : view.zone;
  }
}

function addTo(map: Map<string, Set<number>>, key: string, index: number): void {
  const set = map.get(key);
  if (set === undefined) map.set(key, new Set([index]));
  else set.add(index);
}

function removeFrom(map: Map<string, Set<number>>, key: string, index: number): void {
  const set = map.get(key);
  set?.delete(index);
  if (set?.size === 0) map.delete(key);
}
