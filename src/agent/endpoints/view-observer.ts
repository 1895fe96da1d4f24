import type { IpFamily } from '../../model/service.ts';
import type { ServiceView } from '../xds/service-view.ts';
import type { LocalPolicy } from './kube-proxy-metrics.ts';
import type { ServiceCheck } from './service-health.ts';

/** A change of endpoints that is being programmed. */
export interface EndpointChange {
  /** `namespace/name`. */
  readonly service: string;
  /** When it was caused, milliseconds since 1970. */
  readonly causedAt: number;
  readonly families: readonly IpFamily[];
  /** Connections to it may go through Envoy. */
  readonly usesEnvoy: boolean;
}

/** What was received since the kernel had everything. */
export interface Changes {
  readonly services: number;
  readonly endpoints: number;
}

/** What operators are told of the Services: by metrics, and by health-check node ports. */
export class ViewObserver {
  readonly #startedAt: number;
  readonly #onCheck: (service: string, check: ServiceCheck | undefined) => void;
  /** When the newest change of endpoints was caused, by Service. */
  readonly #causedAt = new Map<string, number>();
  /** Services with frontends that have endpoints on other nodes only. */
  readonly #withoutLocal = new Map<string, readonly `${LocalPolicy} ${IpFamily}`[]>();
  #changes: EndpointChange[] = [];
  #services = 0;
  #endpoints = 0;

  /** @param startedAt changes that were caused earlier are not measured, as they did not wait for this agent */
  constructor(startedAt: number, onCheck: (service: string, check: ServiceCheck | undefined) => void) {
    this.#startedAt = startedAt;
    this.#onCheck = onCheck;
  }

  put(view: ServiceView): void {
    const { key, frontends, healthCheck, endpointsChangedMs } = view;
    const before = this.#causedAt.get(key);
    const isGone = frontends.length === 0;
    this.#count(before, isGone ? undefined : endpointsChangedMs);
    if (isGone) this.#causedAt.delete(key);
    else this.#causedAt.set(key, endpointsChangedMs);
    if (!isGone && endpointsChangedMs !== before && endpointsChangedMs > this.#startedAt)
      this.#changes.push(changeOf(view));
    this.#setWithoutLocal(view);
    const readyLocal = Math.max(healthCheck?.readyLocal.IPv4 ?? 0, healthCheck?.readyLocal.IPv6 ?? 0);
    this.#onCheck(key, healthCheck === undefined ? undefined : { port: healthCheck.port, readyLocal });
  }

  /** What came since the last call. */
  takeCounts(): Changes {
    const counts = { services: this.#services, endpoints: this.#endpoints };
    this.#services = 0;
    this.#endpoints = 0;
    return counts;
  }

  /** Changes that the kernel has now. */
  takeChanges(): readonly EndpointChange[] {
    const changes = this.#changes;
    this.#changes = [];
    return changes;
  }

  /** Service ports with policy Local that have endpoints, none of them on this node. */
  withoutLocal(policy: LocalPolicy, family: IpFamily): number {
    return [...this.#withoutLocal.values()].flat().filter((each) => each === `${policy} ${family}`).length;
  }

  /** A view holds both: without a newer change of endpoints it is the Service that changed. */
  #count(before: number | undefined, now: number | undefined): void {
    if (before === undefined || now === undefined || before === now) this.#services += 1;
    if (now !== undefined && before !== now) this.#endpoints += 1;
  }

  /** Frontends of one port share their set, so sets are counted. Only policy Local drops. */
  #setWithoutLocal({ key, frontends }: ServiceView): void {
    const dropping = frontends.filter(({ endpointSet }) => endpointSet.verdict === 'Drop');
    const policyOf = (isClusterIp: boolean): LocalPolicy => (isClusterIp ? 'internal' : 'external');
    const texts = (['ClusterIP', 'other'] as const).flatMap((kind) => {
      const ofKind = dropping.filter((frontend) => (frontend.kind === 'ClusterIP') === (kind === 'ClusterIP'));
      const sets = [...new Set(ofKind.map(({ endpointSet }) => endpointSet))];
      return sets.map(({ family }) => `${policyOf(kind === 'ClusterIP')} ${family}` as const);
    });
    if (texts.length === 0) this.#withoutLocal.delete(key);
    else this.#withoutLocal.set(key, texts);
  }
}

function changeOf({ key, frontends, endpointsChangedMs }: ServiceView): EndpointChange {
  return {
    service: key,
    causedAt: endpointsChangedMs,
    families: [...new Set(frontends.map(({ family }) => family))],
    usesEnvoy: frontends.some(({ dataPath }) => dataPath !== 'Kernel'),
  };
}
