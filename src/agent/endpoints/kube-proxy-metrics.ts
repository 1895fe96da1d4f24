import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { IpFamily } from '../../model/service.ts';

/** Of a traffic policy Local: of the cluster IP, or of the other addresses. */
export type LocalPolicy = 'internal' | 'external';

/** 1 ms to 16.4 s. */
const syncBuckets = Array.from({ length: 15 }, (_none, power) => 0.001 * 2 ** power);

const programmingBuckets = [
  ...[0.25, 0.5],
  ...Array.from({ length: 59 }, (_none, index) => 1 + index),
  ...Array.from({ length: 12 }, (_none, index) => 60 + 5 * index),
  ...Array.from({ length: 7 }, (_none, index) => 120 + 30 * index),
];

const helps = {
  sync_proxy_rules_duration_seconds: 'SyncProxyRules latency in seconds',
  sync_full_proxy_rules_duration_seconds: 'SyncProxyRules latency in seconds for full resyncs',
  sync_partial_proxy_rules_duration_seconds: 'SyncProxyRules latency in seconds for partial resyncs',
  sync_proxy_rules_last_timestamp_seconds: 'The last time proxy rules were successfully synced',
  sync_proxy_rules_last_queued_timestamp_seconds: 'The last time a sync of proxy rules was queued',
  network_programming_duration_seconds: 'In Cluster Network Programming Latency in seconds',
  sync_proxy_rules_nftables_sync_failures_total: 'Cumulative proxy nftables sync failures',
  sync_proxy_rules_service_changes_total: 'Cumulative proxy rules Service changes',
  sync_proxy_rules_endpoint_changes_total: 'Cumulative proxy rules Endpoint changes',
  sync_proxy_rules_service_changes_pending: 'Pending proxy rules Service changes',
  sync_proxy_rules_endpoint_changes_pending: 'Pending proxy rules Endpoint changes',
  sync_proxy_rules_no_local_endpoints_total: 'Number of services with a Local traffic policy and no endpoints',
  proxy_healthz_total: 'Cumulative proxy healthz HTTP status',
  proxy_livez_total: 'Cumulative proxy livez HTTP status',
  conntrack_reconciler_sync_duration_seconds: 'ReconcileConntrackFlowsLatency latency in seconds',
  conntrack_reconciler_deleted_entries_total: 'Cumulative conntrack flows deleted by conntrack reconciler',
} as const;

type Name = keyof typeof helps;

/** Metrics with the names, labels and buckets of kube-proxy 1.36 in nftables mode, which dashboards and alerts know. */
export class KubeProxyMetrics {
  readonly #families: readonly IpFamily[];
  readonly #registry: Registry;
  readonly #sync: Histogram<'ip_family'>;
  readonly #full: Histogram<'ip_family'>;
  readonly #partial: Histogram<'ip_family'>;
  readonly #lastTimestamp: Gauge<'ip_family'>;
  readonly #lastQueued: Gauge<'ip_family'>;
  readonly #programming: Histogram<'ip_family'>;
  readonly #failures: Counter<'ip_family'>;
  readonly #serviceChanges: Counter;
  readonly #endpointChanges: Counter;
  readonly #servicesPending: Gauge;
  readonly #endpointsPending: Gauge;
  readonly healthz: Counter<'code'>;
  readonly livez: Counter<'code'>;
  readonly #conntrackSeconds: Histogram<'ip_family'>;
  readonly #conntrackDeleted: Counter<'ip_family'>;

  /** @param withoutLocal service ports with policy Local whose endpoints are all on other nodes */
  constructor(
    registry: Registry,
    families: readonly IpFamily[],
    withoutLocal: (policy: LocalPolicy, family: IpFamily) => number,
  ) {
    this.#registry = registry;
    this.#families = families;
    const byFamily = ['ip_family'] as const;
    this.#sync = this.#histogram('sync_proxy_rules_duration_seconds', syncBuckets);
    this.#full = this.#histogram('sync_full_proxy_rules_duration_seconds', syncBuckets);
    this.#partial = this.#histogram('sync_partial_proxy_rules_duration_seconds', syncBuckets);
    this.#lastTimestamp = this.#gauge('sync_proxy_rules_last_timestamp_seconds', byFamily);
    this.#lastQueued = this.#gauge('sync_proxy_rules_last_queued_timestamp_seconds', byFamily);
    this.#programming = this.#histogram('network_programming_duration_seconds', programmingBuckets);
    this.#failures = this.#counter('sync_proxy_rules_nftables_sync_failures_total', byFamily);
    this.#serviceChanges = this.#counter('sync_proxy_rules_service_changes_total', []);
    this.#endpointChanges = this.#counter('sync_proxy_rules_endpoint_changes_total', []);
    this.#servicesPending = this.#gauge('sync_proxy_rules_service_changes_pending', []);
    this.#endpointsPending = this.#gauge('sync_proxy_rules_endpoint_changes_pending', []);
    this.healthz = this.#counter('proxy_healthz_total', ['code']);
    this.livez = this.#counter('proxy_livez_total', ['code']);
    this.#conntrackSeconds = this.#histogram('conntrack_reconciler_sync_duration_seconds', syncBuckets);
    this.#conntrackDeleted = this.#counter('conntrack_reconciler_deleted_entries_total', byFamily);
    this.#collectLocal(withoutLocal);
  }

  #collectLocal(withoutLocal: (policy: LocalPolicy, family: IpFamily) => number): void {
    const families = this.#families;
    new Gauge({
      name: 'kubeproxy_sync_proxy_rules_no_local_endpoints_total',
      help: helps.sync_proxy_rules_no_local_endpoints_total,
      labelNames: ['traffic_policy', 'ip_family'],
      registers: [this.#registry],
      collect() {
        for (const traffic_policy of ['internal', 'external'] as const) {
          for (const ip_family of families)
            this.set({ traffic_policy, ip_family }, withoutLocal(traffic_policy, ip_family));
        }
      },
    });
  }

  /** Changes came that the kernel does not have. */
  queued(changes: { readonly services: number; readonly endpoints: number }): void {
    this.#serviceChanges.inc(changes.services);
    this.#endpointChanges.inc(changes.endpoints);
    this.#servicesPending.inc(changes.services);
    this.#endpointsPending.inc(changes.endpoints);
    for (const family of this.#families) this.#lastQueued.set({ ip_family: family }, Date.now() / 1_000);
  }

  /** The kernel has everything that was received. */
  updated(): void {
    this.#servicesPending.set(0);
    this.#endpointsPending.set(0);
    for (const family of this.#families) this.#lastTimestamp.set({ ip_family: family }, Date.now() / 1_000);
  }

  /** One transaction holds the changes of all families, so each has its time. */
  synced({ full, durationMs }: { readonly full: boolean; readonly durationMs: number }): void {
    for (const family of this.#families) {
      const labels = { ip_family: family };
      this.#sync.observe(labels, durationMs / 1_000);
      (full ? this.#full : this.#partial).observe(labels, durationMs / 1_000);
    }
  }

  failed(): void {
    for (const family of this.#families) this.#failures.inc({ ip_family: family });
  }

  /** Connection tracking was searched for flows to former endpoints. */
  cleanedUp(family: IpFamily, durationMs: number, deleted: number): void {
    this.#conntrackSeconds.observe({ ip_family: family }, durationMs / 1_000);
    this.#conntrackDeleted.inc({ ip_family: family }, deleted);
  }

  /** From the change of a slice until kernel and Envoy had it. */
  programmed(family: IpFamily, ms: number): void {
    this.#programming.observe({ ip_family: family }, Math.max(0, ms) / 1_000);
  }

  #histogram(name: Name, buckets: number[]): Histogram<'ip_family'> {
    const registers = [this.#registry];
    return new Histogram({
      name: `kubeproxy_${name}`,
      help: helps[name],
      buckets,
      labelNames: ['ip_family'],
      registers,
    });
  }

  #gauge<T extends string>(name: Name, labelNames: readonly T[]): Gauge<T> {
    return new Gauge({ name: `kubeproxy_${name}`, help: helps[name], labelNames, registers: [this.#registry] });
  }

  #counter<T extends string>(name: Name, labelNames: readonly T[]): Counter<T> {
    return new Counter({ name: `kubeproxy_${name}`, help: helps[name], labelNames, registers: [this.#registry] });
  }
}
