import { AddressClaims } from './address-claims.ts';
import type { EndpointSlice } from './endpoint.ts';
import type { Namespace } from './namespace.ts';
import type { NetworkPolicy, OtherPolicy, Pod } from './network-policy/network-policy.ts';
import { PolicedPods } from './network-policy/policed-pods.ts';
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
  readonly NetworkPolicy: NetworkPolicy;
  /** Policies of all other kinds; keys begin with the resource and its group. */
  readonly OtherPolicy: OtherPolicy;
  /** Only while there is a policy. */
  readonly Pod: Pod;
}

export type KindName = keyof ObjectKinds;

/** What can be asked of the model. Each answer is that of one key: an object's, or of an index over objects. */
export interface ModelReader {
  get<K extends KindName>(kind: K, key: string): ObjectKinds[K] | undefined;
  /** Slices of a Service by the Service's key, in order of slice name. */
  slicesOf(serviceKey: string): readonly EndpointSlice[];
  /** The Service that holds a cluster IP: where two claim one, the older, then the first by key. */
  ownerOf(clusterIP: string): string | undefined;
  /**
   * Names of nodes on which an endpoint of a Service, by the Service's key, is selected by a policy for ingress; undefined: no
   * policy can. A part of the answer of `slicesOf`: another one is told as another one of that.
   */
  policedNodesOf(serviceKey: string): ReadonlySet<string> | undefined;
  /** Addresses of the pods of a node that a policy selects for egress, in order of text. */
  kernelPathPodsOf(nodeName: string): readonly string[];
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
export type ModelUpdate = { readonly [K in KindName]: UpdateOf<K> }[KindName];

interface UpdateOf<K extends KindName> {
  readonly kind: K;
  readonly key: string;
  readonly value: ObjectKinds[K] | undefined;
}

/** The questions of a ModelReader; `get` is one for each kind. That without an argument has one key, which is empty. */
export type Question = KindName | 'slicesOf' | 'ownerOf' | 'serviceCidrs' | 'kernelPathPodsOf';

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
    NetworkPolicy: new Map(),
    OtherPolicy: new Map(),
    Pod: new Map(),
  };
  readonly #slices = new SlicesByService();
  readonly #policed = new PolicedPods({
    slices: () => this.#objects.EndpointSlice.values(),
    services: () => this.#objects.Service.keys(),
  });
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

  policedNodesOf(serviceKey: string): ReadonlySet<string> | undefined {
    const namespace = serviceKey.slice(0, serviceKey.indexOf('/'));
    return this.#policed.policedNodesOf(namespace, this.slicesOf(serviceKey));
  }

  kernelPathPodsOf(nodeName: string): readonly string[] {
    return this.#policed.kernelPathPodsOf(nodeName);
  }

  serviceCidrs(): readonly string[] {
    const cidrs = [...this.#objects.ServiceCIDR.values()].flatMap((one) => one.cidrs);
    return [...new Set(cidrs)].sort();
  }

  /** Applies a batch; undefined when nothing differs. */
  apply(updates: Iterable<ModelUpdate>): ModelChange | undefined {
    const changed = noChange();
    for (const update of updates) this.#applyOne(update, changed);
    if (Object.values(changed).every(({ size }) => size === 0)) return undefined;
    this.#revision += 1;
    return { revision: this.#revision, changed };
  }

  #applyOne(update: ModelUpdate, changed: MutableChange): void {
    const policed = { nodes: changed.kernelPathPodsOf, services: changed.slicesOf };
    switch (update.kind) {
      case 'Service':
        this.#replace(update, changed, (before, after) => {
          for (const address of this.#claims.replace(update.key, before, after)) changed.ownerOf.add(address);
        });
        break;
      case 'EndpointSlice':
        this.#replace(update, changed, (before, after) => {
          this.#policed.replaceSlice(before, after);
          for (const serviceKey of this.#slices.replace(before, after)) changed.slicesOf.add(serviceKey);
        });
        break;
      case 'Node':
      case 'Namespace':
        this.#replace(update, changed, () => undefined);
        break;
      case 'ServiceCIDR':
        this.#replace(update, changed, () => changed.serviceCidrs.add(''));
        break;
      case 'NetworkPolicy':
        this.#replace(update, changed, (before, after) => this.#policed.replacePolicy(before, after, policed));
        break;
      case 'OtherPolicy':
        this.#replace(update, changed, (before, after) => this.#policed.replaceOther(before, after, policed));
        break;
      case 'Pod':
        this.#replace(update, changed, (before, after) => this.#policed.replacePod(before, after, policed));
        break;
    }
  }

  #replace<K extends KindName>(
    { kind, key, value: after }: UpdateOf<K>,
    changed: MutableChange,
    reindex: (before: ObjectKinds[K] | undefined, after: ObjectKinds[K] | undefined) => void,
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

function noChange(): MutableChange {
  return {
    Service: new Set(),
    EndpointSlice: new Set(),
    Node: new Set(),
    Namespace: new Set(),
    ServiceCIDR: new Set(),
    NetworkPolicy: new Set(),
    OtherPolicy: new Set(),
    Pod: new Set(),
    slicesOf: new Set(),
    ownerOf: new Set(),
    serviceCidrs: new Set(),
    kernelPathPodsOf: new Set(),
  };
}

/** Plain data built by one converter has one key order, so its text tells equality. */
function same(a: unknown, b: unknown): boolean {
  return a === b || (a !== undefined && b !== undefined && JSON.stringify(a) === JSON.stringify(b));
}
