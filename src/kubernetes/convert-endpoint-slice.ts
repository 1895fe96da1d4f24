import { familyOf, keyOf } from '../model/address.ts';
import type { Endpoint, EndpointPort, EndpointSlice } from '../model/endpoint.ts';
import type { IpFamily, Protocol } from '../model/service.ts';
import type { Conversion } from './conversion.ts';
import type { FieldReader } from './field-reader.ts';
import { canonicalAddress, unusableBecause } from './ip-address.ts';
import { type Metadata, readMetadata } from './metadata.ts';
import { isDnsLabel, labelRule } from './names.ts';
import { type ProblemList, quote } from './problem-list.ts';
import { headlessLabel } from './selection.ts';

const serviceLabel = 'kubernetes.io/service-name';
const protocols: readonly Protocol[] = ['TCP', 'UDP', 'SCTP'];
const none: readonly string[] = [];

export function convertEndpointSlice(object: FieldReader, problems: ProblemList): Conversion {
  const metadata = readMetadata(object, problems, 'subdomain');
  if (metadata === undefined) return { update: undefined, problems: problems.toArray() };
  const value = metadata.labels.has(headlessLabel) ? undefined : readSlice(object, metadata);
  return { update: { kind: 'EndpointSlice', key: keyOf(metadata), value }, problems: problems.toArray() };
}

function readSlice(object: FieldReader, { namespace, name, labels }: Metadata): EndpointSlice | undefined {
  const serviceName = readServiceName(labels);
  if (serviceName === undefined) return undefined;
  const family = readFamily(object);
  if (family === undefined) return undefined;
  return {
    namespace,
    name,
    serviceName,
    family,
    ports: readPorts(object),
    endpoints: readEndpoints(object, family),
  };
}

/** A slice of no Service is not an error: others use slices too. */
function readServiceName(labels: FieldReader): string | undefined {
  const instead = 'the slice belongs to no Service and is not used';
  const name = labels.string(serviceLabel, instead);
  if (name === undefined || name === '' || isDnsLabel(name)) return name === '' ? undefined : name;
  return labels.report(serviceLabel, `is ${quote(name)}, not ${labelRule}; ${instead}`);
}

function readFamily(object: FieldReader): IpFamily | undefined {
  const instead = 'the slice is not used';
  const type = object.choice('addressType', ['IPv4', 'IPv6', 'FQDN'] as const, instead);
  if (type === undefined && object.raw('addressType') === undefined) {
    return object.report('addressType', `is missing; ${instead}`);
  }
  if (type !== 'FQDN') return type;
  return object.report('addressType', `FQDN addresses are not served (nor by kube-proxy); ${instead}`);
}

function readPorts(object: FieldReader): readonly EndpointPort[] {
  const ports = new Map<string, EndpointPort>();
  for (const reader of object.objects('ports', 'the slice is taken to have no ports')) {
    const port = readPort(reader);
    if (port === undefined) continue;
    const key = `${port.protocol} ${port.name}`;
    if (!ports.has(key)) ports.set(key, port);
    else reader.report('name', `a second ${port.protocol} port has the name ${quote(port.name)}; the first serves`);
  }
  return [...ports.values()];
}

/** Without a name or a number a port matches no Service port (Service contract §1.2); the API server fills in the name. */
function readPort(reader: FieldReader): EndpointPort | undefined {
  const instead = 'the port is left out';
  for (const key of ['name', 'port'])
    if (reader.raw(key) === undefined) return reader.report(key, `${missing(key)}; ${instead}`);
  const name = reader.string('name', instead);
  const port = reader.integer('port', 1, 65_535, instead);
  const protocol = reader.raw('protocol') === undefined ? 'TCP' : reader.choice('protocol', protocols, instead);
  if (name === undefined || port === undefined || protocol === undefined) return undefined;
  if (name !== '' && !isDnsLabel(name)) return reader.report('name', `is ${quote(name)}, not ${labelRule}; ${instead}`);
  return { name, protocol, port };
}

function missing(key: string): string {
  return key === 'name' ? 'is missing (a port without a name has name: "")' : 'is missing';
}

function readEndpoints(object: FieldReader, family: IpFamily): readonly Endpoint[] {
  const endpoints = new Map<string, Endpoint>();
  for (const reader of object.objects('endpoints', 'the slice is taken to have no endpoints')) {
    const endpoint = readEndpoint(reader, family);
    if (endpoint === undefined) continue;
    const rival = endpoints.get(endpoint.address);
    if (rival === undefined || rank(endpoint) > rank(rival)) endpoints.set(endpoint.address, endpoint);
    if (rival !== undefined && rank(endpoint) === rank(rival)) reportDuplicate(reader, endpoint.address);
  }
  return [...endpoints.values()];
}

function reportDuplicate(reader: FieldReader, address: string): void {
  reader.report('addresses[0]', `${address} is listed twice; the first serves, this one is left out`);
}

/**
 * Pods on the host's network share its address, so a terminating one may stand beside its successor in one slice: that
 * is no mistake, and the one that can take traffic serves (kube-proxy 1.36 does the same).
 */
function rank({ ready, serving, terminating }: Endpoint): number {
  return (ready ? 4 : 0) + (terminating ? 0 : 2) + (serving ? 1 : 0);
}

function readEndpoint(reader: FieldReader, family: IpFamily): Endpoint | undefined {
  const address = readAddress(reader, family);
  if (address === undefined) return undefined;
  const conditions = reader.object('conditions', 'the defaults serve');
  const nodeName = reader.string('nodeName', 'it is taken as absent');
  const zone = reader.string('zone', 'it is taken as absent');
  const hints = reader.object('hints', 'they are ignored');
  return {
    address,
    ready: conditions?.boolean('ready', 'true serves') ?? true,
    serving: conditions?.boolean('serving', 'true serves') ?? true,
    terminating: conditions?.boolean('terminating', 'false serves') ?? false,
    ...(nodeName === undefined ? {} : { nodeName }),
    ...(zone === undefined ? {} : { zone }),
    hintZones: readHints(hints, 'forZones'),
    hintNodes: readHints(hints, 'forNodes'),
  };
}

/** Only the first address is used (Service contract §1.2). */
function readAddress(reader: FieldReader, family: IpFamily): string | undefined {
  const refuse = (reason: string): undefined => reader.report('addresses[0]', `${reason}; the endpoint is left out`);
  const list = reader.raw('addresses');
  const text: unknown = Array.isArray(list) ? list[0] : undefined;
  if (text === undefined) return refuse('is missing');
  const address = typeof text === 'string' ? canonicalAddress(text) : undefined;
  if (address === undefined) return refuse(`is ${quote(text)}, not an IP address`);
  if (familyOf(address) !== family) return refuse(`is ${address}, but the slice's addressType is ${family}`);
  const unusable = unusableBecause(address);
  return unusable === undefined ? address : refuse(`${address} ${unusable}`);
}

function readHints(hints: FieldReader | undefined, key: 'forZones' | 'forNodes'): readonly string[] {
  if (hints?.raw(key) === undefined) return none;
  return hints.objects(key, 'they are ignored').flatMap((hint) => hint.string('name', 'it is ignored') ?? []);
}
