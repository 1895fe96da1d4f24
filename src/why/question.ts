import ipaddr from 'ipaddr.js';
import { parseHostPort } from '../base/host-port.ts';
import { nearest } from '../base/nearest.ts';
import { familyOf, keyOf } from '../model/address.ts';
import { FairleadError } from '../model/errors.ts';
import type { Model } from '../model/model.ts';
import type { Node } from '../model/node.ts';
import type { Protocol, Service } from '../model/service.ts';

/** As it was asked. */
export interface Question {
  /** A pod (`namespace/name`), a node's name, or an address. */
  readonly from: string;
  /** `[namespace/]service[:port]`, the port by number or name, or `address:port`. */
  readonly to: string;
  readonly protocol?: Protocol;
  readonly node?: string;
}

export interface Client {
  readonly kind: 'Pod' | 'Node' | 'Outside';
  /** Of a pod `namespace/name`, if it is known; of a node its name; otherwise the address. */
  readonly name: string;
  readonly addresses: readonly string[];
  /** Where it runs; undefined: not on a node of the cluster. */
  readonly nodeName: string | undefined;
}

export interface Target {
  readonly address: string;
  readonly port: number;
  /** Undefined: neither asked nor said by a Service's name. */
  readonly protocol: Protocol | undefined;
}

/** @throws FairleadError when there is no such pod or node */
export function clientOf(model: Model, text: string): Client {
  const address = canonical(text);
  if (address !== undefined) return clientAt(model, address);
  const node = model.nodes.get(text);
  if (node !== undefined) return clientOfNode(node);
  const key = text.includes('/') ? text : `default/${text}`;
  const pod = model.get('Pod', key);
  if (pod === undefined) throw unknownClient(model, text);
  return { kind: 'Pod', name: key, addresses: pod.addresses, nodeName: pod.nodeName };
}

function clientOfNode({ name, addresses }: Node): Client {
  return { kind: 'Node', name, addresses: addresses.map(({ address }) => address), nodeName: name };
}

function clientAt(model: Model, address: string): Client {
  const node = nodeAt(model, address);
  if (node !== undefined) return { ...clientOfNode(node), addresses: [address] };
  const pod = [...model.keys('Pod')].find((key) => model.get('Pod', key)?.addresses.includes(address) === true);
  const nodeName =
    pod === undefined
      ? (nodeOfEndpoint(model, address) ?? nodeOfRange(model, address))
      : model.get('Pod', pod)?.nodeName;
  const kind = nodeName === undefined ? 'Outside' : 'Pod';
  return { kind, name: pod ?? address, addresses: [address], nodeName };
}

function nodeAt(model: Model, address: string): Node | undefined {
  return [...model.nodes.values()].find(({ addresses }) => addresses.some((one) => one.address === address));
}

function nodeOfEndpoint(model: Model, address: string): string | undefined {
  for (const key of model.keys('EndpointSlice')) {
    const endpoints = model.get('EndpointSlice', key)?.endpoints ?? [];
    const found = endpoints.find((endpoint) => endpoint.address === address && endpoint.nodeName !== undefined);
    if (found !== undefined) return found.nodeName;
  }
  return undefined;
}

function nodeOfRange(model: Model, address: string): string | undefined {
  const parsed = ipaddr.parse(address);
  const node = [...model.nodes.values()].find(({ podCidrs }) => {
    return podCidrs.some((cidr) => familyOf(cidr) === familyOf(address) && parsed.match(ipaddr.parseCIDR(cidr)));
  });
  return node?.name;
}

function unknownClient(model: Model, text: string): FairleadError {
  const known = [...model.keys('Pod'), ...model.nodes.keys()];
  const meant = nearest(text, known);
  const help =
    meant === undefined
      ? "give a pod as NAMESPACE/NAME; instead of a pod on the host's network give its node"
      : `did you mean ${meant}?`;
  return invalid('--from', `no pod and no node "${text}" is known; ${help}`);
}

/** @throws FairleadError when there is no such Service, or it has no such port name */
export function targetOf(model: Model, { to, protocol }: Question, client: Client): Target {
  const endpoint = parseHostPort(to);
  const address = endpoint === undefined ? undefined : canonical(endpoint.host);
  if (endpoint !== undefined && address !== undefined) return { address, port: endpoint.port, protocol };
  if (canonical(to) !== undefined) throw invalid('--to', `${to} has no port; give ADDRESS:PORT, IPv6 in brackets`);
  const [, namespace, name = '', port] = /^(?:([^/:]+)\/)?([^/:]+)(?::([^/:]+))?$/.exec(to) ?? [];
  if (name === '') throw invalid('--to', `"${to}" is neither [NAMESPACE/]SERVICE[:PORT] nor ADDRESS:PORT`);
  const service = serviceOf(model, `${namespace ?? namespaceOf(client)}/${name}`);
  return { address: addressOf(service, client), ...portOf(service, port, protocol) };
}

function namespaceOf({ kind, name }: Client): string {
  const [namespace, rest] = name.split('/');
  return kind === 'Pod' && namespace !== undefined && rest !== undefined ? namespace : 'default';
}

function serviceOf(model: Model, key: string): Service {
  const service = model.services.get(key);
  if (service !== undefined) return service;
  const name = key.slice(key.indexOf('/'));
  const keys = [...model.services.keys()];
  const meant = nearest(key, keys) ?? keys.find((known) => known.endsWith(name));
  const help = meant === undefined ? 'headless and ExternalName Services have no address' : `did you mean ${meant}?`;
  throw invalid('--to', `no Service "${key}" with a cluster IP is known; ${help}`);
}

function addressOf(service: Service, { addresses }: Client): string {
  const families = new Set(addresses.map(familyOf));
  const address = service.clusterIPs.find((one) => families.size === 0 || families.has(familyOf(one)));
  if (address !== undefined) return address;
  const has = service.clusterIPs.join(', ') || 'none';
  throw invalid('--to', `Service ${keyOf(service)} has no cluster IP of the client's address family (it has ${has})`);
}

/** A number that the Service does not have is a fair question: it is refused. */
function portOf(service: Service, text: string | undefined, protocol: Protocol | undefined): Omit<Target, 'address'> {
  const ports = service.ports.filter((port) => protocol === undefined || port.protocol === protocol);
  const [first, second] = ports;
  if (text === undefined && first !== undefined && second === undefined) return first;
  const found = ports.find(({ name, port }) => name === text || String(port) === text);
  if (found !== undefined) return found;
  const number = Number(text);
  if (Number.isInteger(number) && number > 0 && number < 65_536) return { port: number, protocol };
  const reason = text === undefined ? 'does not say which port' : `names no port: "${text}"`;
  throw invalid('--to', `${reason}; Service ${keyOf(service)} has ${portsText(service)}`);
}

/**
 * The client's address of the target's family; of a node whose addresses are not known the unspecified one.
 * @throws FairleadError when it has addresses, but none of that family
 */
export function sourceFor({ name, addresses }: Client, { address }: Target): string {
  const family = familyOf(address);
  const source = addresses.find((one) => familyOf(one) === family);
  if (source !== undefined) return source;
  if (addresses.length === 0) return family === 'IPv4' ? '0.0.0.0' : '::';
  throw invalid('--to', `${address} is ${family}, and ${name} has no such address (it has ${addresses.join(', ')})`);
}

/** `80/TCP http, 53/UDP dns`. */
export function portsText({ ports }: Service): string {
  const texts = ports.map(({ name, port, protocol }) => `${port}/${protocol}${name === '' ? '' : ` ${name}`}`);
  return texts.join(', ') || 'no ports';
}

/**
 * The node whose rules decide.
 * @throws FairleadError when that is not clear
 */
export function nodeNameOf(model: Model, question: Question, client: Client, target: Target): string {
  const { node } = question;
  if (node !== undefined && model.nodes.size > 0 && !model.nodes.has(node)) {
    const meant = nearest(node, [...model.nodes.keys()]);
    throw invalid('--node', `no Node "${node}" is known${meant === undefined ? '' : `; did you mean ${meant}?`}`);
  }
  if (node !== undefined && client.nodeName !== undefined && client.nodeName !== node) {
    throw invalid('--node', `${client.name} is on node ${client.nodeName}, whose rules decide`);
  }
  const [only, second] = [...model.nodes.keys()];
  const name =
    node ?? client.nodeName ?? nodeAt(model, target.address)?.name ?? (second === undefined ? only : undefined);
  if (name !== undefined) return name;
  throw invalid('--node', `${client.name} is not on a node of the cluster; say at which node its packets arrive`);
}

function canonical(text: string): string | undefined {
  return ipaddr.isValid(text) && (text.includes(':') || ipaddr.IPv4.isValidFourPartDecimal(text))
    ? ipaddr.parse(text).toString()
    : undefined;
}

function invalid(flag: string, message: string): FairleadError {
  return new FairleadError('INPUT_INVALID', `${flag}: ${message}`);
}
