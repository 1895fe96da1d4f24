import type protobuf from 'protobufjs';
import { errorText } from '../../base/error-text.ts';
import type { IpFamily, Protocol } from '../../model/service.ts';
import { messageType } from '../../protos/registry.ts';
import { type RawContractFields, type RawHealthCheck, readContractFields, readHealthCheck } from './contract-fields.ts';
import { MalformedViewError, ViewChecks } from './malformed-view.ts';
import type {
  DataPath,
  EndpointAddress,
  EndpointSet,
  Frontend,
  FrontendKind,
  ServiceView,
  Verdict,
} from './service-view.ts';

interface RawSet {
  readonly family: number;
  readonly verdict: number;
  readonly addresses: Uint8Array;
  readonly ports: readonly number[];
}

interface RawFrontend extends RawContractFields {
  readonly kind: number;
  readonly port: number;
  readonly protocol: number;
  readonly dataPath: number;
  readonly endpointSet: number;
}

interface RawView {
  readonly namespace: string;
  readonly name: string;
  readonly endpointSets: readonly RawSet[];
  readonly frontends: readonly RawFrontend[];
  readonly healthCheck: RawHealthCheck | null;
  /** 64 bits: an object whose text is the number. */
  readonly endpointsChangedMs: unknown;
}

/** By number in node.proto. */
const families: readonly IpFamily[] = ['IPv4', 'IPv6'];
const protocols: readonly Protocol[] = ['TCP', 'UDP', 'SCTP'];
const dataPaths: readonly DataPath[] = ['Kernel', 'EnvoyTcp', 'EnvoyHttp'];
const verdicts: readonly Verdict[] = ['Forward', 'Reject', 'Drop'];
const kinds: readonly FrontendKind[] = ['ClusterIP', 'LoadBalancer', 'ExternalIP', 'NodePort'];

let viewType: protobuf.Type | undefined;

/**
 * @param name the resource's name
 * @throws MalformedViewError
 */
export function decodeServiceView(name: string, bytes: Uint8Array): ServiceView {
  const raw = decodeRaw(name, bytes);
  const checks = new ViewChecks(name);
  const key = `${raw.namespace}/${raw.name}`;
  if (key !== name) checks.refuse('namespace and name', `"${key}" is not the resource's name`);
  const sets = raw.endpointSets.map((set, index) => readSet(checks, `endpoint_sets[${index}]`, set));
  const frontends = raw.frontends.map((frontend, index) => readFrontend(checks, `frontends[${index}]`, frontend, sets));
  const healthCheck = readHealthCheck(checks, raw.healthCheck);
  const seen = new Set<string>();
  frontends.forEach(({ kind, address, family, protocol, port }, index) => {
    const where = kind === 'NodePort' ? `node port of ${family}` : address;
    checks.unique(`frontends[${index}]`, seen, `${where} ${protocol} ${port}`);
  });
  return { key, frontends, healthCheck, endpointsChangedMs: Number(String(raw.endpointsChangedMs)) };
}

/** protobufjs' decoded message, not its plain object: bytes stay bytes, and 10,000 views take half the time. */
function decodeRaw(name: string, bytes: Uint8Array): RawView {
  viewType ??= messageType('fairlead.node.v1.ServiceView');
  try {
    return viewType.decode(bytes) as unknown as RawView;
  } catch (error) {
    throw new MalformedViewError(name, '', `is not a protobuf message: ${errorText(error)}`);
  }
}

function readSet(checks: ViewChecks, field: string, raw: RawSet): EndpointSet {
  const family = checks.choice(`${field}.family`, families, raw.family);
  const verdict = checks.choice(`${field}.verdict`, verdicts, raw.verdict);
  const endpoints = readEndpoints(checks, field, raw, family);
  if (verdict === 'Forward' && endpoints.length === 0) {
    checks.refuse(`${field}.addresses`, 'the verdict is FORWARD but there are none');
  }
  return { family, verdict, endpoints: verdict === 'Forward' ? endpoints : [] };
}

function readEndpoints(
  checks: ViewChecks,
  field: string,
  { addresses, ports }: RawSet,
  family: IpFamily,
): readonly EndpointAddress[] {
  const size = family === 'IPv4' ? 4 : 16;
  const count = addresses.length / size;
  if (!Number.isInteger(count))
    checks.refuse(`${field}.addresses`, `${addresses.length} bytes are not ${family} addresses`);
  if (ports.length !== count && ports.length !== Math.min(count, 1)) {
    checks.refuse(`${field}.ports`, `there are ${ports.length} for ${count} addresses`);
  }
  const numbers = ports.map((port, index) => checks.port(`${field}.ports[${index}]`, port));
  return Array.from({ length: count }, (_none, index) => {
    const bytes = addresses.subarray(index * size, (index + 1) * size);
    const address = checks.address(`${field}.addresses[${index}]`, bytes, family);
    return { address, port: numbers[index] ?? numbers[0] ?? 0 };
  });
}

function readFrontend(checks: ViewChecks, field: string, raw: RawFrontend, sets: readonly EndpointSet[]): Frontend {
  const kind = checks.choice(`${field}.kind`, kinds, raw.kind);
  const endpointSet = checks.element(`${field}.endpoint_set`, sets, raw.endpointSet);
  const { family } = endpointSet;
  const read = {
    kind,
    family,
    address: kind === 'NodePort' ? '' : checks.address(`${field}.address`, raw.address, family),
    port: checks.port(`${field}.port`, raw.port),
    protocol: checks.choice(`${field}.protocol`, protocols, raw.protocol),
    dataPath: checks.choice(`${field}.data_path`, dataPaths, raw.dataPath),
    endpointSet,
  };
  return { ...read, ...readContractFields(checks, field, raw, read, sets) };
}
