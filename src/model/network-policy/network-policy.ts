import type { LabelSelector, Labels } from './label-selector.ts';

/** Of a networking.k8s.io/v1 NetworkPolicy: whom it selects for what. Whom it allows is for those who enforce it. */
export interface NetworkPolicy {
  readonly namespace: string;
  readonly name: string;
  readonly podSelector: LabelSelector;
  readonly ingress: boolean;
  readonly egress: boolean;
}

/**
 * A policy of another kind (Calico's, Cilium's, an AdminNetworkPolicy ...), of which only its place is known: it may select
 * every pod there, for ingress and egress.
 */
export interface OtherPolicy {
  /** Undefined: the whole cluster. */
  readonly namespace: string | undefined;
}

/** A pod that has addresses of its own and was not ended. Others are subject to no NetworkPolicy, and are not kept. */
export interface Pod {
  readonly namespace: string;
  readonly name: string;
  readonly nodeName: string;
  /** Canonical text, at most one of each family. */
  readonly addresses: readonly string[];
  readonly labels: Labels;
}
