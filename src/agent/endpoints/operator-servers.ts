import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { HostPort } from '../../base/host-port.ts';
import { type HttpAnswer, type HttpRoutes, HttpServer } from '../../base/http-server.ts';
import { type Blockers, readyz } from '../../base/readiness.ts';
import type { ReportReason } from '../../model/report-reasons.ts';
import type { KubeProxyMetrics } from './kube-proxy-metrics.ts';
import { PersistentListener } from './persistent-listener.ts';
import type { HealthReport, ProxyHealth } from './proxy-health.ts';

export interface OperatorServersOptions {
  readonly healthAddress: HostPort;
  readonly metricsAddress: HostPort;
  /** An address that cannot be bound ends the agent. */
  readonly isRequired: boolean;
  /** The effective AgentConfiguration. */
  readonly configuration: object;
}

export interface OperatorServersSource {
  readonly health: ProxyHealth;
  readonly registry: Registry;
  readonly counters: Pick<KubeProxyMetrics, 'healthz' | 'livez'>;
  readonly conditions: readonly string[];
  readonly blockers: () => Blockers;
  readonly report: (reason: ReportReason, note: string) => void;
}

/** What kube-proxy serves on its two ports, and /readyz. */
export class OperatorServers {
  readonly #health: PersistentListener;
  readonly #metrics: PersistentListener;

  constructor(options: OperatorServersOptions, source: OperatorServersSource, logger: Logger) {
    const { isRequired } = options;
    this.#health = new PersistentListener({
      server: new HttpServer(healthRoutes(source), logger),
      address: options.healthAddress,
      what: '/healthz, /livez and /readyz',
      isRequired,
      onFailure: (reason) => source.report('FailedToStartProxierHealthcheck', reason),
      logger,
    });
    this.#metrics = new PersistentListener({
      server: new HttpServer(metricsRoutes(source, options.configuration), logger),
      address: options.metricsAddress,
      what: '/metrics',
      isRequired,
      onFailure: (reason) => source.report('FailedToStartMetricServer', reason),
      logger,
    });
  }

  /** @throws FairleadError when an address cannot be bound and must be */
  async start(): Promise<{ readonly health: HostPort | undefined; readonly metrics: HostPort | undefined }> {
    return { health: await this.#health.start(), metrics: await this.#metrics.start() };
  }

  async stop(): Promise<void> {
    await this.#health.stop();
    await this.#metrics.stop();
  }
}

function healthRoutes({ health, counters, conditions, blockers }: OperatorServersSource): HttpRoutes {
  return {
    '/healthz': () => {
      const { ok, report } = health.ready();
      counters.healthz.inc({ code: ok ? '200' : '503' });
      return answerOf(ok, report);
    },
    '/livez': () => {
      const report = health.live();
      counters.livez.inc({ code: report.healthy ? '200' : '503' });
      return answerOf(report.healthy, report);
    },
    '/readyz': (query) => readyz(conditions, blockers(), query),
  };
}

/** As kube-proxy writes it: on one line. */
function answerOf(ok: boolean, report: HealthReport): HttpAnswer {
  return { status: ok ? 200 : 503, text: JSON.stringify(report), contentType: 'application/json' };
}

/** `/proxyMode` answers with the mode of kube-proxy that is the same to users; where Envoy comes in, a header says. */
function metricsRoutes({ registry }: OperatorServersSource, configuration: object): HttpRoutes {
  return {
    '/metrics': async () => ({ status: 200, text: await registry.metrics(), contentType: registry.contentType }),
    '/healthz': () => ({ status: 200, text: 'ok' }),
    '/proxyMode': () => ({ status: 200, text: 'nftables', headers: { 'x-fairlead-data-path': 'envoy' } }),
    '/configz': () => ({ status: 200, json: { 'config.fairlead.dev': configuration } }),
  };
}
