import { keyOf } from '../model/address.ts';
import type { ServicePolicy } from '../model/policy.ts';
import type { Problem } from '../model/problem.ts';
import type { Service } from '../model/service.ts';
import { type DataPath, dataPathOf } from './data-path.ts';
import { distinctPorts } from './frontends.ts';
import type { TranslateSettings } from './settings.ts';

/** A part of a policy, the ports that can honour it, and whether it was asked for. */
interface PolicyPart {
  readonly field: string;
  readonly needs: 'Envoy' | 'Http';
  readonly isSet: (policy: ServicePolicy) => boolean;
}

const parts: readonly PolicyPart[] = [
  { field: 'circuitBreaker', needs: 'Envoy', isSet: ({ circuitBreaker }) => circuitBreaker !== undefined },
  { field: 'outlierDetection', needs: 'Envoy', isSet: ({ outlierDetection }) => outlierDetection !== undefined },
  { field: 'loadBalancing', needs: 'Envoy', isSet: ({ loadBalancing }) => loadBalancing !== undefined },
  { field: 'timeouts.connectMs', needs: 'Envoy', isSet: ({ timeouts }) => timeouts?.connectMs !== undefined },
  { field: 'timeouts.requestMs', needs: 'Http', isSet: ({ timeouts }) => timeouts?.requestMs !== undefined },
  { field: 'timeouts.idleMs', needs: 'Http', isSet: ({ timeouts }) => timeouts?.idleMs !== undefined },
  { field: 'retries', needs: 'Http', isSet: ({ retries }) => retries !== undefined },
  { field: 'tracing', needs: 'Http', isSet: ({ tracing }) => tracing !== undefined },
];

/** What of a Service's policy none of its ports can honour. */
export function policyProblems(service: Service, settings: TranslateSettings): readonly Problem[] {
  const paths = new Set(distinctPorts(service.ports).map((port) => dataPathOf(service, port).path));
  return [
    ...refusedDataPaths(service),
    ...parts.flatMap((part) => partProblem(service, part, paths)),
    ...collectorProblem(service, settings),
  ];
}

function refusedDataPaths(service: Service): readonly Problem[] {
  return distinctPorts(service.ports).flatMap((port) => {
    const { refusal } = dataPathOf(service, port);
    if (refusal === undefined) return [];
    return [problemOf(service, 'dataPath', `${port.protocol} port ${port.port} stays on the kernel path: ${refusal}`)];
  });
}

function partProblem(service: Service, part: PolicyPart, paths: ReadonlySet<DataPath>): readonly Problem[] {
  if (!part.isSet(service.policy) || paths.has('EnvoyHttp')) return [];
  if (!paths.has('EnvoyTcp')) return [problemOf(service, part.field, 'it has no effect: no port takes the Envoy path')];
  if (part.needs === 'Envoy') return [];
  const how = 'say so by appProtocol, or by a port name that begins with http, http2 or grpc';
  return [problemOf(service, part.field, `it has no effect: no port on the Envoy path speaks HTTP; ${how}`)];
}

function collectorProblem(service: Service, { tracing }: TranslateSettings): readonly Problem[] {
  if (service.policy.tracing === undefined || tracing !== undefined) return [];
  return [problemOf(service, 'tracing', 'it has no effect: the controller is configured without a collector')];
}

function problemOf(service: Service, field: string, reason: string): Problem {
  return { object: `Service ${keyOf(service)}`, field: `policy.${field}`, reason };
}
