import type protobuf from 'protobufjs';
import { errorText } from '../../base/error-text.ts';
import type { IpFamily } from '../../model/service.ts';
import { messageType } from '../../protos/registry.ts';
import { MalformedViewError, type RawCidr, ViewChecks } from './malformed-view.ts';
import type { NodeView } from './node-view.ts';

interface RawNodeView {
  readonly name: string;
  readonly zone: string;
  readonly addresses: readonly { readonly kind: number; readonly address: Uint8Array }[];
  readonly podCidrs: readonly RawCidr[];
  readonly leaving: boolean;
  readonly serviceCidrs: readonly RawCidr[];
  readonly kernelPathPods: readonly Uint8Array[];
}

/** By number in node.proto. */
const kinds = ['Internal', 'External'] as const;

let viewType: protobuf.Type | undefined;

/**
 * @param name the resource's name
 * @throws MalformedViewError
 */
export function decodeNodeView(name: string, bytes: Uint8Array): NodeView {
  const raw = decodeRaw(name, bytes);
  const checks = new ViewChecks(name, 'NodeView');
  if (raw.name !== name) checks.refuse('name', `"${raw.name}" is not the resource's name`);
  const cidrs = (field: string, values: readonly RawCidr[]) =>
    values.map((cidr, index) => readCidr(checks, `${field}[${index}]`, cidr));
  return {
    zone: raw.zone,
    addresses: raw.addresses.map(({ kind, address }, index) => ({
      kind: checks.choice(`addresses[${index}].kind`, kinds, kind),
      family: familyOfBytes(address),
      address: checks.address(`addresses[${index}].address`, address, familyOfBytes(address)),
    })),
    podCidrs: cidrs('pod_cidrs', raw.podCidrs),
    isLeaving: raw.leaving,
    serviceCidrs: cidrs('service_cidrs', raw.serviceCidrs),
    kernelPathPods: raw.kernelPathPods.map((address, index) => {
      return checks.address(`kernel_path_pods[${index}]`, address, familyOfBytes(address));
    }),
  };
}

function decodeRaw(name: string, bytes: Uint8Array): RawNodeView {
  viewType ??= messageType('fairlead.node.v1.NodeView');
  try {
    return viewType.decode(bytes) as unknown as RawNodeView;
  } catch (error) {
    throw new MalformedViewError(name, '', `is not a protobuf message: ${errorText(error)}`, 'NodeView');
  }
}

function readCidr(checks: ViewChecks, field: string, cidr: RawCidr): string {
  const family = familyOfBytes(cidr.address);
  checks.cidr(field, cidr, family);
  return `${checks.address(`${field}.address`, cidr.address, family)}/${cidr.prefixLength}`;
}

/** Bytes that are of neither are refused as IPv6. */
function familyOfBytes(bytes: Uint8Array): IpFamily {
  return bytes.length === 4 ? 'IPv4' : 'IPv6';
}
