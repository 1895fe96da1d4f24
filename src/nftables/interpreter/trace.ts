import type { TableContent } from './content.ts';
import { type ChainEnd, executeChain } from './execute.ts';
import type { Fate, Flight, HookName, Host, Trace } from './flight.ts';
import { baseChains } from './hooks.ts';
import { type Connection, loopback, newConnection, type Packet } from './packet.ts';

export interface TraceInput {
  /** All of the packet's family; tables of other families are not consulted. */
  readonly tables: readonly TableContent[];
  readonly host: Host;
  readonly packet: Packet;
  /** Absent: the packet begins a connection. */
  readonly connection?: Connection;
}

/**
 * Follows a packet through the hooks of a host, as netfilter does (order of hooks and NAT: nf_hook_slow, nf_nat_core.c). What is not in
 * the tables is not there: other programs' rules and the routes beyond `host`.
 */
export function trace({ tables, host, packet, connection = newConnection(packet) }: TraceInput): Trace {
  const flight: Flight = {
    tables: tables.filter(({ name }) => name.family === packet.family || name.family === 'inet'),
    host,
    steps: [],
    packet,
    mark: packet.mark ?? 0,
    priority: 0,
    outgoing: undefined,
    connection,
    socketPort: undefined,
    sourceTranslation: { kind: 'None' },
    translated: { destination: connection.state !== 'new', source: connection.state !== 'new' },
  };
  const fate = packet.incoming === undefined ? leave(flight) : arrive(flight);
  return {
    steps: flight.steps,
    fate,
    packet: flight.packet,
    sourceTranslation: flight.sourceTranslation,
    connection: flight.connection,
  };
}

function arrive(flight: Flight): Fate {
  return pass(flight, 'prerouting') ?? (isForHost(flight) ? deliver(flight) : forward(flight));
}

function deliver(flight: Flight): Fate {
  const stopped = pass(flight, 'input');
  if (stopped !== undefined) return stopped;
  return flight.socketPort === undefined ? { kind: 'Local' } : { kind: 'Redirected', port: flight.socketPort };
}

function forward(flight: Flight): Fate {
  return pass(flight, 'forward') ?? pass(flight, 'postrouting') ?? { kind: 'Sent' };
}

/** What the host sends itself comes back through its loopback interface. */
function leave(flight: Flight): Fate {
  const stopped = pass(flight, 'output');
  if (stopped !== undefined) return stopped;
  const isToItself = isForHost(flight);
  if (isToItself) flight.outgoing = loopback;
  const stoppedLater = pass(flight, 'postrouting');
  if (stoppedLater !== undefined) return stoppedLater;
  if (!isToItself) return { kind: 'Sent' };
  flight.packet = { ...flight.packet, incoming: loopback };
  flight.outgoing = undefined;
  return arrive(flight);
}

function isForHost({ host, packet, mark }: Flight): boolean {
  return host.isRoutedToSockets(mark) || host.isLocal(packet.destination);
}

/** Undefined: every chain lets the packet pass. */
function pass(flight: Flight, hook: HookName): Fate | undefined {
  for (const { table, chain, type } of baseChains(flight.tables, hook)) {
    if (type === 'nat' && isTranslated(flight, hook)) continue;
    const fate = fateOf(executeChain(flight, table, chain, hook));
    if (fate !== undefined) return fate;
  }
  // Where no rule translates, the kernel settles that there is nothing to translate.
  flight.translated[sideOf(hook)] ||= hook !== 'forward';
  return undefined;
}

/** NAT chains see only packets of new connections, until one of them has translated. */
function isTranslated({ connection, translated }: Flight, hook: HookName): boolean {
  return connection.state !== 'new' || translated[sideOf(hook)];
}

function sideOf(hook: HookName): 'destination' | 'source' {
  return hook === 'prerouting' || hook === 'output' ? 'destination' : 'source';
}

function fateOf(end: ChainEnd): Fate | undefined {
  switch (end.kind) {
    case 'Drop':
      return { kind: 'Dropped' };
    case 'Reject':
      return { kind: 'Rejected', with: end.with };
    default:
      return undefined;
  }
}
