import { familyOf, keyOf } from '../model/address.ts';
import type { ObjectRef } from '../model/problem.ts';
import type { ProblemCode } from '../model/problem-codes.ts';
import type { Protocol, Service, ServicePort, SessionAffinity } from '../model/service.ts';
import { readPolicy, refusePolicy } from './annotations.ts';
import { classifyAppProtocol } from './app-protocol.ts';
import type { Conversion } from './conversion.ts';
import { readExternalAccess } from './external-access.ts';
import type { FieldReader } from './field-reader.ts';
import { canonicalAddress, unusableBecause } from './ip-address.ts';
import { type Metadata, readMetadata } from './metadata.ts';
import { isDnsLabel, labelRule } from './names.ts';
import { type ProblemList, quote } from './problem-list.ts';
import { serviceProxyNameLabel } from './selection.ts';

const protocols: readonly Protocol[] = ['TCP', 'UDP', 'SCTP'];
/** Kubernetes' default of sessionAffinityConfig.clientIP.timeoutSeconds. */
const defaultAffinitySeconds = 10_800;
const notServed = 'the Service is left out';

export function convertService(object: FieldReader, problems: ProblemList): Conversion {
  const metadata = readMetadata(object, problems, 'label');
  if (metadata === undefined) return { update: undefined, problems: problems.toArray() };
  const value = metadata.labels.has(serviceProxyNameLabel) ? undefined : readService(object, metadata);
  return { update: { kind: 'Service', key: keyOf(metadata), value }, problems: problems.toArray() };
}

function readService(object: FieldReader, metadata: Metadata): Service | undefined {
  const spec = object.object('spec', notServed);
  if (spec === undefined) {
    if (object.raw('spec') === undefined) object.report('spec', `is missing; ${notServed}`, 'MissingValue');
    return undefined;
  }
  const unproxied = whyUnproxied(spec);
  if (unproxied !== undefined) {
    refusePolicy(metadata.annotations, unproxied);
    return undefined;
  }
  const clusterIPs = readClusterIPs(spec);
  const ports = readPorts(spec);
  if (clusterIPs.length === 0 || ports.length === 0) return undefined;
  const external = readExternalAccess(object, spec, ports);
  return {
    namespace: metadata.namespace,
    name: metadata.name,
    ...identityOf(metadata.ref),
    createdAt: metadata.createdAt,
    clusterIPs,
    ports,
    internalTrafficPolicy:
      spec.choice('internalTrafficPolicy', ['Cluster', 'Local'] as const, 'it is treated as Cluster') ?? 'Cluster',
    sessionAffinity: readAffinity(spec),
    ...(external === undefined ? {} : { external }),
    policy: readPolicy(metadata.annotations, metadata.ref),
  };
}

function identityOf({ uid, generation }: ObjectRef): Pick<Service, 'uid' | 'generation'> {
  return { ...(uid === undefined ? {} : { uid }), ...(generation === undefined ? {} : { generation }) };
}

/** An ExternalName Service is skipped even with a cluster IP (Service contract §1.1). */
function whyUnproxied(spec: FieldReader): string | undefined {
  if (spec.raw('type') === 'ExternalName') return 'traffic to an ExternalName Service goes where DNS says';
  const list = spec.raw('clusterIPs');
  const headless = spec.raw('clusterIP') === 'None' || (Array.isArray(list) && list[0] === 'None');
  return headless ? 'clients of a headless Service connect to its pods themselves' : undefined;
}

function readClusterIPs(spec: FieldReader): readonly string[] {
  const listed = spec.strings('clusterIPs', 'clusterIP is used instead');
  const texts = listed.length > 0 ? listed : [spec.string('clusterIP', notServed) ?? ''];
  const field = listed.length > 0 ? 'clusterIPs' : 'clusterIP';
  const addresses: string[] = [];
  texts.forEach((text, index) => {
    const path = listed.length > 0 ? `clusterIPs[${index}]` : field;
    const address = readClusterIP(spec, path, text, addresses);
    if (address !== undefined) addresses.push(address);
  });
  return addresses;
}

function readClusterIP(spec: FieldReader, path: string, text: string, before: readonly string[]): string | undefined {
  const refuse = (reason: string, code?: ProblemCode): undefined =>
    spec.report(path, `${reason}; it is not used`, code);
  if (text === '') return refuse('is missing, and only an API server allocates one', 'MissingValue');
  const address = canonicalAddress(text);
  if (address === undefined) return refuse(`is ${quote(text)}, not an IP address`);
  const unusable = unusableBecause(address);
  if (unusable !== undefined) return refuse(`${quote(text)} ${unusable}`);
  const same = before.find((other) => familyOf(other) === familyOf(address));
  if (same !== undefined)
    return refuse(`${quote(text)} is a second ${familyOf(address)} address after ${same}`, 'DuplicateValue');
  return address;
}

function readPorts(spec: FieldReader): readonly ServicePort[] {
  const readers = spec.objects('ports', notServed);
  if (readers.length === 0) {
    spec.report('ports', `has no port; ${notServed}`, 'MissingValue');
    return [];
  }
  const ports: ServicePort[] = [];
  for (const reader of readers) {
    const port = readPort(reader);
    if (port !== undefined && !isDuplicate(reader, port, ports)) ports.push(port);
  }
  return ports;
}

function readPort(reader: FieldReader): ServicePort | undefined {
  const instead = 'the port is left out';
  const port = reader.integer('port', 1, 65_535, instead);
  if (port === undefined && reader.raw('port') === undefined)
    reader.report('port', `is missing; ${instead}`, 'MissingValue');
  const name = reader.raw('name') === undefined ? '' : reader.string('name', instead);
  const protocol = reader.raw('protocol') === undefined ? 'TCP' : reader.choice('protocol', protocols, instead);
  if (port === undefined || name === undefined || protocol === undefined) return undefined;
  if (name !== '' && !isDnsLabel(name)) return reader.report('name', `is ${quote(name)}, not ${labelRule}; ${instead}`);
  const spoken = reader.string('appProtocol', 'it is treated as absent');
  const appProtocol = protocol === 'TCP' ? classifyAppProtocol(spoken, name) : 'tcp';
  const nodePort = readNodePort(reader);
  return { name, protocol, port, appProtocol, ...(nodePort === undefined ? {} : { nodePort }) };
}

/** Kubernetes writes 0 for none, too. */
function readNodePort(reader: FieldReader): number | undefined {
  const nodePort = reader.integer('nodePort', 0, 65_535, 'the port has no node port');
  return nodePort === 0 ? undefined : nodePort;
}

/** A port is known by its name and protocol (endpoints) and by its number and protocol (clients): both must be unique. */
function isDuplicate(reader: FieldReader, port: ServicePort, before: readonly ServicePort[]): boolean {
  const rivals = before.filter((other) => other.protocol === port.protocol);
  if (rivals.some((other) => other.port === port.port)) {
    const message = `${port.protocol} ${port.port} is listed twice; the first is used, this one is left out`;
    reader.report('port', message, 'DuplicateValue');
    return true;
  }
  if (!rivals.some((other) => other.name === port.name)) return false;
  const name = port.name === '' ? 'no name' : `the name ${quote(port.name)}`;
  const message = `a second ${port.protocol} port has ${name}; the first is used, this one is left out`;
  reader.report('name', message, 'DuplicateValue');
  return true;
}

function readAffinity(spec: FieldReader): SessionAffinity {
  const kind = spec.choice('sessionAffinity', ['None', 'ClientIP'] as const, 'it is treated as None');
  if (kind !== 'ClientIP') return { kind: 'None' };
  const instead = `${defaultAffinitySeconds} is used`;
  const config = spec.object('sessionAffinityConfig', instead)?.object('clientIP', instead);
  const timeoutSeconds = config?.integer('timeoutSeconds', 1, 86_400, instead) ?? defaultAffinitySeconds;
  return { kind, timeoutSeconds };
}
