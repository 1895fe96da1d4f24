// Fields of a view that the kernel does not use yet. They are checked all the same, so that no controller comes to send
// them wrongly without being told.
import type { RawCidr, ViewChecks } from './malformed-view.ts';
import type { EndpointSet, Frontend, HealthCheck } from './service-view.ts';

export interface RawContractFields {
  readonly address: Uint8Array;
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
const failModes = ['Open', 'Closed'];
const trafficPolicies = ['Cluster', 'Local'];

/** Kubernetes' own limit. */
const longestAffinitySeconds = 86_400;

type Read = Pick<Frontend, 'kind' | 'family' | 'protocol' | 'dataPath'>;

/** @throws MalformedViewError */
export function checkContractFields(
  checks: ViewChecks,
  field: string,
  raw: RawContractFields,
  { kind, family, protocol, dataPath }: Read,
  sets: readonly EndpointSet[],
): void {
  if (kind === 'NodePort' && raw.address.length > 0) checks.refuse(`${field}.address`, 'a node port has none');
  if (dataPath !== 'Kernel' && protocol !== 'TCP')
    checks.refuse(`${field}.data_path`, `Envoy does not take ${protocol}`);
  checks.choice(`${field}.fail_mode`, failModes, raw.failMode);
  checkSets(checks, field, raw, { kind, family, protocol }, sets);
  checks.atMost(`${field}.affinity_timeout_seconds`, longestAffinitySeconds, raw.affinityTimeoutSeconds);
  if (raw.sourceRanges.length > 0 && kind !== 'LoadBalancer')
    checks.refuse(`${field}.source_ranges`, `${kind} has none`);
  raw.sourceRanges.forEach((range, index) => {
    checks.cidr(`${field}.source_ranges[${index}]`, range, family);
  });
}

function checkSets(
  checks: ViewChecks,
  field: string,
  raw: RawContractFields,
  { kind, family, protocol }: Omit<Read, 'dataPath'>,
  sets: readonly EndpointSet[],
): void {
  const policy = checks.choice(`${field}.traffic_policy`, trafficPolicies, raw.trafficPolicy);
  if (Object.hasOwn(raw, 'shortCircuitSet')) {
    const isAllowed = policy === 'Local' && kind !== 'ClusterIP';
    if (!isAllowed)
      checks.refuse(`${field}.short_circuit_set`, 'is only for LOCAL of addresses other than cluster IPs');
    checkSet(checks, `${field}.short_circuit_set`, raw.shortCircuitSet, family, sets);
  }
  if (Object.hasOwn(raw, 'servingSet')) {
    if (protocol !== 'UDP') checks.refuse(`${field}.serving_set`, `is only for UDP, not ${protocol}`);
    checkSet(checks, `${field}.serving_set`, raw.servingSet, family, sets);
  }
}

function checkSet(
  checks: ViewChecks,
  field: string,
  index: number,
  family: Frontend['family'],
  sets: readonly EndpointSet[],
): void {
  const set = checks.element(field, sets, index);
  if (set.family !== family) checks.refuse(field, `endpoint set ${index} is of ${set.family}, not ${family}`);
}

/** @throws MalformedViewError */
export function readHealthCheck(checks: ViewChecks, raw: RawHealthCheck | null): HealthCheck | undefined {
  if (raw === null) return undefined;
  const { readyLocalIpv4: IPv4, readyLocalIpv6: IPv6 } = raw;
  return { port: checks.port('health_check.port', raw.port), readyLocal: { IPv4, IPv6 } };
}
