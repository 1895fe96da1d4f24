import type { Problem } from '../model/problem.ts';
import { type ExternalAccess, refOfService, type Service } from '../model/service.ts';

/** What a Service may ask for beside its cluster IPs, by the field that says so. */
const features: readonly (readonly [string, (external: ExternalAccess) => boolean])[] = [
  ['type: LoadBalancer', ({ type, loadBalancer }) => type === 'LoadBalancer' || loadBalancer.length > 0],
  ['externalIPs', ({ externalIPs }) => externalIPs.length > 0],
  ['loadBalancerSourceRanges', ({ sourceRanges }) => sourceRanges.length > 0],
  ['externalTrafficPolicy: Local', ({ trafficPolicy }) => trafficPolicy === 'Local'],
  ['healthCheckNodePort', ({ healthCheckNodePort }) => healthCheckNodePort !== undefined],
];

/** Reports, once for a Service, which kinds of access from outside the cluster are not supported yet. */
export function unprogrammed(service: Service): readonly Problem[] {
  const { external } = service;
  if (external === undefined) return [];
  const asked = features.filter(([, isAsked]) => isAsked(external)).map(([name]) => name);
  if (service.ports.some(({ nodePort }) => nodePort !== undefined)) asked.unshift('nodePort');
  if (asked.length === 0) return [];
  const message = `${asked.join(', ')}: not programmed yet; the Service can be reached at its cluster IPs only`;
  return [{ object: refOfService(service), field: 'spec', code: 'NotProgrammed', message }];
}
