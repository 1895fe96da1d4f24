import type { ClientView } from '../../resources/resource-entry.ts';
import type { ChangeLog } from '../cache/change-log.ts';
import type { EncodedResource } from '../cache/encoded-resource.ts';
import type { Slot } from '../cache/slot.ts';
import { isDirty, isNamed, type ResourceStates } from './resource-states.ts';
import { WildcardCursor } from './wildcard-cursor.ts';

/** What one stream asks for of one type, and what it then gets: names, all of the wildcard set, and the view of its node. */
export class Demand {
  readonly #states: ResourceStates;
  readonly #log: ChangeLog;
  view: ClientView;
  /** Present while the client wants all of the wildcard set. */
  cursor: WildcardCursor | undefined;
  #named = 0;

  constructor(states: ResourceStates, log: ChangeLog, view: ClientView) {
    this.#states = states;
    this.#log = log;
    this.view = view;
  }

  get wildcard(): boolean {
    return this.cursor !== undefined;
  }

  /** @returns at the beginning, if there was none */
  openWildcard(): WildcardCursor {
    this.cursor ??= new WildcardCursor(this.#log);
    return this.cursor;
  }

  closeWildcard(): void {
    this.cursor?.close();
    this.cursor = undefined;
  }

  /** Names that are asked for. */
  get named(): number {
    return this.#named;
  }

  get isEmpty(): boolean {
    return this.#named === 0 && !this.wildcard;
  }

  /** @returns the word with the flag; the caller puts it */
  addName(slot: Slot): number {
    const word = this.#states.word(slot.id);
    if ((word & isNamed) === 0) this.#named += 1;
    return word | isNamed;
  }

  /** Of a name for which there is a word. */
  keepName(id: number): void {
    if ((this.#states.word(id) & isNamed) === 0) this.#named += 1;
    this.#states.flag(id, isNamed);
  }

  /** @returns the word without the flag; the caller puts it. Undefined when the name was not asked for */
  dropName(slot: Slot | undefined): number | undefined {
    if (slot === undefined || !this.isNamed(slot)) return undefined;
    this.#named -= 1;
    return this.#states.word(slot.id) & ~isNamed;
  }

  isNamed(slot: Slot): boolean {
    return (this.#states.word(slot.id) & isNamed) !== 0;
  }

  wants(slot: Slot): boolean {
    return this.isNamed(slot) || (this.wildcard && slot.entry?.wildcard === true);
  }

  /** The cursor alone says what the client has of it; there is no word. */
  isLogged(slot: Slot): boolean {
    return this.wildcard && slot.logged !== undefined && this.#states.word(slot.id) === 0;
  }

  /** What the client should have; undefined when it should have none. */
  resource(slot: Slot): EncodedResource | undefined {
    return this.wants(slot) ? slot.encode(this.view) : undefined;
  }

  /**
   * What is served to this node, for the status. Built again if another stream of the node released it; what waits for
   * its turn to be sent is not built for this.
   */
  served(slot: Slot, word: number): EncodedResource | undefined {
    const mayBuild = (word & isDirty) === 0 || slot.isBuilt(this.view);
    return mayBuild ? slot.encode(this.view) : undefined;
  }
}
