import type { EndpointSet } from '../agent/xds/service-view.ts';
import { defaultMarks } from '../base/marks.ts';
import { familyOf, keyOf } from '../model/address.ts';
import type { Endpoint } from '../model/endpoint.ts';
import type { Model } from '../model/model.ts';
import type { Protocol, Service, TrafficPolicy } from '../model/service.ts';
import type { Host, Step } from '../nftables/interpreter/flight.ts';
import { type Outcome, outcomes } from '../nftables/interpreter/outcomes.ts';
import type { Packet } from '../nftables/interpreter/packet.ts';
import { trace } from '../nftables/interpreter/trace.ts';
import type {
  Answer,
  Decision,
  EndpointAnswer,
  PathAnswer,
  SourceAnswer,
  UnusedEndpoint,
  VerdictAnswer,
} from './answer.ts';
import { envoyAnswer } from './envoy-answer.ts';
import { type KnownFrontend, type NodeState, type NodeStateOptions, nodeStateOf } from './node-state.ts';
import {
  type Client,
  clientOf,
  nodeNameOf,
  portsText,
  type Question,
  sourceFor,
  type Target,
  targetOf,
} from './question.ts';
import { unusedEndpoints } from './unused-endpoints.ts';
import { chainMeaning, kindNames, type PathReason, pathReasons } from './words.ts';

/** As many endpoints as one set can have. */
const mostOutcomes = 65_536;
/** Any that is not a Service's. */
const clientPort = 40_000;

/** A connection, and the node that decides about it. */
interface Case {
  readonly model: Model;
  readonly client: Client;
  readonly target: Target & { readonly protocol: Protocol };
  readonly state: NodeState;
  readonly source: string;
  readonly frontend: KnownFrontend | undefined;
  readonly options: NodeStateOptions;
}

/**
 * What becomes of a new connection: the tables of the node are built as the agent builds them, and executed.
 * @throws FairleadError when the question names what is not there
 */
export function explain(model: Model, question: Question, options: NodeStateOptions): Answer {
  const one = caseOf(model, question, options);
  const all = outcomes({ tables: one.state.tables, host: hostOf(one.state), packet: packetOf(one) }, mostOutcomes);
  const { client, target, source, state, frontend } = one;
  const path = pathOf(one, all);
  const common = commonSteps(all);
  return {
    from: { kind: client.kind, name: client.name, address: source },
    to: { address: target.address, port: target.port, protocol: target.protocol },
    node: state.name,
    ...(frontend === undefined ? {} : { frontend: frontendAnswer(frontend) }),
    meaning: meaningOf(one),
    path,
    verdict: verdictOf(one, all, path),
    endpoints: path.kind === 'Envoy' ? endpointsOfEnvoy(one) : endpointsOfKernel(one, all, common),
    unused: unusedOf(one, all),
    decisions: common.map(decisionOf),
    ...(path.kind === 'Envoy' && frontend !== undefined ? { envoy: envoyAnswer(state.translation, frontend) } : {}),
  };
}

function caseOf(model: Model, question: Question, options: NodeStateOptions): Case {
  const client = clientOf(model, question.from);
  const asked = targetOf(model, question, client);
  const state = nodeStateOf(model, nodeNameOf(model, question, client, asked), options);
  const frontend = frontendFor(state, asked);
  const target = { ...asked, protocol: asked.protocol ?? frontend?.protocol ?? 'TCP' };
  return { model, client, target, state, source: sourceFor(client, asked), frontend, options };
}

function frontendFor({ frontends, primary }: NodeState, { address, port, protocol }: Target) {
  const found = frontends.filter((frontend) => {
    const isAt =
      frontend.kind === 'NodePort'
        ? primary.includes(address) && frontend.family === familyOf(address)
        : frontend.address === address;
    return isAt && frontend.port === port && (protocol === undefined || frontend.protocol === protocol);
  });
  return found.find((frontend) => frontend.protocol === 'TCP') ?? found[0];
}

function packetOf({ client, target, source }: Case): Packet {
  const incoming = client.kind === 'Node' ? {} : { incoming: client.kind === 'Pod' ? 'pod' : 'outside' };
  return {
    family: familyOf(target.address) === 'IPv4' ? 'ip' : 'ip6',
    protocol: target.protocol === 'TCP' ? 'tcp' : target.protocol === 'UDP' ? 'udp' : 'sctp',
    source,
    destination: target.address,
    sourcePort: clientPort,
    destinationPort: target.port,
    ...incoming,
  };
}

function hostOf({ addresses }: NodeState): Omit<Host, 'random'> {
  return {
    isLocal: (address) => addresses.includes(address),
    isRoutedToSockets: (mark) => (mark & defaultMarks.mask) === defaultMarks.redirect,
    listensAt: () => true,
  };
}

function frontendAnswer({ kind, service, portName, trafficPolicy, affinityTimeoutSeconds }: KnownFrontend) {
  return { kind, service, portName, trafficPolicy, affinityTimeoutSeconds };
}

function meaningOf({ model, target, frontend }: Case): string {
  const { address, port, protocol } = target;
  if (frontend !== undefined) {
    const named = frontend.portName === '' ? '' : ` (${frontend.portName})`;
    return `${kindNames[frontend.kind]} of Service ${frontend.service}, port ${port}/${protocol}${named}`;
  }
  const owner = ownerOf(model, address);
  if (owner === undefined) return 'no address of a Service';
  return `a cluster IP of Service ${keyOf(owner)}, which has no port ${port}/${protocol} (it has ${portsText(owner)})`;
}

function ownerOf(model: Model, address: string): Service | undefined {
  const key = model.ownerOf(address);
  return key === undefined ? undefined : model.services.get(key);
}

function pathOf(one: Case, [first]: readonly Outcome[]): PathAnswer {
  const { frontend } = one;
  if (frontend === undefined)
    return { kind: 'None', reason: 'NoFrontend', text: 'no Service has this address and port' };
  const isEnvoys = first?.fate.kind === 'Redirected';
  const reason = isEnvoys || frontend.dataPath === 'Kernel' ? frontend.reason : detourOf(one, frontend);
  return { kind: isEnvoys ? 'Envoy' : 'Kernel', reason, text: pathReasons[reason] };
}

/** Why a connection to a frontend of Envoy does not go through Envoy. */
function detourOf({ client, source, state }: Case, { endpointSet, failMode }: KnownFrontend): PathReason {
  if (client.kind !== 'Pod') return 'NotAPod';
  if (state.kernelPathPods.has(source)) return 'EgressPolicy';
  if (endpointSet.verdict !== 'Forward') return 'NoEndpoints';
  return failMode === 'Closed' ? 'EnvoyAwayClosed' : 'EnvoyAway';
}

function verdictOf(one: Case, all: readonly Outcome[], path: PathAnswer): VerdictAnswer {
  const [first] = all;
  switch (first?.fate.kind) {
    case 'Redirected':
      return { kind: 'Envoy', text: `goes to Envoy on the node, at port ${first.fate.port}` };
    case 'Rejected':
      return { kind: 'Rejected', text: `is refused (${first.fate.with}): ${refusalReason(one, path)}` };
    case 'Dropped':
      return { kind: 'Dropped', text: `is dropped without an answer: ${dropReason(one, first)}` };
    default:
      if (first?.connection.status.includes('dnat') !== true) {
        return { kind: 'Untouched', text: 'is left as it is: no rule translates it' };
      }
      return {
        kind: 'Endpoint',
        text: `goes to ${all.length === 1 ? 'the only endpoint' : `one of ${all.length} endpoints`}`,
      };
  }
}

function refusalReason({ frontend }: Case, { reason }: PathAnswer): string {
  if (frontend === undefined) return 'the Service has no such port';
  return reason === 'EnvoyAwayClosed' ? pathReasons[reason] : 'the Service has no endpoint that could be used';
}

function dropReason({ frontend, state }: Case, { steps }: Outcome): string {
  if (steps.at(-1)?.chain === 'source-check') return "the client is not within the Service's loadBalancerSourceRanges";
  if (frontend === undefined) return 'the address is within a ServiceCIDR, but no Service has it';
  return `the traffic policy is Local, and no endpoint is on ${state.name}`;
}

/** Those that every outcome has. */
function commonSteps([first, ...others]: readonly Outcome[]): readonly Step[] {
  const known = others.map(({ steps }) => new Set(steps.map(idOf)));
  return (first?.steps ?? []).filter((step) => known.every((ids) => ids.has(idOf(step))));
}

function idOf({ hook, table, chain, rule, elements }: Step): string {
  return [hook, table, chain, rule, ...elements].join('\n');
}

function decisionOf(step: Step): Decision {
  return { ...step, meaning: chainMeaning(step.chain) };
}

function endpointsOfKernel(one: Case, all: readonly Outcome[], common: readonly Step[]): readonly EndpointAnswer[] {
  const shared = new Set(common.map(idOf));
  return all.flatMap((outcome) => {
    const { connection, packet, probability, sourceTranslation, steps } = outcome;
    if (outcome.fate.kind === 'Rejected' || outcome.fate.kind === 'Dropped') return [];
    if (!connection.status.includes('dnat')) return [];
    const source = sourceOf(one, sourceTranslation.kind === 'Masquerade');
    const decisions = steps.filter((step) => !shared.has(idOf(step))).map(decisionOf);
    const port = packet.destinationPort ?? 0;
    return { ...placeOf(one, packet.destination), port, probability, source, decisions };
  });
}

/** Envoy's connection to an endpoint has the client's address, and passes the tables as well. */
function endpointsOfEnvoy(one: Case): readonly EndpointAnswer[] {
  const { frontend, state } = one;
  const { incoming: _incoming, ...sent } = packetOf(one);
  const host = { ...hostOf(state), random: () => 0 };
  return (frontend?.endpointSet.endpoints ?? []).map(({ address, port }) => {
    const packet = { ...sent, destination: address, destinationPort: port, mark: defaultMarks.upstream };
    const { sourceTranslation, steps } = trace({ tables: state.tables, host, packet });
    const source = sourceOf(one, sourceTranslation.kind === 'Masquerade');
    return { ...placeOf(one, address), port, source, decisions: steps.map(decisionOf) };
  });
}

function sourceOf({ source, state, client }: Case, isMasqueraded: boolean): SourceAnswer {
  if (!isMasqueraded && client.addresses.length > 0) return { kind: 'Client', address: source };
  return { kind: 'Node', name: state.name };
}

function placeOf({ model, frontend }: Case, address: string): Pick<EndpointAnswer, 'address' | 'node' | 'zone'> {
  const { nodeName, zone } = endpointAt(model, frontend?.service ?? '', address) ?? {};
  return { address, ...(nodeName === undefined ? {} : { node: nodeName }), ...(zone === undefined ? {} : { zone }) };
}

function endpointAt(model: Model, service: string, address: string): Endpoint | undefined {
  const all = model.slicesOf(service).flatMap(({ endpoints }) => endpoints);
  return all.find((endpoint) => endpoint.address === address);
}

function unusedOf({ model, frontend, state }: Case, all: readonly Outcome[]): readonly UnusedEndpoint[] {
  const ports = frontend === undefined ? [] : (model.services.get(frontend.service)?.ports ?? []);
  const port = ports.find(({ name, protocol }) => name === frontend?.portName && protocol === frontend.protocol);
  if (frontend === undefined || port === undefined) return [];
  const { service, family } = frontend;
  const client = { nodeName: state.name, zone: state.zone };
  return unusedEndpoints(model, { service, port, family, client, ...usedSet(frontend, all) });
}

/** Pods and the node itself use all endpoints of what is Local for those outside. */
function usedSet(
  { trafficPolicy, endpointSet, shortCircuitSet }: KnownFrontend,
  all: readonly Outcome[],
): { readonly policy: TrafficPolicy; readonly set: EndpointSet } {
  const isShortCircuited = all.some(({ steps }) => steps.some(({ chain }) => chain === 'to-cluster'));
  if (trafficPolicy === 'Local' && shortCircuitSet !== undefined && isShortCircuited) {
    return { policy: 'Cluster', set: shortCircuitSet };
  }
  return { policy: trafficPolicy, set: endpointSet };
}
