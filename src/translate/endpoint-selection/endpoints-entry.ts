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
  /** The same, of what is in the message only where all clients have the same endpoints. */
  readonly fleetBasis?: readonly unknown[];
  /**
   * Nodes that get a variant of the message, whatever their endpoints. Undefined: there is none. With an empty set nodes are told
   * one by one all the same: to come to that and back, each would have to be sent the message again.
   */
  readonly variantNodes?: ReadonlySet<string> | undefined;
  /** The message for the selections in order, for the scope in which clients have the same endpoints. */
  readonly message: (selections: readonly Selection[], scope: Scope, isVariant: boolean) => MessageObject;
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
  readonly shareKey: ResourceEntry['shareKey'];
  /** In which clients have the same endpoints; with variants, `scope` is narrower. */
  readonly #endpointsScope: Scope;
  readonly #variantNodes: ReadonlySet<string>;
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
    const { selected, variantNodes } = plan;
    this.#endpointsScope = selected.reduce<Scope>((scope, one) => {
      return narrower(scope, one.endpoints.scope(one.policy));
    }, 'fleet');
    this.#variantNodes = variantNodes ?? none;
    this.scope = variantNodes === undefined ? this.#endpointsScope : 'node';
    this.shareKey = variantNodes === undefined ? undefined : shareKeyOf(this.#endpointsScope, variantNodes);
    this.#slices = options.slices;
    this.#makePlan = options.plan;
    this.#kept = this.scope === 'fleet' ? undefined : plan;
  }

  build(client: ClientView): MessageObject {
    const { selected, message } = this.#plan();
    const selections = selected.map((one, index) => this.#shared?.get(index) ?? this.#select(one, index, client));
    return message(selections, this.#endpointsScope, this.#variantNodes.has(client.nodeName));
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
    const scope = this.#endpointsScope;
    const before = previous.#plan();
    const now = this.#plan();
    if (previous.#endpointsScope !== scope || !sameBasis(now, before, scope)) return undefined;
    const keys = now.selected.map((one, index) => changedKeysOf(one, before.selected[index], scope));
    const changed = keys.reduce<KeySet | undefined>(union, noKeys);
    if (scope === this.scope) return union(changed, difference(this.#variantNodes, previous.#variantNodes));
    // The keys of the wider scope are no nodes.
    return isEmpty(changed) ? difference(this.#variantNodes, previous.#variantNodes) : undefined;
  }
}

const none: ReadonlySet<string> = new Set();
const noKeys: KeySet = none;

/** Nodes that have the same endpoints differ by nothing but the variant. */
function shareKeyOf(scope: Scope, variantNodes: ReadonlySet<string>): ResourceEntry['shareKey'] {
  if (scope === 'node') return undefined;
  return ({ nodeName, zone }) => {
    const variant = variantNodes.has(nodeName) ? 'variant' : 'usual';
    return scope === 'zone' ? `${variant}/${zone}` : `${variant}/`;
  };
}

function difference(a: ReadonlySet<string>, b: ReadonlySet<string>): KeySet {
  return new Set([...a, ...b].filter((key) => a.has(key) !== b.has(key)));
}

function isEmpty(keys: KeySet | undefined): boolean {
  return keys instanceof Set && keys.size === 0;
}

function sameBasis(a: EndpointsPlan, b: EndpointsPlan, scope: Scope): boolean {
  const { fleetBasis: own = [] } = a;
  const { fleetBasis: other = [] } = b;
  if (!sameElements(a.basis, b.basis) || a.selected.length !== b.selected.length) return false;
  return scope !== 'fleet' || sameElements(own, other);
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
