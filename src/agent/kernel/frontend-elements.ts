import { ElementStore } from '../../nftables/element-store.ts';
import type { Frontend } from '../xds/service-view.ts';
import { CaptureElements } from './capture-elements.ts';
import type { NodeSets } from './node-sets.ts';
import { ReferenceCounts } from './reference-counts.ts';

/** What the maps hold for one frontend, by map; what is absent has no element. */
export interface FrontendValues {
  readonly services?: string;
  readonly clusterSet?: string;
  readonly localSet?: string;
  readonly unserved?: string;
  readonly affinityPort?: string;
}

/** A frontend with its address, and what it comes to. */
export interface FrontendEntry {
  readonly frontend: Frontend;
  readonly values: FrontendValues;
  /** CIDRs; undefined: every source may use it. */
  readonly allowed: readonly string[] | undefined;
}

const valueNames = ['services', 'clusterSet', 'localSet', 'unserved', 'affinityPort'] as const;

/** The elements of single addresses, protocols and ports. */
export class FrontendElements {
  readonly capture: CaptureElements;
  readonly #values: Readonly<Record<(typeof valueNames)[number], ElementStore>>;
  readonly #clusterIps: ElementStore;
  readonly #firewalled: ElementStore;
  readonly #allowed: ElementStore;
  readonly #clusterIpCounts = new ReferenceCounts<string>();

  /** @param affinityPort of the other table, which holds its elements */
  constructor(sets: NodeSets, affinityPort: ElementStore) {
    this.capture = new CaptureElements(sets);
    this.#values = {
      services: new ElementStore(sets.services),
      clusterSet: new ElementStore(sets.clusterSets),
      localSet: new ElementStore(sets.localSets),
      unserved: new ElementStore(sets.unserved),
      affinityPort,
    };
    this.#clusterIps = new ElementStore(sets.clusterIps);
    this.#firewalled = new ElementStore(sets.firewalled);
    this.#allowed = new ElementStore(sets.allowed);
  }

  /** Of the table that is replaced. */
  get stores(): readonly ElementStore[] {
    const { services, clusterSet, localSet, unserved } = this.#values;
    const own = [services, clusterSet, localSet, unserved, this.#clusterIps, this.#firewalled, this.#allowed];
    return [...own, ...this.capture.stores];
  }

  /** Replaces what an address, protocol and port come to. */
  program(key: string, before: FrontendEntry | undefined, after: FrontendEntry | undefined): void {
    for (const name of valueNames) {
      const value = after?.values[name];
      if (value === undefined) this.#values[name].remove(key);
      else this.#values[name].put(key, value);
    }
    this.#programSources(key, before?.allowed, after?.allowed);
    this.#programCapture(before?.frontend, after?.frontend);
    this.#countClusterIp(before?.frontend, after?.frontend);
  }

  #programSources(key: string, before: readonly string[] = [], after: readonly string[] | undefined): void {
    if (after === undefined) this.#firewalled.remove(key);
    else this.#firewalled.put(key);
    const wanted = new Set(after);
    for (const cidr of before) if (!wanted.has(cidr)) this.#allowed.remove(`${key} . ${cidr}`);
    for (const cidr of wanted) this.#allowed.put(`${key} . ${cidr}`);
  }

  /** Envoy must not take what has no endpoints: it would complete the handshake first. */
  #programCapture(before: Frontend | undefined, after: Frontend | undefined): void {
    const isTaken = after !== undefined && isForEnvoy(after) && after.endpointSet.verdict === 'Forward';
    if (isTaken) this.capture.put(after);
    else if (before !== undefined && isForEnvoy(before)) this.capture.remove(before);
  }

  #countClusterIp(before: Frontend | undefined, after: Frontend | undefined): void {
    if (after?.kind === 'ClusterIP' && this.#clusterIpCounts.add(after.address)) this.#clusterIps.put(after.address);
    if (before?.kind === 'ClusterIP' && this.#clusterIpCounts.release(before.address))
      this.#clusterIps.remove(before.address);
  }
}

export function isForEnvoy({ kind, protocol, dataPath }: Frontend): boolean {
  return kind === 'ClusterIP' && protocol === 'TCP' && dataPath !== 'Kernel';
}

export function keyOfFrontend({ address, protocol, port }: Frontend): string {
  return `${address} . ${protocol.toLowerCase()} . ${port}`;
}
