import type { MessageObject } from '../../protos/registry.ts';
import type { ClientView, KeySet, ResourceEntry, Scope } from '../../resources/resource-entry.ts';
import type { PortEndpoints, Selection, SelectionPolicy } from './port-endpoints.ts';

/** Endpoints and the policy by which they are selected. */
export interface SelectedEndpoints {
  readonly endpoints: PortEndpoints;
  readonly policy: SelectionPolicy;
}

export interface EndpointsEntryOptions {
  readonly typeUrl: string;
  readonly name: string;
  readonly wildcard: boolean;
  readonly selected: readonly SelectedEndpoints[];
  /** Everything else that the message is made of; objects that never change. */
  readonly basis: readonly unknown[];
  /** The message, of the selections in order. */
  readonly message: (selections: readonly Selection[]) => MessageObject;
}

/** A resource made of selected endpoints: it knows for which clients it may differ from the one before. */
export class EndpointsEntry implements ResourceEntry {
  readonly typeUrl: string;
  readonly name: string;
  readonly wildcard: boolean;
  readonly scope: Scope;
  readonly #options: EndpointsEntryOptions;
  /** By index, those that are the same for all clients of an entry that is not. */
  readonly #shared = new Map<number, Selection>();

  constructor(options: EndpointsEntryOptions) {
    this.typeUrl = options.typeUrl;
    this.name = options.name;
    this.wildcard = options.wildcard;
    this.scope = options.selected.reduce<Scope>(
      (scope, one) => narrower(scope, one.endpoints.scope(one.policy)),
      'fleet',
    );
    this.#options = options;
  }

  build(client: ClientView): MessageObject {
    const { selected, message } = this.#options;
    return message(selected.map((one, index) => this.#shared.get(index) ?? this.#select(one, index, client)));
  }

  #select({ endpoints, policy }: SelectedEndpoints, index: number, client: ClientView): Selection {
    const selection = endpoints.select(policy, client);
    if (this.scope !== 'fleet' && endpoints.scope(policy) === 'fleet') this.#shared.set(index, selection);
    return selection;
  }

  /** Undefined: anybody's. */
  changedKeys(previous: ResourceEntry): KeySet | undefined {
    if (!(previous instanceof EndpointsEntry) || previous.scope !== this.scope) return undefined;
    const before = previous.#options;
    const { selected, basis } = this.#options;
    if (!sameElements(basis, before.basis) || selected.length !== before.selected.length) return undefined;
    const keys = selected.map((one, index) => changedKeysOf(one, before.selected[index], this.scope));
    const known = keys.filter((changed) => changed !== undefined);
    return known.length === keys.length ? { has: (key) => known.some((changed) => changed.has(key)) } : undefined;
  }
}

function narrower(a: Scope, b: Scope): Scope {
  if (a === 'node' || b === 'node') return 'node';
  return a === 'zone' || b === 'zone' ? 'zone' : 'fleet';
}

function changedKeysOf(
  { endpoints, policy }: SelectedEndpoints,
  before: SelectedEndpoints | undefined,
  scope: Scope,
): KeySet | undefined {
  return before?.policy === policy ? endpoints.changedKeys(policy, scope, before.endpoints) : undefined;
}

function sameElements(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((element, index) => element === b[index]);
}
