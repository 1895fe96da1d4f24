import { status as Code } from '@grpc/grpc-js';
import { afterEach, describe, expect, it } from 'vitest';
import type { ResourceEntry, Scope } from '../../src/resources/resource-entry.ts';
import { typeUrls } from '../../src/resources/type-urls.ts';
import type { AdsServerOptions } from '../../src/xds/server/ads-server.ts';
import { replaceEach } from '../support/replace-each.ts';
import { TestServer } from '../support/test-server.ts';
import type { AdsClient } from '../support/xds-client.ts';
import { cluster } from './lib/resources.ts';

const { cluster: cds } = typeUrls;
let server: TestServer;

afterEach(() => server.close());

function fail(): never {
  throw new Error('of the stand-in');
}

/** Two streams; the options throw for the node `bad` alone. */
async function twoStreams(options: Partial<AdsServerOptions>): Promise<{ bad: AdsClient; good: AdsClient }> {
  server = await TestServer.start(options);
  replaceEach(server.cache, [cluster('X')]);
  const [bad, good] = [server.delta({ id: 'bad' }), server.delta({ id: 'good' })];
  for (const client of [good, bad]) client.send({ typeUrl: cds, resourceNamesSubscribe: ['X'] });
  await good.nextAndAck();
  return { bad, good };
}

/** The one stream ended with INTERNAL and its names in the log; the other gets what changes. */
async function expectOnlyBadEnds({ bad, good }: { readonly bad: AdsClient; readonly good: AdsClient }, msg: string) {
  expect(await bad.closed).toMatchObject({ code: Code.INTERNAL });
  expect(server.log).toContainEqual(expect.objectContaining({ msg, node: 'bad', peer: expect.any(String) }));
  replaceEach(server.cache, [cluster('X', 9)]);
  expect((await good.nextAndAck()).resources).toMatchObject([{ name: 'X', body: { connectTimeout: { seconds: 9 } } }]);
}

describe('an exception in the code of one stream ends that stream and no other (X7)', () => {
  it('while a request is read', async () => {
    const streams = await twoStreams({
      viewOf: ({ id }) => (id === 'bad' ? fail() : { nodeName: id, zone: '' }),
    });
    await expectOnlyBadEnds(streams, 'Could not handle a request');
  });

  it('while a response is sent', async () => {
    const streams = await twoStreams({ events: { responseSent: ({ stream }) => stream.node?.id === 'bad' && fail() } });
    await expectOnlyBadEnds(streams, 'Could not send to a client');
  });

  it('while it is looked after', async () => {
    const streams = await twoStreams({
      limits: { ackWarningMs: 40 },
      events: { acknowledgementLate: ({ node }) => node?.id === 'bad' && fail() },
    });
    await expectOnlyBadEnds(streams, 'Could not check a stream');
  });

  it('while its view is looked at again', async () => {
    let isBroken = false;
    const streams = await twoStreams({
      viewOf: ({ id }) => (isBroken && id === 'bad' ? fail() : { nodeName: id, zone: '' }),
    });
    await streams.bad.nextAndAck();
    isBroken = true;
    server.cache.viewsChanged(new Set(['bad', 'good']));
    await expectOnlyBadEnds(streams, 'Could not update the view of a stream');
  });

  it('while its status is read', async () => {
    const streams = await twoStreams({});
    let isBroken = false;
    const entry: ResourceEntry = {
      ...cluster('Y'),
      get scope(): Scope {
        return isBroken ? fail() : 'fleet';
      },
    };
    replaceEach(server.cache, [entry]);
    streams.bad.ack(await streams.bad.next(), { resourceNamesSubscribe: ['Y'] });
    await streams.bad.nextAndAck();
    await server.ads.settled();
    isBroken = true;
    expect(server.ads.status({ resources: true })).toHaveLength(2);
    isBroken = false;
    await expectOnlyBadEnds(streams, 'Could not read the status of a stream');
  });
});
