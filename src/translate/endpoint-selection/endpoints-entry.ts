import type { EndpointSlice } from '../../model/endpoint.ts';
import type { MessageObject } from '../../protos/registry.ts';
import { type KeySet, union } from '../../resources/key-set.ts';
import type { ClientView, ResourceEntry, Scope } from '../../resources/resource-entry.ts';
import {
  type EndpointsOfPort,
  endpointsByPort,
  type PortEndpoints,
  type Selection,
  type SelectionPolicy,
} from './port-endpoints.ts';

/** Endpoints and the policy by which they are selected. */
export interface SelectedEndpoints {
  readonly endpoints: PortEndpoints;
  readonly policy: SelectionPolicy;
}

/** What an entry's message is made of. */
export interface EndpointsPlan {
  readonly selected: readonly SelectedEndpoints[];
  /** Everything else that the message is made of; objects that never change. */
  readonly basis: readonly unknown[];
  /** The message for the selections in order, and for the scope in which clients share it. */
  readonly message: (selections: readonly Selection[], scope: Scope) => MessageObject;
}

export interface EndpointsEntryOptions {
  readonly typeUrl: string;
  readonly name: string;
  readonly wildcard: boolean;
  readonly slices: readonly EndpointSlice[];
  /** For the entry of this unit; when it is planned again, it is by the slices. */
  readonly endpointsOf: EndpointsOfPort;
  readonly plan: (endpointsOf: EndpointsOfPort) => EndpointsPlan;
}

/** A resource made of selected endpoints: it knows for which clients it may differ from the one before. */
export class EndpointsEntry implements ResourceEntry {
  readonly typeUrl: string;
  readonly name: string;
  readonly wildcard: boolean;
  readonly scope: Scope;
  readonly #slices: readonly EndpointSlice[];
  readonly #makePlan: EndpointsEntryOptions['plan'];
  /** Kept where it is needed for many nodes. All others are built once, if ever: then it is made again. */
  readonly #kept: EndpointsPlan | undefined;
  /** By index, those that are the same for all clients of an entry that is not. */
  #shared: Map<number, Selection> | undefined;

  constructor(options: EndpointsEntryOptions) {
    const plan = options.plan(options.endpointsOf);
    this.typeUrl = options.typeUrl;
    this.name = options.name;
    this.wildcard = options.wildcard;
    this.scope = plan.selected.reduce<Scope>((scope, one) => narrower(scope, one.endpoints.scope(one.policy)), 'fleet');
    this.#slices = options.slices;
    this.#makePlan = options.plan;
    this.#kept = this.scope === 'fleet' ? undefined : plan;
  }

  build(client: ClientView): MessageObject {
    const { selected, message } = this.#plan();
    const selections = selected.map((one, index) => this.#shared?.get(index) ?? this.#select(one, index, client));
    return message(selections, this.scope);
  }

  #plan(): EndpointsPlan {
    return this.#kept ?? this.#makePlan(endpointsByPort(this.#slices));
  }

  #select({ endpoints, policy }: SelectedEndpoints, index: number, client: ClientView): Selection {
    const selection = endpoints.select(policy, client);
    if (this.scope !== 'fleet' && endpoints.scope(policy) === 'fleet') {
      this.#shared ??= new Map();
      this.#shared.set(index, selection);
    }
    return selection;
  }

  /** Undefined: anybody's. */
  changedKeys(previous: ResourceEntry): KeySet | undefined {
    if (!(previous instanceof EndpointsEntry) || previous.scope !== this.scope) return undefined;
    const before = previous.#plan();
    const { selected, basis } = this.#plan();
    if (!sameElements(basis, before.basis) || selected.length !== before.selected.length) return undefined;
    const keys = selected.map((one, index) => changedKeysOf(one, before.selected[index], this.scope));
    return keys.reduce<KeySet | undefined>(union, new Set<string>());
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
