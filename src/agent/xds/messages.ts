import type protobuf from 'protobufjs';
import { encodeMessage, messageType } from '../../protos/registry.ts';
import { typeUrls } from '../../resources/type-urls.ts';
import type { ViewRequest, ViewResponse } from './view-protocol.ts';

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
  readonly complete: boolean;
  readonly staleBuckets: readonly number[];
}

let responseType: protobuf.Type | undefined;

/**
 * A NodeResponse, or a DeltaDiscoveryResponse, whose fields have the same numbers.
 *
 * @throws when it is neither, or of a type that was not asked for
 */
export function decodeResponse(bytes: Uint8Array): ViewResponse & { readonly typeUrl: string } {
  responseType ??= messageType('fairlead.node.v1.NodeResponse');
  const raw = responseType.decode(bytes) as unknown as RawResponse;
  if (raw.typeUrl !== typeUrls.serviceView && raw.typeUrl !== typeUrls.nodeView)
    throw new Error(`got resources of type "${raw.typeUrl}", which was not asked for`);
  const { typeUrl, nonce, removedResources: removed, complete, staleBuckets } = raw;
  const resources = raw.resources.map(({ name, version, resource }) => {
    return { name, version, body: resource?.value ?? new Uint8Array() };
  });
  return { typeUrl, nonce, resources, removed, complete, staleBuckets };
}

/** `identity` goes into the first request of a stream. */
export function encodeRequest(
  request: ViewRequest,
  identity?: AgentIdentity,
  typeUrl: string = typeUrls.serviceView,
): Uint8Array {
  const message = { typeUrl, ...request };
  return encodeMessage(
    'fairlead.node.v1.NodeRequest',
    identity === undefined ? message : { ...message, node: nodeOf(identity) },
  );
}

function nodeOf({ nodeName, zone, version }: AgentIdentity): object {
  const locality = zone === '' ? {} : { locality: { zone } };
  return { id: nodeName, cluster: 'fairlead', userAgentName: 'fairlead-agent', userAgentVersion: version, ...locality };
}
