import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { typeUrls } from '../../src/protos/type-urls.ts';
import type { Response } from './lib/ads-client.ts';
import { cluster } from './lib/resources.ts';
import { TestServer } from './lib/test-server.ts';

let server: TestServer;

beforeEach(async () => {
  server = await TestServer.start();
});

afterEach(() => server.close());

function names(response: Response): string[] {
  return response.resources.map(({ name }) => name).sort();
}

describe('a delta stream', () => {
  it('a) holds the legacy wildcard beside a name, and tells what becomes of either', async () => {
    server.cache.apply([cluster('w', 1, { wildcard: true }), cluster('X')], []);
    const client = server.delta();
    client.send({ typeUrl: typeUrls.cluster });
    expect(names(await client.nextAndAck())).toEqual(['w']);
    client.send({ typeUrl: typeUrls.cluster, resourceNamesSubscribe: ['X'] });
    expect(names(await client.nextAndAck())).toEqual(['X']);
    client.send({ typeUrl: typeUrls.cluster, resourceNamesUnsubscribe: ['X'] });
    expect((await client.nextAndAck()).removed).toEqual(['X']);
  });
});
