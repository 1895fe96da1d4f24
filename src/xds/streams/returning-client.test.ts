import { describe, expect, it } from 'vitest';
import { AnsweringClient } from '../../../test/support/answering-client.ts';
import { replaceEach } from '../../../test/support/replace-each.ts';
import type { ResourceEntry } from '../../resources/resource-entry.ts';
import { typeUrls } from '../../resources/type-urls.ts';
import { ResourceCache } from '../cache/resource-cache.ts';
import type { TypeStatus } from './stream-status.ts';

const typeUrl = typeUrls.cluster;
const names = ['a', 'b', 'ü'];

function cluster(name: string, altStatName = ''): ResourceEntry {
  return { typeUrl, name, wildcard: false, scope: 'fleet', build: () => ({ name, altStatName }) };
}

function versions(client: AnsweringClient): readonly (readonly [string, string])[] {
  return (resources(client) ?? []).map(({ name, acknowledged }) => [name, acknowledged] as const);
}

function resources(client: AnsweringClient): TypeStatus['resources'] {
  return client.stream.status(true)[0]?.resources;
}

function filled(): ResourceCache {
  const cache = new ResourceCache();
  replaceEach(
    cache,
    names.map((name) => cluster(name)),
  );
  return cache;
}

function opened(cache: ResourceCache): AnsweringClient {
  const client = new AnsweringClient(cache, typeUrl);
  client.request({ subscribe: names });
  client.settle();
  return client;
}

function returned(cache: ResourceCache, initialVersions: ReturnType<typeof versions>): AnsweringClient {
  const client = new AnsweringClient(cache, typeUrl);
  client.request({ subscribe: names, initialVersions });
  return client;
}

const changed = (client: AnsweringClient) => client.settle().flatMap((batch) => batch.changed);

describe('clients that return one after another', () => {
  it('are sent nothing that they have', () => {
    const cache = filled();
    const held = versions(opened(cache));
    expect(held).toHaveLength(3);
    for (let times = 0; times < 3; times += 1) {
      const client = returned(cache, held);
      expect(changed(client)).toEqual([]);
      expect(versions(client)).toEqual(held);
    }
  });

  it('are sent what has changed since the one before, be it announced or not', () => {
    const cache = filled();
    const held = versions(opened(cache));
    returned(cache, held);
    cache.replaceUnits([{ owner: 'b', entries: [cluster('b', 'other')] }]);
    expect(changed(returned(cache, held))).toEqual(['b']);
    expect(changed(returned(cache, held))).toEqual(['b']);
  });

  it('are sent again what is gone when it comes back', () => {
    const cache = filled();
    const held = versions(opened(cache));
    returned(cache, held);
    replaceEach(cache, [], [{ typeUrl, name: 'b' }]);
    expect(
      returned(cache, held)
        .settle()
        .flatMap(({ removed }) => removed),
    ).toEqual(['b']);
    replaceEach(cache, [cluster('b', 'new')]);
    expect(changed(returned(cache, held))).toEqual(['b']);
  });

  it('have what they said, also when all had gone meanwhile', () => {
    const cache = filled();
    const first = opened(cache);
    const held = versions(first);
    const second = returned(cache, held);
    for (const client of [first, second]) client.stream.close();
    const client = returned(cache, held);
    expect(changed(client)).toEqual([]);
    expect(versions(client)).toEqual(held);
    replaceEach(cache, [cluster('a', 'other')]);
    expect(changed(client)).toEqual(['a']);
  });

  it('are told of names that came in any order, and twice', () => {
    const cache = filled();
    const held = versions(opened(cache));
    const client = returned(cache, [...held.toReversed(), ...held]);
    expect(changed(client)).toEqual([]);
    expect(versions(client).toSorted()).toEqual(held.toSorted());
  });
});
