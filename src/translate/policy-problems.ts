import type { ServicePolicy } from '../model/policy.ts';
import type { Problem } from '../model/problem.ts';
import { refOfService, type Service } from '../model/service.ts';
import { type DataPath, dataPathOf } from './data-path.ts';
import type { TranslateSettings } from './settings.ts';

/** A setting, what a port must be to honour it, and its value where it was asked for. */
interface Setting {
  readonly annotation: string;
  readonly needs: 'Envoy' | 'Http';
  readonly value: (policy: ServicePolicy) => unknown;
}

const settings: readonly Setting[] = [
  { annotation: 'max-connections', needs: 'Envoy', value: (policy) => policy.circuitBreaker?.maxConnections },
  { annotation: 'max-pending-requests', needs: 'Envoy', value: (policy) => policy.circuitBreaker?.maxPendingRequests },
  { annotation: 'max-requests', needs: 'Http', value: (policy) => policy.circuitBreaker?.maxRequests },
  { annotation: 'max-retries', needs: 'Http', value: (policy) => policy.circuitBreaker?.maxRetries },
  { annotation: 'outlier-detection', needs: 'Envoy', value: (policy) => policy.outlierDetection?.enabled },
  {
    annotation: 'outlier-consecutive-errors',
    needs: 'Envoy',
    value: (policy) => policy.outlierDetection?.consecutiveErrors,
  },
  { annotation: 'outlier-interval', needs: 'Envoy', value: (policy) => policy.outlierDetection?.intervalMs },
  {
    annotation: 'outlier-base-ejection-time',
    needs: 'Envoy',
    value: (policy) => policy.outlierDetection?.baseEjectionTimeMs,
  },
  {
    annotation: 'outlier-max-ejection-percent',
    needs: 'Envoy',
    value: (policy) => policy.outlierDetection?.maxEjectionPercent,
  },
  { annotation: 'load-balancing', needs: 'Envoy', value: (policy) => policy.loadBalancing },
  { annotation: 'connect-timeout', needs: 'Envoy', value: (policy) => policy.timeouts?.connectMs },
  { annotation: 'request-timeout', needs: 'Http', value: (policy) => policy.timeouts?.requestMs },
  { annotation: 'idle-timeout', needs: 'Http', value: (policy) => policy.timeouts?.idleMs },
  { annotation: 'retries', needs: 'Http', value: (policy) => policy.retries },
  { annotation: 'tracing-sampling', needs: 'Http', value: (policy) => policy.tracing },
];

/** What of a Service's policy none of its ports can honour, and what the kernel path does not do yet. */
export function policyProblems(service: Service, { tracing }: TranslateSettings): readonly Problem[] {
  const paths = new Set(service.ports.map((port) => dataPathOf(service, port).path));
  const asked = settings.filter(({ value }) => value(service.policy) !== undefined);
  return [
    ...unkeptAffinity(service),
    ...refusedDataPaths(service),
    ...asked.flatMap((setting) => {
      const reason = whyWithoutEffect(setting, paths);
      return reason === undefined ? [] : [problemOf(service, setting.annotation, `it has no effect: ${reason}`)];
    }),
    ...(service.policy.tracing === undefined || tracing !== undefined ? [] : [withoutCollector(service)]),
  ];
}

function unkeptAffinity(service: Service): readonly Problem[] {
  if (service.sessionAffinity.kind === 'None') return [];
  const message = 'ClientIP is not kept yet; each connection may go to another endpoint';
  return [{ object: refOfService(service), field: 'spec.sessionAffinity', code: 'NotProgrammed', message }];
}

function refusedDataPaths(service: Service): readonly Problem[] {
  return service.ports.flatMap((port) => {
    const { refusal } = dataPathOf(service, port);
    if (refusal === undefined) return [];
    return [problemOf(service, 'data-path', `${port.protocol} port ${port.port} stays on the kernel path: ${refusal}`)];
  });
}

function whyWithoutEffect({ needs }: Setting, paths: ReadonlySet<DataPath>): string | undefined {
  if (paths.has('EnvoyHttp')) return undefined;
  if (!paths.has('EnvoyTcp')) return 'no port takes the Envoy path';
  if (needs === 'Envoy') return undefined;
  return 'no port speaks HTTP, by appProtocol or by a port name that begins with http, http2, grpc or grpc-web';
}

function withoutCollector(service: Service): Problem {
  return problemOf(service, 'tracing-sampling', 'it has no effect: the controller is configured without a collector');
}

function problemOf(service: Service, annotation: string, message: string): Problem {
  const field = `metadata.annotations[fairlead.dev/${annotation}]`;
  return { object: refOfService(service), field, code: 'WithoutEffect', message };
}
