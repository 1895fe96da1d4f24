import ipaddr from 'ipaddr.js';
import type { Cidr } from '../protos/generated/types/fairlead/node/v1/Cidr.ts';
import type { EndpointSet } from '../protos/generated/types/fairlead/node/v1/EndpointSet.ts';
import type { Frontend } from '../protos/generated/types/fairlead/node/v1/Frontend.ts';
import type { NodeView } from '../protos/generated/types/fairlead/node/v1/NodeView.ts';
import type { ServiceView } from '../protos/generated/types/fairlead/node/v1/ServiceView.ts';
import type { Json } from '../protos/proto-json.ts';

type JsonObject = { readonly [key: string]: Json };

/** A view as people read it: addresses as text, and what is unusual about a frontend only where it is. */
export function serviceViewToJson(view: ServiceView): JsonObject {
  const { namespace = '', name = '', endpointSets = [], frontends = [], healthCheck, endpointsChangedMs = 0 } = view;
  return {
    namespace,
    name,
    endpoint_sets: endpointSets.map(setToJson),
    frontends: frontends.map(frontendToJson),
    ...(healthCheck === undefined || healthCheck === null
      ? {}
      : {
          health_check: {
            port: healthCheck.port ?? 0,
            ready_local_ipv4: healthCheck.readyLocalIpv4 ?? 0,
            ready_local_ipv6: healthCheck.readyLocalIpv6 ?? 0,
          },
        }),
    ...(endpointsChangedMs === 0 ? {} : { endpoints_changed_ms: Number(endpointsChangedMs) }),
  };
}

export function nodeViewToJson({
  name = '',
  zone = '',
  addresses = [],
  podCidrs = [],
  leaving = false,
  serviceCidrs = [],
  kernelPathPods = [],
}: NodeView): JsonObject {
  return {
    name,
    zone,
    addresses: addresses.map(({ kind = 'INTERNAL', address }) => ({ kind, address: textOf(address) })),
    pod_cidrs: podCidrs.map(cidrText),
    ...(leaving ? { leaving } : {}),
    ...(serviceCidrs.length === 0 ? {} : { service_cidrs: serviceCidrs.map(cidrText) }),
    ...(kernelPathPods.length === 0 ? {} : { kernel_path_pods: kernelPathPods.map(textOf) }),
  };
}

function setToJson({ family = 'IPV4', verdict = 'FORWARD', addresses, ports = [] }: EndpointSet): JsonObject {
  const bytes = typeof addresses === 'object' ? addresses : new Uint8Array();
  const size = family === 'IPV4' ? 4 : 16;
  const endpoints = Array.from({ length: bytes.length / size }, (_none, index) => {
    return `${textOf(bytes.subarray(index * size, (index + 1) * size))} ${ports[index] ?? ports[0]}`;
  });
  return { family, verdict, endpoints };
}

function frontendToJson(frontend: Frontend): JsonObject {
  const { kind = 'CLUSTER_IP', address, protocol = 'TCP', port = 0, portName = '' } = frontend;
  const { dataPath = 'KERNEL', trafficPolicy = 'CLUSTER', endpointSet = 0, shortCircuitSet, servingSet } = frontend;
  const { affinityTimeoutSeconds = 0, sourceRanges = [], dataPathReason = 'NOT_SAID', failMode = 'OPEN' } = frontend;
  return {
    kind,
    ...(address === undefined ? {} : { address: textOf(address) }),
    protocol,
    port,
    port_name: portName,
    data_path: dataPath,
    data_path_reason: dataPathReason,
    ...(failMode === 'OPEN' ? {} : { fail_mode: failMode }),
    traffic_policy: trafficPolicy,
    endpoint_set: endpointSet,
    ...(shortCircuitSet === undefined ? {} : { short_circuit_set: shortCircuitSet }),
    ...(servingSet === undefined ? {} : { serving_set: servingSet }),
    ...(affinityTimeoutSeconds === 0 ? {} : { affinity_timeout_seconds: affinityTimeoutSeconds }),
    ...(sourceRanges.length === 0 ? {} : { source_ranges: sourceRanges.map(cidrText) }),
  };
}

function cidrText({ address, prefixLength = 0 }: Cidr): string {
  return `${textOf(address)}/${prefixLength}`;
}

function textOf(address: Buffer | Uint8Array | string | undefined): string {
  return typeof address === 'object' ? ipaddr.fromByteArray([...address]).toString() : '';
}
