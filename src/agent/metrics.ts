import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { IpFamily } from '../model/service.ts';
import { KubeProxyMetrics, type LocalPolicy } from './endpoints/kube-proxy-metrics.ts';
import type { EnvoyState } from './envoy/envoy-state.ts';

/** What the gauges read when they are collected. */
export interface MetricsSource {
  readonly elements: () => number;
  readonly services: () => number;
  readonly connected: () => boolean;
  readonly envoy: () => EnvoyState['kind'];
  readonly missingScopes: () => number;
  readonly refused: () => number;
  /** Health-check node ports that could not be bound. */
  readonly failedHealthPorts: () => number;
  /** Service ports with policy Local whose endpoints are all on other nodes. */
  readonly withoutLocal: (policy: LocalPolicy, family: IpFamily) => number;
}

const envoyStates = ['Absent', 'NotReady', 'Hung', 'Overloaded', 'Connected', 'Alone'] as const;

/** The agent's metrics; docs/metrics.md describes them. */
export class AgentMetrics {
  readonly registry = new Registry();
  readonly syncSeconds: Histogram<'kind'>;
  readonly syncElements: Counter;
  readonly syncFailures: Counter;
  readonly rejectedViews: Counter;
  readonly exceptions: Counter;
  readonly unconfirmed: Counter;
  readonly kubeProxy: KubeProxyMetrics;

  constructor(source: MetricsSource, families: readonly IpFamily[] = ['IPv4', 'IPv6']) {
    const registers = [this.registry];
    collectDefaultMetrics({ register: this.registry });
    this.syncSeconds = new Histogram({
      name: 'fairlead_agent_sync_duration_seconds',
      help: 'Time of one committed transaction, by kind (full or difference)',
      labelNames: ['kind'],
      buckets: [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      registers,
    });
    this.syncElements = new Counter({
      name: 'fairlead_agent_sync_elements_total',
      help: 'Elements added to and deleted from the kernel',
      registers,
    });
    this.syncFailures = new Counter({
      name: 'fairlead_agent_sync_failures_total',
      help: 'Transactions that the kernel or nft refused',
      registers,
    });
    this.exceptions = new Counter({
      name: 'fairlead_uncaught_exceptions_total',
      help: 'Exceptions that were not caught',
      registers,
    });
    this.rejectedViews = new Counter({
      name: 'fairlead_agent_rejected_services_total',
      help: 'Malformed Services received from the controller',
      registers,
    });
    this.unconfirmed = new Counter({
      name: 'fairlead_agent_unconfirmed_changes_total',
      help: 'Changes of endpoints that Envoy did not confirm within 10 seconds',
      registers,
    });
    this.kubeProxy = new KubeProxyMetrics(this.registry, families, source.withoutLocal);
    this.#gauges(source);
  }

  #gauges(source: MetricsSource): void {
    const gauge = (name: string, help: string, read: () => number) =>
      new Gauge({
        name: `fairlead_agent_${name}`,
        help,
        registers: [this.registry],
        collect() {
          this.set(read());
        },
      });
    gauge('elements', 'Elements that the tables hold', source.elements);
    gauge('services', 'Services known from the controller', source.services);
    gauge('controller_connected', '1 while the stream to the controller is open', () => Number(source.connected()));
    gauge('failed_health_ports', 'Health-check node ports that could not be bound', source.failedHealthPorts);
    gauge('missing_scopes', 'HTTP addresses that wait until Envoy has their scope', source.missingScopes);
    gauge('refused_objects', 'Services that the kernel refused and that are left out, per family', source.refused);
    new Gauge({
      name: 'fairlead_agent_envoy_state',
      help: 'Envoy as the agent sees it: 1 for the state it is in',
      labelNames: ['state'],
      registers: [this.registry],
      collect() {
        for (const state of envoyStates) this.set({ state }, Number(source.envoy() === state));
      },
    });
  }
}
