import { describe, expect, it } from 'vitest';
import { bucketOf, HeldDigests } from './held-digests.ts';
import { HeldViews } from './held-views.ts';
import { NodeProtocol } from './node-protocol.ts';
import type { Rejections, ViewResponse } from './view-protocol.ts';

const nothing: Rejections = new Map();
const names = Array.from({ length: 1_000 }, (_none, index) => `shop/s${index}`);
/** What an agent asks for with so many. */
const buckets = 64;

function response(change: Partial<ViewResponse>): ViewResponse {
  return { nonce: '1', resources: [], removed: [], complete: false, staleBuckets: [], ...change };
}

const resources = (given: readonly string[], version = 'v1') =>
  given.map((name) => ({ name, version, body: new Uint8Array() }));

function receive(protocol: NodeProtocol, given: ViewResponse, rejected = nothing): readonly string[] {
  const taken = protocol.take(given);
  protocol.record(taken, rejected);
  return taken.removed;
}

function heldOf(given: readonly string[]): HeldViews {
  const held = new HeldViews();
  receive(new NodeProtocol(held), response({ resources: resources(given), complete: true }));
  return held;
}

describe('NodeDiscovery of the agent', () => {
  it('holds what one response removes and brings, as the tables do', () => {
    const held = heldOf(['shop/a']);
    const both = response({ removed: ['shop/a'], resources: resources(['shop/a'], 'v2') });
    receive(new NodeProtocol(held), both);
    expect(held.versions).toEqual(new Map([['shop/a', 'v2']]));
  });

  it('asks for everything while it has nothing', () => {
    expect(new NodeProtocol(new HeldViews()).open()).toEqual({ resourceNamesSubscribe: ['*'] });
  });

  it('comes back with digests of what it holds, whatever the way there', () => {
    const held = heldOf(names);
    held.set('shop/s0', 'v2');
    held.set('shop/s0', 'v1');
    held.delete('shop/s1');
    const expected = new HeldDigests();
    for (const name of names) if (name !== 'shop/s1') expected.toggle(name, 'v1');
    expect(new NodeProtocol(held).open()).toEqual({
      resourceNamesSubscribe: ['*'],
      known: { buckets, digests: expected.digests(buckets) },
    });
  });

  it('is complete when the controller says so, with or without resources', () => {
    const held = new HeldViews();
    const protocol = new NodeProtocol(held);
    receive(protocol, response({ resources: resources(['a/a']) }));
    expect(held.isComplete).toBe(false);
    receive(protocol, response({ resources: resources(['b/b']), complete: true }));
    expect(held.isComplete).toBe(true);
  });

  it('drops what was held in a stale bucket and not sent again, once everything has been sent', () => {
    const held = heldOf(names);
    const protocol = new NodeProtocol(held);
    protocol.open();
    const stale = names.filter((name) => bucketOf(name, buckets) === 3);
    const [kept = '', again = '', bad = '', ...gone] = stale;
    expect(receive(protocol, response({ staleBuckets: [3], resources: resources([kept]) }))).toEqual([]);
    receive(protocol, response({ resources: resources([bad], 'v2') }), new Map([[bad, 'malformed']]));
    expect(receive(protocol, response({ resources: resources([again], 'v2'), complete: true }))).toEqual(gone);
    expect(held.size).toBe(names.length - gone.length);
    expect(held.versions.get(again)).toBe('v2');
    expect(held.versions.get(bad)).toBe('v1');
    expect(receive(protocol, response({ complete: true }))).toEqual([]);
  });

  it('drops nothing when the stream ends before everything has been sent', () => {
    const held = heldOf(names);
    const broken = new NodeProtocol(held);
    broken.open();
    receive(broken, response({ staleBuckets: Array.from({ length: buckets }, (_none, index) => index) }));
    const next = new NodeProtocol(held);
    next.open();
    expect(receive(next, response({ complete: true }))).toEqual([]);
    expect(held.size).toBe(names.length);
  });
});
