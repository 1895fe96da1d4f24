import ipaddr from 'ipaddr.js';
import type protobuf from 'protobufjs';
import type { IpFamily, Protocol } from '../../model/service.ts';
import { messageType } from '../../protos/registry.ts';

/** A Service as this node sees it: the checked form of fairlead.node.v1.ServiceView. */
export interface ServiceView {
  /** `namespace/name`. */
  readonly key: string;
  readonly ports: readonly PortView[];
}

export type DataPath = 'Kernel' | 'EnvoyTcp' | 'EnvoyHttp';
export type Verdict = 'Forward' | 'Reject' | 'Drop';

export interface PortView {
  readonly family: IpFamily;
  /** Canonical text. */
  readonly address: string;
  readonly port: number;
  readonly protocol: Protocol;
  readonly dataPath: DataPath;
  readonly verdict: Verdict;
  /** Empty unless the verdict is Forward. */
  readonly endpoints: readonly EndpointAddress[];
}

export interface EndpointAddress {
  readonly address: string;
  readonly port: number;
}

/** A resource that cannot be programmed; the message names the field and the reason. */
export class MalformedViewError extends Error {
  constructor(name: string, field: string, reason: string) {
    super(`ServiceView ${name} ${field}: ${reason}`);
    this.name = 'MalformedViewError';
  }
}

interface RawAddress {
  readonly address: Uint8Array;
  readonly port: number;
}

interface RawPort extends RawAddress {
  readonly protocol: number;
  readonly dataPath: number;
  readonly verdict: number;
  readonly endpoints: readonly RawAddress[];
}

interface RawView {
  readonly namespace: string;
  readonly name: string;
  readonly ports: readonly RawPort[];
}

/** By number in node.proto. */
const protocols: readonly Protocol[] = ['TCP', 'UDP', 'SCTP'];
const dataPaths: readonly DataPath[] = ['Kernel', 'EnvoyTcp', 'EnvoyHttp'];
const verdicts: readonly Verdict[] = ['Forward', 'Reject', 'Drop'];

let viewType: protobuf.Type | undefined;

/**
 * @param name the resource's name
 * @throws MalformedViewError
 */
export function decodeServiceView(name: string, bytes: Uint8Array): ServiceView {
  const raw = decodeRaw(name, bytes);
  const key = `${raw.namespace}/${raw.name}`;
  if (key !== name) throw new MalformedViewError(name, 'namespace and name', `"${key}" is not the resource's name`);
  const ports = raw.ports.map((port, index) => checkPort(name, `ports[${index}]`, port));
  const seen = new Set<string>();
  ports.forEach((port, index) => {
    const id = `${port.address} ${port.protocol} ${port.port}`;
    if (seen.has(id)) throw new MalformedViewError(name, `ports[${index}]`, `${id} is there twice`);
    seen.add(id);
  });
  return { key, ports };
}

/** protobufjs' decoded message, not its plain object: bytes stay bytes, and 10,000 views take half the time. */
function decodeRaw(name: string, bytes: Uint8Array): RawView {
  viewType ??= messageType('fairlead.node.v1.ServiceView');
  try {
    return viewType.decode(bytes) as unknown as RawView;
  } catch (error) {
    throw new MalformedViewError(name, '', `is not a protobuf message: ${(error as Error).message}`);
  }
}

function checkPort(name: string, field: string, raw: RawPort): PortView {
  const { address, family } = checkAddress(name, `${field}.address`, raw.address);
  const verdict = checkEnum(name, `${field}.verdict`, verdicts, raw.verdict);
  const endpoints = raw.endpoints.map((endpoint, index) =>
    checkEndpoint(name, `${field}.endpoints[${index}]`, endpoint, family),
  );
  if (verdict === 'Forward' && endpoints.length === 0) {
    throw new MalformedViewError(name, `${field}.endpoints`, 'the verdict is FORWARD but there are none');
  }
  return {
    family,
    address,
    port: checkPortNumber(name, `${field}.port`, raw.port),
    protocol: checkEnum(name, `${field}.protocol`, protocols, raw.protocol),
    dataPath: checkEnum(name, `${field}.data_path`, dataPaths, raw.dataPath),
    verdict,
    endpoints: verdict === 'Forward' ? endpoints : [],
  };
}

function checkEndpoint(name: string, field: string, raw: RawAddress, family: IpFamily): EndpointAddress {
  const { address, family: own } = checkAddress(name, `${field}.address`, raw.address);
  if (own !== family) throw new MalformedViewError(name, `${field}.address`, `is ${own}, the Service's is ${family}`);
  return { address, port: checkPortNumber(name, `${field}.port`, raw.port) };
}

function checkAddress(name: string, field: string, bytes: Uint8Array): { address: string; family: IpFamily } {
  if (bytes.length === 4) return { address: bytes.join('.'), family: 'IPv4' };
  if (bytes.length !== 16) throw new MalformedViewError(name, field, `has ${bytes.length} bytes, not 4 or 16`);
  const address = new ipaddr.IPv6([...bytes]);
  if (address.isIPv4MappedAddress()) throw new MalformedViewError(name, field, 'is an IPv4-mapped IPv6 address');
  return { address: address.toRFC5952String(), family: 'IPv6' };
}

function checkPortNumber(name: string, field: string, port: number): number {
  if (port < 1 || port > 65_535) throw new MalformedViewError(name, field, `${port} is not between 1 and 65535`);
  return port;
}

function checkEnum<T>(name: string, field: string, values: readonly T[], number: number): T {
  const value = values[number];
  if (value === undefined) throw new MalformedViewError(name, field, `${number} is not a value this agent knows`);
  return value;
}
