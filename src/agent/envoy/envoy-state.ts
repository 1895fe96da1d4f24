import { type AddressNames, closedGate, type Gate } from '../kernel/gate.ts';

/** The state of this node's Envoy, according to its admin interface. */
export type EnvoyState =
  /** Nothing listens on the admin address: not started, or gone. */
  | { readonly kind: 'Absent' }
  /** It answers but is not ready: initializing or draining. */
  | { readonly kind: 'NotReady' }
  /** It did not answer in time, more than once. */
  | { readonly kind: 'Hung' }
  /** It refuses connections to save its memory. */
  | { readonly kind: 'Overloaded' }
  /** Ready, with a controller. `scopesSeen`: the HTTP addresses that it knows were looked up since it started. */
  | { readonly kind: 'Connected'; readonly scopesSeen: boolean }
  /** Ready, without a controller; `known` undefined until it was looked up. */
  | { readonly kind: 'Alone'; readonly known: Gate['known'] | undefined };

export type EnvoyEvent =
  | { readonly kind: 'Refused' }
  /** `inARow`: how many times in a row. */
  | { readonly kind: 'TimedOut'; readonly inARow: number }
  | { readonly kind: 'Answered'; readonly status: EnvoyStatus }
  | { readonly kind: 'ScopesSeen' }
  | { readonly kind: 'KnownSeen'; readonly tcp: AddressNames; readonly http: AddressNames };

export interface EnvoyStatus {
  readonly ready: boolean;
  /** Whether its ADS stream is open. */
  readonly connected: boolean;
  readonly overloaded: boolean;
}

/** One slow answer can happen on a busy machine; two in a row are a hang. */
const toleratedTimeouts = 1;

export function nextEnvoyState(state: EnvoyState, event: EnvoyEvent): EnvoyState {
  switch (event.kind) {
    case 'Refused':
      return { kind: 'Absent' };
    case 'TimedOut':
      return event.inARow > toleratedTimeouts ? { kind: 'Hung' } : state;
    case 'Answered':
      return answered(state, event.status);
    case 'ScopesSeen':
      return state.kind === 'Connected' ? { kind: 'Connected', scopesSeen: true } : state;
    case 'KnownSeen':
      return state.kind === 'Alone' ? { kind: 'Alone', known: { tcp: event.tcp, http: event.http } } : state;
  }
}

function answered(state: EnvoyState, { ready, connected, overloaded }: EnvoyStatus): EnvoyState {
  if (!ready) return { kind: 'NotReady' };
  if (overloaded) return { kind: 'Overloaded' };
  if (connected) return state.kind === 'Connected' ? state : { kind: 'Connected', scopesSeen: false };
  return state.kind === 'Alone' ? state : { kind: 'Alone', known: undefined };
}

/** TCP may be redirected at once, as Envoy asks for a cluster on first use; for HTTP Envoy must have the scope first. */
export function gateOf(state: EnvoyState): Gate {
  switch (state.kind) {
    case 'Connected':
      return { ...closedGate, tcp: true, http: state.scopesSeen };
    case 'Alone':
      return state.known === undefined ? closedGate : { ...closedGate, known: state.known };
    default:
      return closedGate;
  }
}
