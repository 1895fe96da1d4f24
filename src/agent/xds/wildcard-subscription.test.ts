import { describe, expect, it } from 'vitest';
import { type DeltaResponse, endOfList, WildcardSubscription } from './wildcard-subscription.ts';

const nothing: ReadonlyMap<string, string> = new Map();

function response(names: readonly string[], removed: readonly string[] = [], nonce = '1'): DeltaResponse {
  const resources = names.map((name) => ({ name, version: `v-${name}`, body: new Uint8Array() }));
  return { nonce, resources, removed };
}

describe('a wildcard subscription', () => {
  it('asks for everything and for the mark at the end', () => {
    expect(new WildcardSubscription().open()).toEqual({
      resourceNamesSubscribe: ['*', endOfList],
      initialResourceVersions: {},
    });
  });

  it('is complete only when a response holds nothing but the mark', () => {
    const subscription = new WildcardSubscription();
    subscription.open();
    for (const part of [response(['a/a'], [endOfList]), response(['b/b'])]) {
      subscription.receive(part, nothing);
      expect(subscription.complete).toBe(false);
      expect(subscription.acknowledge(part, nothing)).toEqual({
        responseNonce: '1',
        resourceNamesSubscribe: [endOfList],
      });
    }
    const end = response([], [endOfList]);
    subscription.receive(end, nothing);
    expect(subscription.complete).toBe(true);
    expect(subscription.acknowledge(end, nothing)).toEqual({
      responseNonce: '1',
      resourceNamesUnsubscribe: [endOfList],
    });
  });

  it('withdraws the mark once, though the server says again that there is no such thing', () => {
    const subscription = new WildcardSubscription();
    const end = response([], [endOfList]);
    for (const expected of [{ resourceNamesUnsubscribe: [endOfList] }, {}]) {
      subscription.receive(end, nothing);
      expect(subscription.acknowledge(end, nothing)).toEqual({ responseNonce: '1', ...expected });
    }
  });

  it('names what it knows when it comes back, without what was removed or rejected', () => {
    const subscription = new WildcardSubscription();
    subscription.receive(response(['a/a', 'b/b', 'c/c']), new Map([['c/c', 'bad']]));
    subscription.receive(response([], ['b/b', endOfList]), nothing);
    expect(subscription.open()).toEqual({
      resourceNamesSubscribe: ['*'],
      initialResourceVersions: { 'a/a': 'v-a/a' },
    });
  });

  it('rejects with the reasons, not too long', () => {
    const subscription = new WildcardSubscription();
    subscription.receive(response([], [endOfList]), nothing);
    subscription.open();
    const request = subscription.acknowledge(response(['a/a']), new Map([['a/a', 'x'.repeat(5_000)]]));
    expect(request.errorDetail?.code).toBe(3);
    expect(request.errorDetail?.message).toHaveLength(1_000);
  });
});
