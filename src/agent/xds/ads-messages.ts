import type protobuf from 'protobufjs';
import { encodeMessage, messageType } from '../../protos/registry.ts';
import { typeUrls } from '../../resources/type-urls.ts';
import type { DeltaRequest, DeltaResponse } from './wildcard-subscription.ts';

export const deltaMethod = '/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources';

export interface AgentIdentity {
  readonly nodeName: string;
  /** Empty when unknown. */
  readonly zone: string;
  readonly version: string;
}

interface RawResponse {
  readonly typeUrl: string;
  readonly nonce: string;
  readonly resources: readonly {
    readonly name: string;
    readonly version: string;
    readonly resource: { readonly value: Uint8Array } | null;
  }[];
  readonly removedResources: readonly string[];
}

let responseType: protobuf.Type | undefined;

/** @throws when it is no DeltaDiscoveryResponse about ServiceViews */
export function decodeResponse(bytes: Uint8Array): DeltaResponse {
  responseType ??= messageType('envoy.service.discovery.v3.DeltaDiscoveryResponse');
  const raw = responseType.decode(bytes) as unknown as RawResponse;
  if (raw.typeUrl !== typeUrls.serviceView) throw new Error(`got resources of type "${raw.typeUrl}", not asked for`);
  return {
    nonce: raw.nonce,
    resources: raw.resources.map(({ name, version, resource }) => ({
      name,
      version,
      body: resource?.value ?? new Uint8Array(),
    })),
    removed: raw.removedResources,
  };
}

/** `identity` goes into the first request of a stream. */
export function encodeRequest(request: DeltaRequest, identity?: AgentIdentity): Uint8Array {
  const message = { typeUrl: typeUrls.serviceView, ...request };
  return encodeMessage(
    'envoy.service.discovery.v3.DeltaDiscoveryRequest',
    identity === undefined ? message : { ...message, node: nodeOf(identity) },
  );
}

function nodeOf({ nodeName, zone, version }: AgentIdentity): object {
  const locality = zone === '' ? {} : { locality: { zone } };
  return { id: nodeName, cluster: 'fairlead', userAgentName: 'fairlead-agent', userAgentVersion: version, ...locality };
}
