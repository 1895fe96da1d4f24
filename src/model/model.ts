import { AddressClaims } from './address-claims.ts';
import type { EndpointSlice } from './endpoint.ts';
import type { Namespace } from './namespace.ts';
import type { Node } from './node.ts';
import type { Service } from './service.ts';
import type { ServiceCidr } from './service-cidr.ts';
import { SlicesByService } from './slices-by-service.ts';

/** Every kind of object that the model holds, by Kubernetes' name of the kind. */
export interface ObjectKinds {
  readonly Service: Service;
  readonly EndpointSlice: EndpointSlice;
  readonly Node: Node;
  readonly Namespace: Namespace;
  readonly ServiceCIDR: ServiceCidr;
}

export type KindName = keyof ObjectKinds;

/** What can be asked of the model. Each answer is that of one key: an object's, or of an index over objects. */
export interface ModelReader {
  get<K extends KindName>(kind: K, key: string): ObjectKinds[K] | undefined;
  /** Slices of a Service by the Service's key, in order of slice name. */
  slicesOf(serviceKey: string): readonly EndpointSlice[];
  /** The Service that holds a cluster IP: where two claim one, the older, then the first by key. */
  ownerOf(clusterIP: string): string | undefined;
  /** All ranges of cluster IPs, each once, in order of text. */
  serviceCidrs(): readonly string[];
}

/** All that was learned of a cluster, at one revision. Keys are `namespace/name`; node keys are names. */
export interface Model extends ModelReader {
  /** Grows by one with each change. */
  readonly revision: number;
  readonly services: ReadonlyMap<string, Service>;
  readonly nodes: ReadonlyMap<string, Node>;
  /** Of every object of a kind. */
  keys(kind: KindName): Iterable<string>;
}

/** `value` undefined is a deletion. `key` is `namespace/name`; of cluster-scoped kinds it is the name. */
export type ModelUpdate = {
  readonly [K in KindName]: { readonly kind: K; readonly key: string; readonly value: ObjectKinds[K] | undefined };
}[KindName];

/** The questions of a ModelReader; `get` is one for each kind. That without an argument has one key, which is empty. */
export type Question = KindName | 'slicesOf' | 'ownerOf' | 'serviceCidrs';

/** What differs from the revision before: the keys to which the answer is another. */
export interface ModelChange {
  readonly revision: number;
  readonly changed: { readonly [Q in Question]: ReadonlySet<string> };
}

type MutableChange = { readonly [Q in Question]: Set<string> };

/** The one mutable model of a process. */
export class ModelStore implements Model {
  #revision = 0;
  readonly #objects: { readonly [K in KindName]: Map<string, ObjectKinds[K]> } = {
    Service: new Map(),
    EndpointSlice: new Map(),
    Node: new Map(),
    Namespace: new Map(),
    ServiceCIDR: new Map(),
  };
  readonly #slices = new SlicesByService();
  readonly #claims = new AddressClaims();

  get revision(): number {
    return this.#revision;
  }

  get services(): ReadonlyMap<string, Service> {
    return this.#objects.Service;
  }

  get nodes(): ReadonlyMap<string, Node> {
    return this.#objects.Node;
  }

  get<K extends KindName>(kind: K, key: string): ObjectKinds[K] | undefined {
    return this.#objects[kind].get(key);
  }

  keys(kind: KindName): Iterable<string> {
    return this.#objects[kind].keys();
  }

  slicesOf(serviceKey: string): readonly EndpointSlice[] {
    return this.#slices.of(serviceKey);
  }

  ownerOf(clusterIP: string): string | undefined {
    return this.#claims.ownerOf(clusterIP);
  }

  serviceCidrs(): readonly string[] {
    const cidrs = [...this.#objects.ServiceCIDR.values()].flatMap((one) => one.cidrs);
    return [...new Set(cidrs)].sort();
  }

  /** Applies a batch; undefined when nothing differs. */
  apply(updates: Iterable<ModelUpdate>): ModelChange | undefined {
    const changed: MutableChange = {
      Service: new Set(),
      EndpointSlice: new Set(),
      Node: new Set(),
      Namespace: new Set(),
      ServiceCIDR: new Set(),
      slicesOf: new Set(),
      ownerOf: new Set(),
      serviceCidrs: new Set(),
    };
    for (const update of updates) this.#applyOne(update, changed);
    if (Object.values(changed).every(({ size }) => size === 0)) return undefined;
    this.#revision += 1;
    return { revision: this.#revision, changed };
  }

  #applyOne(update: ModelUpdate, changed: MutableChange): void {
    switch (update.kind) {
      case 'Service':
        this.#replace(update.kind, update.key, update.value, changed, (before, after) => {
          for (const address of this.#claims.replace(update.key, before, after)) changed.ownerOf.add(address);
        });
        break;
      case 'EndpointSlice':
        this.#replace(update.kind, update.key, update.value, changed, (before, after) => {
          for (const serviceKey of this.#slices.replace(before, after)) changed.slicesOf.add(serviceKey);
        });
        break;
      case 'Node':
        this.#replace(update.kind, update.key, update.value, changed);
        break;
      case 'Namespace':
        this.#replace(update.kind, update.key, update.value, changed);
        break;
      case 'ServiceCIDR':
        this.#replace(update.kind, update.key, update.value, changed, () => changed.serviceCidrs.add(''));
        break;
    }
  }

  #replace<K extends KindName>(
    kind: K,
    key: string,
    after: ObjectKinds[K] | undefined,
    changed: MutableChange,
    reindex: (before: ObjectKinds[K] | undefined, after: ObjectKinds[K] | undefined) => void = () => undefined,
  ): void {
    const objects = this.#objects[kind];
    const before = objects.get(key);
    if (same(before, after)) return;
    if (after === undefined) objects.delete(key);
    else objects.set(key, after);
    changed[kind].add(key);
    reindex(before, after);
  }
}

/** Plain data built by one converter has one key order, so its text tells equality. */
function same(a: unknown, b: unknown): boolean {
  return a === b || (a !== undefined && b !== undefined && JSON.stringify(a) === JSON.stringify(b));
}
