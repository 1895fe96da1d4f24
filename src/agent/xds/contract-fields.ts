import type { RawCidr, ViewChecks } from './malformed-view.ts';
import type { EndpointSet, FailMode, Frontend, HealthCheck, TrafficPolicy } from './service-view.ts';

export interface RawContractFields {
  readonly address: Uint8Array;
  readonly portName: string;
  readonly failMode: number;
  readonly trafficPolicy: number;
  /** This and the next: 0 if absent, then not a property of the object itself. */
  readonly shortCircuitSet: number;
  readonly servingSet: number;
  readonly affinityTimeoutSeconds: number;
  readonly sourceRanges: readonly RawCidr[];
}

export interface RawHealthCheck {
  readonly port: number;
  readonly readyLocalIpv4: number;
  readonly readyLocalIpv6: number;
}

/** By number in node.proto. */
const failModes: readonly FailMode[] = ['Open', 'Closed'];
const trafficPolicies: readonly TrafficPolicy[] = ['Cluster', 'Local'];

/** Kubernetes' own limit. */
const longestAffinitySeconds = 86_400;

type Read = Pick<Frontend, 'kind' | 'family' | 'protocol' | 'dataPath'>;

type ContractFields = Pick<
  Frontend,
  | 'portName'
  | 'failMode'
  | 'trafficPolicy'
  | 'shortCircuitSet'
  | 'servingSet'
  | 'affinityTimeoutSeconds'
  | 'sourceRanges'
>;

/** @throws MalformedViewError */
export function readContractFields(
  checks: ViewChecks,
  field: string,
  raw: RawContractFields,
  { kind, family, protocol, dataPath }: Read,
  sets: readonly EndpointSet[],
): ContractFields {
  if (kind === 'NodePort' && raw.address.length > 0) checks.refuse(`${field}.address`, 'a node port has none');
  if (dataPath !== 'Kernel' && protocol !== 'TCP')
    checks.refuse(`${field}.data_path`, `Envoy does not take ${protocol}`);
  if (raw.sourceRanges.length > 0 && kind !== 'LoadBalancer')
    checks.refuse(`${field}.source_ranges`, `${kind} has none`);
  const affinity = checks.atMost(
    `${field}.affinity_timeout_seconds`,
    longestAffinitySeconds,
    raw.affinityTimeoutSeconds,
  );
  return {
    portName: raw.portName,
    failMode: checks.choice(`${field}.fail_mode`, failModes, raw.failMode),
    ...readSets(checks, field, raw, { kind, family, protocol }, sets),
    affinityTimeoutSeconds: affinity,
    sourceRanges: raw.sourceRanges.map((range, index) => {
      return checks.cidr(`${field}.source_ranges[${index}]`, range, family);
    }),
  };
}

function readSets(
  checks: ViewChecks,
  field: string,
  raw: RawContractFields,
  { kind, family, protocol }: Omit<Read, 'dataPath'>,
  sets: readonly EndpointSet[],
): Pick<ContractFields, 'trafficPolicy' | 'shortCircuitSet' | 'servingSet'> {
  const trafficPolicy = checks.choice(`${field}.traffic_policy`, trafficPolicies, raw.trafficPolicy);
  const hasShortCircuit = Object.hasOwn(raw, 'shortCircuitSet');
  const hasServing = Object.hasOwn(raw, 'servingSet');
  if (hasShortCircuit && (trafficPolicy !== 'Local' || kind === 'ClusterIP'))
    checks.refuse(`${field}.short_circuit_set`, 'is only for LOCAL of addresses other than cluster IPs');
  if (hasServing && protocol !== 'UDP') checks.refuse(`${field}.serving_set`, `is only for UDP, not ${protocol}`);
  const setOf = (name: string, index: number) => readSet(checks, `${field}.${name}`, index, family, sets);
  return {
    trafficPolicy,
    shortCircuitSet: hasShortCircuit ? setOf('short_circuit_set', raw.shortCircuitSet) : undefined,
    servingSet: hasServing ? setOf('serving_set', raw.servingSet) : undefined,
  };
}

function readSet(
  checks: ViewChecks,
  field: string,
  index: number,
  family: Frontend['family'],
  sets: readonly EndpointSet[],
): EndpointSet {
  const set = checks.element(field, sets, index);
  if (set.family !== family) checks.refuse(field, `endpoint set ${index} is of ${set.family}, not ${family}`);
  return set;
}

/** @throws MalformedViewError */
export function readHealthCheck(checks: ViewChecks, raw: RawHealthCheck | null): HealthCheck | undefined {
  if (raw === null) return undefined;
  const { readyLocalIpv4: IPv4, readyLocalIpv6: IPv6 } = raw;
  return { port: checks.port('health_check.port', raw.port), readyLocal: { IPv4, IPv6 } };
}
