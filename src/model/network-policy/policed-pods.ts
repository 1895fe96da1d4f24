import { keyOf } from '../address.ts';
import type { EndpointSlice } from '../endpoint.ts';
import { Multimap } from './multimap.ts';
import type { NetworkPolicy, OtherPolicy, Pod } from './network-policy.ts';
import { type Policed, PolicySet } from './policy-set.ts';

/** Whose answers differ after a change. */
export interface PolicedChange {
  /** Names of nodes, for `kernelPathPodsOf`. */
  readonly nodes: Set<string>;
  /** Keys of Services, for `policedNodesOf`. */
  readonly services: Set<string>;
}

/** What policed pods are compared with. */
interface Surroundings {
  /** Asked for when the first pod comes. */
  readonly slices: () => Iterable<EndpointSlice>;
  /** Keys of all Services; asked for when a namespace gets its first policy, or loses the last. */
  readonly services: () => Iterable<string>;
}

/**
 * Which pods NetworkPolicies select, kept in step with policies, pods and slices. A change of a pod costs its namespace's
 * policies and the slices that have its address; one of a policy costs the pods of its namespace.
 */
export class PolicedPods {
  readonly #policies = new PolicySet();
  /** By namespace, in which all policies but the others' select. */
  readonly #pods = new Map<string, Map<Pod, Policed>>();
  /** Those that are selected for egress, by node. */
  readonly #egress = new Multimap<Pod>();
  /** Those that are selected for ingress, by address: one may be that of a pod that ends and of its successor. */
  readonly #ingress = new Multimap<Pod>();
  /** Kept as long as there are pods. */
  readonly #slices = new Multimap<EndpointSlice>();
  readonly #surroundings: Surroundings;

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings;
  }

  /** Addresses of the pods of a node that a policy selects for egress, in order. */
  kernelPathPodsOf(nodeName: string): readonly string[] {
    return [...new Set(this.#egress.get(nodeName).flatMap(({ addresses }) => addresses))].sort();
  }

  /**
   * The nodes on which a pod with an address of a Service's slices is selected for ingress. Undefined: there is no policy in
   * its namespace, so that a change of pods cannot make it another answer.
   */
  policedNodesOf(namespace: string, slices: readonly EndpointSlice[]): ReadonlySet<string> | undefined {
    const nodes = new Set<string>();
    if (this.#ingress.size > 0) this.#collectNodes(slices, nodes);
    return nodes.size > 0 || this.#policies.hasIngress(namespace) ? nodes : undefined;
  }

  #collectNodes(slices: readonly EndpointSlice[], nodes: Set<string>): void {
    for (const { endpoints } of slices) {
      for (const { address } of endpoints) {
        if (!this.#ingress.has(address)) continue;
        for (const { nodeName } of this.#ingress.get(address)) nodes.add(nodeName);
      }
    }
  }

  replacePolicy(before: NetworkPolicy | undefined, after: NetworkPolicy | undefined, change: PolicedChange): void {
    const namespaces = new Set([before, after].flatMap((policy) => policy?.namespace ?? []));
    this.#changePolicies([...namespaces], change, () => this.#policies.replace(before, after));
  }

  replaceOther(before: OtherPolicy | undefined, after: OtherPolicy | undefined, change: PolicedChange): void {
    const places = [before, after].filter((policy) => policy !== undefined);
    const isClusterWide = places.some(({ namespace }) => namespace === undefined);
    const namespaces = isClusterWide ? this.#namespaces() : places.flatMap(({ namespace }) => namespace ?? []);
    this.#changePolicies([...new Set(namespaces)], change, () => this.#policies.replaceOther(before, after));
  }

  replacePod(before: Pod | undefined, after: Pod | undefined, change: PolicedChange): void {
    if (before !== undefined) this.#removePod(before, change);
    if (after !== undefined) this.#addPod(after, change);
    if (this.#pods.size === 0) this.#slices.clear();
  }

  replaceSlice(before: EndpointSlice | undefined, after: EndpointSlice | undefined): void {
    if (this.#pods.size === 0) return;
    if (before !== undefined) for (const { address } of before.endpoints) this.#slices.delete(address, before);
    if (after !== undefined) this.#addSlice(after);
  }

  #addSlice(slice: EndpointSlice): void {
    for (const { address } of slice.endpoints) this.#slices.add(address, slice);
  }

  #addPod(pod: Pod, change: PolicedChange): void {
    if (this.#pods.size === 0) for (const slice of this.#surroundings.slices()) this.#addSlice(slice);
    const pods = this.#pods.get(pod.namespace) ?? new Map<Pod, Policed>();
    this.#pods.set(pod.namespace, pods);
    const policed = this.#policies.policed(pod);
    pods.set(pod, policed);
    this.#mark(pod, policed, 'add', change);
  }

  #removePod(pod: Pod, change: PolicedChange): void {
    const pods = this.#pods.get(pod.namespace);
    const policed = pods?.get(pod);
    if (pods === undefined || policed === undefined) return;
    this.#mark(pod, policed, 'delete', change);
    pods.delete(pod);
    if (pods.size === 0) this.#pods.delete(pod.namespace);
  }

  /** All that have pods or Services. */
  #namespaces(): readonly string[] {
    return [...this.#pods.keys(), ...[...this.#surroundings.services()].map(namespaceOf)];
  }

  #changePolicies(namespaces: readonly string[], change: PolicedChange, apply: () => void): void {
    const before = namespaces.map((namespace) => this.#policies.hasIngress(namespace));
    apply();
    const flipped = namespaces.filter((namespace, index) => this.#policies.hasIngress(namespace) !== before[index]);
    if (flipped.length > 0) this.#markServices(new Set(flipped), change);
    for (const namespace of namespaces) this.#selectIn(namespace, change);
  }

  #markServices(namespaces: ReadonlySet<string>, { services }: PolicedChange): void {
    for (const key of this.#surroundings.services()) if (namespaces.has(namespaceOf(key))) services.add(key);
  }

  /** Again, after the policies of a namespace changed. */
  #selectIn(namespace: string, change: PolicedChange): void {
    const pods = this.#pods.get(namespace) ?? new Map<Pod, Policed>();
    for (const [pod, before] of pods) {
      const after = this.#policies.policed(pod);
      const [ingress, egress] = [before.ingress !== after.ingress, before.egress !== after.egress];
      if (!ingress && !egress) continue;
      this.#mark(pod, { ingress: ingress && before.ingress, egress: egress && before.egress }, 'delete', change);
      this.#mark(pod, { ingress: ingress && after.ingress, egress: egress && after.egress }, 'add', change);
      pods.set(pod, after);
    }
  }

  #mark(pod: Pod, { ingress, egress }: Policed, action: 'add' | 'delete', { nodes, services }: PolicedChange): void {
    if (egress) {
      this.#egress[action](pod.nodeName, pod);
      nodes.add(pod.nodeName);
    }
    if (!ingress) return;
    for (const address of pod.addresses) {
      this.#ingress[action](address, pod);
      for (const { namespace, serviceName } of this.#slices.get(address)) {
        services.add(keyOf({ namespace, name: serviceName }));
      }
    }
  }
}

function namespaceOf(key: string): string {
  return key.slice(0, key.indexOf('/'));
}
