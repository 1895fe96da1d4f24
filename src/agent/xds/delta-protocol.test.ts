import { describe, expect, it } from 'vitest';
import { DeltaProtocol, endOfList } from './delta-protocol.ts';
import { HeldViews } from './held-views.ts';
import type { Rejections, ViewResponse } from './view-protocol.ts';

const nothing: Rejections = new Map();

function response(names: readonly string[], removed: readonly string[] = [], nonce = '1'): ViewResponse {
  const resources = names.map((name) => ({ name, version: `v-${name}`, body: new Uint8Array() }));
  return { nonce, resources, removed, complete: false, staleBuckets: [] };
}

function receive(protocol: DeltaProtocol, given: ViewResponse, rejected = nothing) {
  protocol.record(protocol.take(given), rejected);
  return protocol.acknowledge(given, rejected);
}

describe('plain delta ADS of the agent', () => {
  it('asks for everything and for the mark at the end', () => {
    expect(new DeltaProtocol(new HeldViews()).open()).toEqual({
      resourceNamesSubscribe: ['*', endOfList],
      initialResourceVersions: {},
    });
  });

  it('is complete only when a response holds nothing but the mark', () => {
    const held = new HeldViews();
    const protocol = new DeltaProtocol(held);
    for (const part of [response(['a/a'], [endOfList]), response(['b/b'])]) {
      expect(receive(protocol, part)).toEqual({ responseNonce: '1', resourceNamesSubscribe: [endOfList] });
      expect(held.isComplete).toBe(false);
    }
    const end = response([], [endOfList]);
    expect(receive(protocol, end)).toEqual({ responseNonce: '1', resourceNamesUnsubscribe: [endOfList] });
    expect(held.isComplete).toBe(true);
    expect(receive(protocol, end)).toEqual({ responseNonce: '1' });
  });

  it('names what is held when it comes back, without what was removed or rejected', () => {
    const held = new HeldViews();
    const first = new DeltaProtocol(held);
    receive(first, response(['a/a', 'b/b', 'c/c']), new Map([['c/c', 'bad']]));
    receive(first, response([], ['b/b']));
    receive(first, response([], [endOfList]));
    expect(new DeltaProtocol(held).open()).toEqual({
      resourceNamesSubscribe: ['*'],
      initialResourceVersions: { 'a/a': 'v-a/a' },
    });
  });

  it('rejects with the reasons, not too long', () => {
    const rejected = new Map([['a/a', 'x'.repeat(5_000)]]);
    const request = receive(new DeltaProtocol(new HeldViews()), response(['a/a']), rejected);
    expect(request.errorDetail?.code).toBe(3);
    expect(request.errorDetail?.message).toHaveLength(1_000);
  });
});
