import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { replaceEach } from '../../../test/support/replace-each.ts';
import { decodeMessage, encodeMessage } from '../../protos/registry.ts';
import { typeUrls } from '../../resources/type-urls.ts';
import { ResourceCache } from '../cache/resource-cache.ts';
import { Batch } from '../streams/batch.ts';
import { readDeltaRequest, readSotwRequest } from '../streams/requests.ts';
import { ResponseEncoder } from './responses.ts';

const discovery = 'envoy.service.discovery.v3.';
const { cluster: cds } = typeUrls;
const view = { nodeName: '', zone: '' };
const text = fc.string({ unit: 'binary', maxLength: 300 }).filter((string) => string.isWellFormed());

describe('the reader of requests', () => {
  it('reads what protobufjs writes, delta', () => {
    const request = fc.record({
      typeUrl: text,
      resourceNamesSubscribe: fc.array(text),
      resourceNamesUnsubscribe: fc.array(text),
      initialResourceVersions: fc.dictionary(
        text.filter((key) => key !== '__proto__'),
        text,
      ),
      responseNonce: text,
    });
    fc.assert(
      fc.property(request, fc.option(text, { nil: undefined }), (fields, message) => {
        const errorDetail = message === undefined ? {} : { errorDetail: { code: 3, message } };
        const bytes = encodeMessage(`${discovery}DeltaDiscoveryRequest`, { ...fields, ...errorDetail });
        const { subscribe, initialVersions, ...others } = readDeltaRequest(Buffer.from(bytes));
        expect({ ...others, subscribe: [...subscribe], initialVersions: [...initialVersions] }).toEqual({
          typeUrl: fields.typeUrl,
          node: undefined,
          subscribe: fields.resourceNamesSubscribe,
          unsubscribe: fields.resourceNamesUnsubscribe,
          initialVersions: Object.entries(fields.initialResourceVersions).flat(),
          nonce: fields.responseNonce,
          error: message,
        });
      }),
    );
  });

  it('reads what protobufjs writes, state-of-the-world, with a node', () => {
    const bytes = encodeMessage(`${discovery}DiscoveryRequest`, {
      versionInfo: 'v',
      typeUrl: cds,
      resourceNames: ['a', 'ü'],
      responseNonce: '7',
      node: {
        id: 'n'.repeat(1_000),
        cluster: 'c',
        locality: { region: 'r', zone: 'z' },
        userAgentName: 'grpc',
        userAgentVersion: '1.2',
      },
    });
    expect(readSotwRequest(Buffer.from(bytes))).toEqual({
      typeUrl: cds,
      node: { id: 'n'.repeat(256), cluster: 'c', nodeName: '', zone: 'z', userAgent: 'grpc 1.2' },
      names: ['a', 'ü'],
      version: 'v',
      nonce: '7',
      error: undefined,
    });
  });

  it('throws an error, and nothing else, for any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        for (const read of [readDeltaRequest, readSotwRequest]) {
          try {
            read(Buffer.from(bytes));
          } catch (error) {
            expect(error).toBeInstanceOf(Error);
          }
        }
      }),
    );
  });
});

describe('responses', () => {
  function batchOf(cache: ResourceCache, ...names: readonly string[]): Batch {
    const batch = new Batch(cds);
    for (const name of names) {
      const slot = cache.store(cds).intern(name);
      const resource = slot.encode(view);
      if (resource === undefined) batch.remove(slot, 2);
      else batch.add(slot, resource, true);
    }
    return batch;
  }

  function filled(): ResourceCache {
    const cache = new ResourceCache();
    const build = (name: string) => () => ({ name, connectTimeout: { seconds: 3 } });
    const entries = ['a', 'b'].map((name) => ({
      typeUrl: cds,
      name,
      wildcard: false,
      scope: 'fleet' as const,
      build: build(name),
    }));
    replaceEach(cache, entries);
    return cache;
  }

  it('are what Envoy reads, delta and state-of-the-world', () => {
    const cache = filled();
    const encoder = new ResponseEncoder('me');
    const batch = batchOf(cache, 'a', 'gone', 'b');
    const resource = { '@type': cds, name: 'a', connectTimeout: { seconds: 3 } };
    const version = cache.lookup(cds, 'a', view)?.version;
    expect(version).toHaveLength(11);
    expect(decodeMessage(`${discovery}DeltaDiscoveryResponse`, encoder.encode('delta', batch, 0).bytes)).toMatchObject({
      typeUrl: cds,
      nonce: '1',
      resources: [{ name: 'a', version, resource }, { name: 'b' }],
      removedResources: ['gone'],
      controlPlane: { identifier: 'me' },
    });
    expect(decodeMessage(`${discovery}DiscoveryResponse`, encoder.encode('sotw', batch, 1).bytes)).toMatchObject({
      typeUrl: cds,
      nonce: '2',
      resources: [resource, { '@type': cds, name: 'b' }],
      controlPlane: { identifier: 'me' },
    });
  });

  it('have one version for the same resources, in any order', () => {
    const cache = filled();
    const encoder = new ResponseEncoder('me');
    const versionOf = (...names: readonly string[]) => {
      const { bytes } = encoder.encode('sotw', batchOf(cache, ...names), 0);
      return decodeMessage<{ readonly versionInfo: string }>(`${discovery}DiscoveryResponse`, bytes).versionInfo;
    };
    const other = new ResponseEncoder('another');
    expect(versionOf('a', 'b')).toBe(versionOf('b', 'a'));
    expect(versionOf('a', 'b')).not.toBe(versionOf('a'));
    const { bytes } = other.encode('sotw', batchOf(filled(), 'a', 'b'), 0);
    expect(decodeMessage(`${discovery}DiscoveryResponse`, bytes)).toMatchObject({ versionInfo: versionOf('a', 'b') });
  });

  it('are put together once for all streams that have not had the nonce', () => {
    const cache = filled();
    const encoder = new ResponseEncoder('me');
    const first = encoder.encode('delta', batchOf(cache, 'a'), 0);
    expect(encoder.encode('delta', batchOf(cache, 'a'), 0)).toBe(first);
    const again = encoder.encode('delta', batchOf(cache, 'a'), first.nonce);
    expect(again.nonce).toBeGreaterThan(first.nonce);
    expect(encoder.encode('delta', batchOf(cache, 'b'), 0)).not.toBe(first);
    expect(encoder.encode('sotw', batchOf(cache, 'a'), 0)).not.toBe(first);
  });
});
