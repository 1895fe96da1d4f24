import { keyOf } from './address.ts';
import type { EndpointSlice } from './endpoint.ts';
import type { Node } from './node.ts';
import type { Service } from './service.ts';

/** All that was learned of a cluster, at one revision. Keys are `namespace/name`; node keys are names. */
export interface Model {
  /** Grows by one with each change. */
  readonly revision: number;
  readonly services: ReadonlyMap<string, Service>;
  readonly nodes: ReadonlyMap<string, Node>;
  /** Slices of a Service by the Service's key, in order of slice name. */
  slicesOf(serviceKey: string): readonly EndpointSlice[];
  /** The Service that holds a cluster IP: where two claim one, the older, then the first by key. */
  ownerOf(clusterIP: string): string | undefined;
}

/** Every kind of object that the model holds, by Kubernetes' name of the kind. */
export interface ObjectKinds {
  readonly Service: Service;
  readonly EndpointSlice: EndpointSlice;
  readonly Node: Node;
}

export type KindName = keyof ObjectKinds;

/** `value` undefined is a deletion. `key` is `namespace/name`; of cluster-scoped kinds it is the name. */
export type ModelUpdate = {
  readonly [K in KindName]: { readonly kind: K; readonly key: string; readonly value: ObjectKinds[K] | undefined };
}[KindName];

/** Keys of what differs from the revision before. */
export interface ModelChange {
  readonly revision: number;
  /** Services that came, went or changed, and those that claim a cluster IP that another holds now. */
  readonly services: ReadonlySet<string>;
  /** Services (not slices) whose endpoints changed. */
  readonly endpoints: ReadonlySet<string>;
  readonly nodes: ReadonlySet<string>;
}

type MutableChange = { readonly services: Set<string>; readonly endpoints: Set<string>; readonly nodes: Set<string> };

/** The one mutable model of a process. */
export class ModelStore implements Model {
  #revision = 0;
  readonly #services = new Map<string, Service>();
  readonly #nodes = new Map<string, Node>();
  readonly #slices = new Map<string, EndpointSlice>();
  readonly #sliceKeysByService = new Map<string, Set<string>>();
  readonly #sortedSlices = new Map<string, readonly EndpointSlice[]>();
  readonly #claims = new Map<string, Set<string>>();

  get revision(): number {
    return this.#revision;
  }

  get services(): ReadonlyMap<string, Service> {
    return this.#services;
  }

  get nodes(): ReadonlyMap<string, Node> {
    return this.#nodes;
  }

  slicesOf(serviceKey: string): readonly EndpointSlice[] {
    const known = this.#sortedSlices.get(serviceKey);
    if (known !== undefined) return known;
    const keys = [...(this.#sliceKeysByService.get(serviceKey) ?? [])].sort();
    const slices = keys.flatMap((key) => this.#slices.get(key) ?? []);
    if (slices.length > 0) this.#sortedSlices.set(serviceKey, slices);
    return slices;
  }

  ownerOf(clusterIP: string): string | undefined {
    const claims = this.#claims.get(clusterIP);
    if (claims === undefined) return undefined;
    return [...claims].reduce((first, second) => (this.#precedes(second, first) ? second : first));
  }

  /** Applies a batch; undefined when nothing differs. */
  apply(updates: Iterable<ModelUpdate>): ModelChange | undefined {
    const change: MutableChange = { services: new Set(), endpoints: new Set(), nodes: new Set() };
    for (const update of updates) this.#applyOne(update, change);
    if (change.services.size + change.endpoints.size + change.nodes.size === 0) return undefined;
    this.#revision += 1;
    return { revision: this.#revision, ...change };
  }

  #applyOne(update: ModelUpdate, change: MutableChange): void {
    switch (update.kind) {
      case 'Service':
        this.#applyService(update.key, update.value, change);
        break;
      case 'EndpointSlice':
        this.#applySlice(update.key, update.value, change);
        break;
      case 'Node':
        this.#applyNode(update.key, update.value, change);
        break;
    }
  }

  #applyNode(key: string, value: Node | undefined, change: MutableChange): void {
    if (same(this.#nodes.get(key), value)) return;
    put(this.#nodes, key, value);
    change.nodes.add(key);
  }

  #applyService(key: string, value: Service | undefined, change: MutableChange): void {
    const before = this.#services.get(key);
    if (same(before, value)) return;
    const addresses = new Set([...(before?.clusterIPs ?? []), ...(value?.clusterIPs ?? [])]);
    const ownersBefore = [...addresses].map((address) => this.ownerOf(address));
    for (const address of before?.clusterIPs ?? []) removeFrom(this.#claims, address, key);
    put(this.#services, key, value);
    for (const address of value?.clusterIPs ?? []) addTo(this.#claims, address, key);
    const ownersAfter = [...addresses].map((address) => this.ownerOf(address));
    change.services.add(key);
    [...addresses].forEach((address, index) => {
      if (ownersAfter[index] === ownersBefore[index]) return;
      for (const claimant of this.#claims.get(address) ?? []) change.services.add(claimant);
    });
  }

  #applySlice(key: string, value: EndpointSlice | undefined, change: MutableChange): void {
    const before = this.#slices.get(key);
    if (same(before, value)) return;
    put(this.#slices, key, value);
    if (before !== undefined) this.#forgetSlice(serviceKeyOf(before), key, change);
    if (value === undefined) return;
    const owner = serviceKeyOf(value);
    addTo(this.#sliceKeysByService, owner, key);
    this.#sortedSlices.delete(owner);
    change.endpoints.add(owner);
  }

  #forgetSlice(owner: string, key: string, change: MutableChange): void {
    removeFrom(this.#sliceKeysByService, owner, key);
    this.#sortedSlices.delete(owner);
    change.endpoints.add(owner);
  }

  /** Whether the Service `a` comes before `b` where both claim one cluster IP. */
  #precedes(a: string, b: string): boolean {
    const createdA = this.#services.get(a)?.createdAt ?? '';
    const createdB = this.#services.get(b)?.createdAt ?? '';
    return createdA === createdB ? a < b : createdA < createdB;
  }
}

function serviceKeyOf(slice: EndpointSlice): string {
  return keyOf({ namespace: slice.namespace, name: slice.serviceName });
}

function put<V>(map: Map<string, V>, key: string, value: V | undefined): void {
  if (value === undefined) map.delete(key);
  else map.set(key, value);
}

function addTo(map: Map<string, Set<string>>, key: string, value: string): void {
  const set = map.get(key);
  if (set === undefined) map.set(key, new Set([value]));
  else set.add(value);
}

function removeFrom(map: Map<string, Set<string>>, key: string, value: string): void {
  const set = map.get(key);
  set?.delete(value);
  if (set?.size === 0) map.delete(key);
}

/** Plain data built by one converter has one key order, so its text tells equality. */
function same(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}
