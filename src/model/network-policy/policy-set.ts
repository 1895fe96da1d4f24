import { matches } from './label-selector.ts';
import type { NetworkPolicy, OtherPolicy, Pod } from './network-policy.ts';

/** For what a pod is selected by any policy. */
export interface Policed {
  readonly ingress: boolean;
  readonly egress: boolean;
}

const free: Policed = { ingress: false, egress: false };
const everything: Policed = { ingress: true, egress: true };

/** The policies of a cluster, by namespace. */
export class PolicySet {
  readonly #policies = new Map<string, Set<NetworkPolicy>>();
  /** How many there are of each namespace; of the whole cluster under the empty name. */
  readonly #others = new Map<string, number>();

  replace(before: NetworkPolicy | undefined, after: NetworkPolicy | undefined): void {
    if (before !== undefined) {
      const policies = this.#policies.get(before.namespace);
      policies?.delete(before);
      if (policies?.size === 0) this.#policies.delete(before.namespace);
    }
    if (after === undefined) return;
    const policies = this.#policies.get(after.namespace) ?? new Set();
    this.#policies.set(after.namespace, policies.add(after));
  }

  replaceOther(before: OtherPolicy | undefined, after: OtherPolicy | undefined): void {
    if (before !== undefined) this.#count(before, -1);
    if (after !== undefined) this.#count(after, 1);
  }

  /** Whether there is a policy that can select a pod of the namespace for ingress. */
  hasIngress(namespace: string): boolean {
    if (this.#others.has(namespace) || this.#others.has('')) return true;
    for (const { ingress } of this.#policies.get(namespace) ?? []) if (ingress) return true;
    return false;
  }

  policed(pod: Pod): Policed {
    if (this.#others.has(pod.namespace) || this.#others.has('')) return everything;
    const policies = this.#policies.get(pod.namespace);
    return policies === undefined ? free : policedBy(policies, pod);
  }

  #count({ namespace = '' }: OtherPolicy, by: number): void {
    const count = (this.#others.get(namespace) ?? 0) + by;
    if (count === 0) this.#others.delete(namespace);
    else this.#others.set(namespace, count);
  }
}

function policedBy(policies: Iterable<NetworkPolicy>, { labels }: Pod): Policed {
  let [ingress, egress] = [false, false];
  for (const policy of policies) {
    const says = (policy.ingress && !ingress) || (policy.egress && !egress);
    if (!says || !matches(policy.podSelector, labels)) continue;
    ingress ||= policy.ingress;
    egress ||= policy.egress;
    if (ingress && egress) return everything;
  }
  return { ingress, egress };
}
