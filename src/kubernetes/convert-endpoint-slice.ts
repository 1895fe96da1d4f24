import { familyOf, keyOf } from '../model/address.ts';
import type { Endpoint, EndpointPort, EndpointSlice } from '../model/endpoint.ts';
import type { ProblemCode } from '../model/problem-codes.ts';
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
/** Set by the controller of EndpointSlices: when the pod or Service changed that this version of the slice is about. */
const changeTimeAnnotation = 'endpoints.kubernetes.io/last-change-trigger-time';
const none: readonly string[] = [];

export function convertEndpointSlice(object: FieldReader, problems: ProblemList): Conversion {
  const metadata = readMetadata(object, problems, 'subdomain');
  if (metadata === undefined) return { update: undefined, problems: problems.toArray() };
  const value = metadata.labels.has(headlessLabel) ? undefined : readSlice(object, metadata);
  return { update: { kind: 'EndpointSlice', key: keyOf(metadata), value }, problems: problems.toArray() };
}

function readSlice(object: FieldReader, { namespace, name, labels, annotations }: Metadata): EndpointSlice | undefined {
  const serviceName = readServiceName(labels);
  if (serviceName === undefined) return undefined;
  const family = readFamily(object);
  if (family === undefined) return undefined;
  const changedMs = readChangeTime(annotations);
  return {
    namespace,
    name,
    serviceName,
    family,
    ports: readPorts(object),
    endpoints: readEndpoints(object, family),
    ...(changedMs === undefined ? {} : { changedMs }),
  };
}

function readChangeTime(annotations: FieldReader): number | undefined {
  const instead = 'it is treated as unknown';
  const text = annotations.string(changeTimeAnnotation, instead);
  if (text === undefined) return undefined;
  const time = Date.parse(text);
  if (!Number.isNaN(time)) return time;
  return annotations.report(changeTimeAnnotation, `is ${quote(text)}, not a time; ${instead}`);
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
    return object.report('addressType', `is missing; ${instead}`, 'MissingValue');
  }
  if (type !== 'FQDN') return type;
  return object.report(
    'addressType',
    `FQDN addresses are not used (kube-proxy does not use them either); ${instead}`,
    'UnsupportedAddressType',
  );
}

function readPorts(object: FieldReader): readonly EndpointPort[] {
  const ports = new Map<string, EndpointPort>();
  for (const reader of object.objects('ports', 'the slice is treated as having no ports')) {
    const port = readPort(reader);
    if (port === undefined) continue;
    const key = `${port.protocol} ${port.name}`;
    if (!ports.has(key)) ports.set(key, port);
    else reportSecondName(reader, port);
  }
  return [...ports.values()];
}

function reportSecondName(reader: FieldReader, { protocol, name }: EndpointPort): void {
  const message = `a second ${protocol} port has the name ${quote(name)}; the first is used`;
  reader.report('name', message, 'DuplicateValue');
}

/** The API server's default of a port's name is "". Without a number a port matches no Service port (Service contract §1.2). */
function readPort(reader: FieldReader): EndpointPort | undefined {
  const instead = 'the port is left out';
  if (reader.raw('port') === undefined) return reader.report('port', `is missing; ${instead}`, 'MissingValue');
  const name = reader.raw('name') === undefined ? '' : reader.string('name', instead);
  const port = reader.integer('port', 1, 65_535, instead);
  const protocol = reader.raw('protocol') === undefined ? 'TCP' : reader.choice('protocol', protocols, instead);
  if (name === undefined || port === undefined || protocol === undefined) return undefined;
  if (name !== '' && !isDnsLabel(name)) return reader.report('name', `is ${quote(name)}, not ${labelRule}; ${instead}`);
  return { name, protocol, port };
}

function readEndpoints(object: FieldReader, family: IpFamily): readonly Endpoint[] {
  const endpoints = new Map<string, Endpoint>();
  for (const reader of object.objects('endpoints', 'the slice is treated as having no endpoints')) {
    const endpoint = readEndpoint(reader, family);
    if (endpoint === undefined) continue;
    const rival = endpoints.get(endpoint.address);
    if (rival === undefined || rank(endpoint) > rank(rival)) endpoints.set(endpoint.address, endpoint);
    if (rival !== undefined && rank(endpoint) === rank(rival)) reportDuplicate(reader, endpoint.address);
  }
  return [...endpoints.values()];
}

function reportDuplicate(reader: FieldReader, address: string): void {
  reader.report(
    'addresses[0]',
    `${address} is listed twice; the first is used, this one is left out`,
    'DuplicateValue',
  );
}

/**
 * Pods on the host's network share its address, so a terminating one may be listed beside its successor in one slice: that
 * is not a mistake, and the one that can take traffic is used (kube-proxy 1.36 does the same).
 */
function rank({ ready, serving, terminating }: Endpoint): number {
  return (ready ? 4 : 0) + (terminating ? 0 : 2) + (serving ? 1 : 0);
}

function readEndpoint(reader: FieldReader, family: IpFamily): Endpoint | undefined {
  const address = readAddress(reader, family);
  if (address === undefined) return undefined;
  const conditions = readConditions(reader);
  const nodeName = reader.string('nodeName', 'it is treated as absent');
  const zone = reader.string('zone', 'it is treated as absent');
  const hints = reader.object('hints', 'they are ignored');
  return {
    address,
    ...conditions,
    ...(nodeName === undefined ? {} : { nodeName }),
    ...(zone === undefined ? {} : { zone }),
    hintZones: readHints(hints, 'forZones'),
    hintNodes: readHints(hints, 'forNodes'),
  };
}

/**
 * What is absent takes its default (Service contract §1.2). What cannot be read does not promise that the endpoint takes traffic:
 * it is not used, as long as others are.
 */
function readConditions(reader: FieldReader): Pick<Endpoint, 'ready' | 'serving' | 'terminating'> {
  if (reader.raw('conditions') === undefined) return { ready: true, serving: true, terminating: false };
  const conditions = reader.object('conditions', 'the endpoint is treated as not ready');
  return {
    ready: condition(conditions, 'ready', 'the endpoint is treated as not ready') ?? true,
    serving: condition(conditions, 'serving', 'the endpoint is treated as not serving') ?? true,
    terminating: condition(conditions, 'terminating', 'it is treated as false') ?? false,
  };
}

/** Undefined when absent, false when it cannot be read. */
function condition(conditions: FieldReader | undefined, key: string, instead: string): boolean | undefined {
  if (conditions === undefined) return false;
  if (conditions.raw(key) === undefined) return undefined;
  return conditions.boolean(key, instead) ?? false;
}

/** Only the first address is used (Service contract §1.2). */
function readAddress(reader: FieldReader, family: IpFamily): string | undefined {
  const refuse = (reason: string, code?: ProblemCode): undefined =>
    reader.report('addresses[0]', `${reason}; the endpoint is left out`, code);
  const list = reader.raw('addresses');
  const text: unknown = Array.isArray(list) ? list[0] : undefined;
  if (text === undefined) return refuse('is missing', 'MissingValue');
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
