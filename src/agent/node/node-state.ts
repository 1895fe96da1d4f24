import type { IpFamily } from '../../model/service.ts';
import type { PodDetector } from '../kernel/pod-detector.ts';
import type { NodeView } from '../xds/node-view.ts';
import type { LocalAddresses } from './local-addresses.ts';
import { type NodeFactsOptions, type NodePortAddresses, nodePortAddressesOf, primaryAddress } from './node-facts.ts';
import { type DetectorOptions, podDetectorOf } from './pod-detector.ts';

/** What the kernel and the servers of the agent are told of the node. */
export interface NodeFacts {
  /** The node's main addresses. */
  readonly primary: Readonly<Partial<Record<IpFamily, string>>>;
  /** At which NodePorts and health-check ports are reached. */
  readonly nodePorts: NodePortAddresses;
  readonly pods: Readonly<Record<IpFamily, PodDetector>>;
  /** Ranges of cluster IPs; empty: unknown. */
  readonly serviceCidrs: readonly string[];
  /** Pods whose connections are not redirected to Envoy. */
  readonly kernelPathPods: readonly string[];
  /** Load balancers may send to the node: it is known, and not leaving. */
  readonly isEligible: boolean;
}

export interface NodeStateOptions extends NodeFactsOptions {
  readonly detector: DetectorOptions;
}

/** Joins what the controller and the kernel tell of the node. */
export class NodeState {
  readonly #options: NodeStateOptions;
  readonly #onChange: (facts: NodeFacts) => void;
  #local: LocalAddresses = { IPv4: [], IPv6: [] };
  #view: NodeView | undefined;
  #told = '';

  constructor(options: NodeStateOptions, onChange: (facts: NodeFacts) => void) {
    this.#options = options;
    this.#onChange = onChange;
  }

  get view(): NodeView | undefined {
    return this.#view;
  }

  get facts(): NodeFacts {
    const view = this.#view;
    const cidrs = view?.podCidrs ?? [];
    const podsOf = (family: IpFamily) => podDetectorOf(this.#options.detector, family, cidrs);
    const primaryOf = (family: IpFamily) => primaryAddress(family, this.#options, view);
    const [ipv4, ipv6] = [primaryOf('IPv4'), primaryOf('IPv6')];
    return {
      primary: { ...(ipv4 === undefined ? {} : { IPv4: ipv4 }), ...(ipv6 === undefined ? {} : { IPv6: ipv6 }) },
      nodePorts: nodePortAddressesOf(this.#options, { local: this.#local, view }),
      pods: { IPv4: podsOf('IPv4'), IPv6: podsOf('IPv6') },
      serviceCidrs: view?.serviceCidrs ?? [],
      kernelPathPods: view?.kernelPathPods ?? [],
      isEligible: view !== undefined && !view.isLeaving,
    };
  }

  setLocal(local: LocalAddresses): void {
    this.#local = local;
    this.#tell();
  }

  /** @param view undefined: there is no Node object */
  setView(view: NodeView | undefined): void {
    this.#view = view;
    this.#tell();
  }

  #tell(): void {
    const { facts } = this;
    const text = JSON.stringify(facts);
    if (text === this.#told) return;
    this.#told = text;
    this.#onChange(facts);
  }
}
