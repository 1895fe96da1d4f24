import { describe, expect, it } from 'vitest';
import { closedGate } from '../kernel/gate.ts';
import { type EnvoyEvent, type EnvoyState, gateOf, nextEnvoyState } from './envoy-state.ts';

const healthy = { kind: 'Answered', status: { ready: true, connected: true, overloaded: false } } as const;
const alone = { kind: 'Answered', status: { ready: true, connected: false, overloaded: false } } as const;
const known = { kind: 'KnownSeen', tcp: new Set(['10.96.0.1:9']), http: new Set(['10.96.0.1:80']) } as const;

function stateAfter(...events: readonly EnvoyEvent[]): EnvoyState {
  return events.reduce(nextEnvoyState, { kind: 'Absent' } as EnvoyState);
}

describe("Envoy's state", () => {
  it('opens TCP as soon as Envoy is ready and connected, HTTP once its scopes were seen', () => {
    expect(gateOf(stateAfter(healthy))).toEqual({ ...closedGate, tcp: true });
    expect(gateOf(stateAfter(healthy, { kind: 'ScopesSeen' }))).toEqual({ ...closedGate, tcp: true, http: true });
    expect(gateOf(stateAfter(healthy, { kind: 'ScopesSeen' }, healthy))).toEqual({
      ...closedGate,
      tcp: true,
      http: true,
    });
  });

  it('wants the scopes again after Envoy was gone', () => {
    expect(gateOf(stateAfter(healthy, { kind: 'ScopesSeen' }, { kind: 'Refused' }, healthy)).http).toBe(false);
  });

  it('closes when Envoy is gone, not ready or overloaded', () => {
    const ready = [healthy, { kind: 'ScopesSeen' }] as const;
    expect(gateOf(stateAfter(...ready, { kind: 'Refused' }))).toEqual(closedGate);
    const notReady = { kind: 'Answered', status: { ready: false, connected: true, overloaded: false } } as const;
    expect(gateOf(stateAfter(...ready, notReady))).toEqual(closedGate);
    const overloaded = { kind: 'Answered', status: { ready: true, connected: true, overloaded: true } } as const;
    expect(stateAfter(...ready, overloaded)).toEqual({ kind: 'Overloaded' });
    expect(gateOf(stateAfter(...ready, overloaded))).toEqual(closedGate);
  });

  it('tolerates one slow answer, not two', () => {
    const ready = [healthy, { kind: 'ScopesSeen' }] as const;
    expect(stateAfter(...ready, { kind: 'TimedOut', inARow: 1 }).kind).toBe('Connected');
    expect(stateAfter(...ready, { kind: 'TimedOut', inARow: 1 }, { kind: 'TimedOut', inARow: 2 })).toEqual({
      kind: 'Hung',
    });
    expect(gateOf({ kind: 'Hung' })).toEqual(closedGate);
  });

  it('leaves Envoy only what it knows while the controller is away', () => {
    expect(gateOf(stateAfter(healthy, alone))).toEqual(closedGate);
    const gate = gateOf(stateAfter(healthy, alone, known, alone));
    expect(gate).toMatchObject({ tcp: false, http: false, known: { tcp: known.tcp, http: known.http } });
    expect(gateOf(stateAfter(healthy, alone, known, healthy)).tcp).toBe(true);
  });

  it('ignores findings that came too late', () => {
    expect(stateAfter({ kind: 'ScopesSeen' })).toEqual({ kind: 'Absent' });
    expect(stateAfter(healthy, known)).toEqual({ kind: 'Connected', scopesSeen: false });
  });
});
