// Issue "Bad input", the clients: one real controller serves on while others misbehave. test/xds/hostile-clients.test.ts
// looks at what they cost.
import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { typeUrls } from '../../src/resources/type-urls.ts';
import { AdsClient } from '../support/xds-client.ts';
import { waitUntil } from '../testbed/wait.ts';
import { RunningController } from './fairlead.ts';

const catalog = '10.96.10.10:80';

describe('bad clients', () => {
  const controller = new RunningController();

  beforeAll(async () => {
    controller.write('catalog.yaml', readFileSync(new URL('../../examples/catalog.yaml', import.meta.url)));
    await controller.start();
  });

  afterAll(() => controller.close());

  const connect = (variant: 'delta' | 'sotw' = 'delta') => new AdsClient(controller.xdsAddress, variant);

  const resourcesOf = async () => JSON.stringify(await controller.get<unknown>('/debug/resources?node=node-a'));

  /** The others go on: a client that came later gets its resource. */
  afterEach(async () => {
    const client = connect();
    client.send({ typeUrl: typeUrls.cluster, resourceNamesSubscribe: [catalog] });
    expect((await client.nextAndAck()).resources.map(({ name }) => name)).toEqual([catalog]);
    client.close();
    expect(controller.running).toBe(true);
  });

  it('an unknown xDS type: its names do not exist', async () => {
    const client = connect();
    client.send({ typeUrl: 'type.googleapis.com/no.such.Type', resourceNamesSubscribe: ['x'] });
    expect((await client.nextAndAck()).removed).toEqual(['x']);
    client.close();
  });

  it('a client that never acknowledges', async () => {
    const client = connect();
    client.send({ typeUrl: typeUrls.cluster, resourceNamesSubscribe: [catalog] });
    await client.next();
    expect(await resourcesOf()).toContain('outstandingSince');
    client.close();
  });

  it('a client that never reads', async () => {
    const client = connect();
    client.pause();
    client.send({ typeUrl: typeUrls.cluster, resourceNamesSubscribe: [catalog] });
    await waitUntil(async () => (await resourcesOf()).includes(catalog), { what: 'the subscription to arrive' });
    client.close();
  });

  it.each(['delta', 'sotw'] as const)('garbage nonces of a %s client are ignored', async (variant) => {
    const client = connect(variant);
    const names = variant === 'delta' ? { resourceNamesSubscribe: [catalog] } : { resourceNames: [catalog] };
    client.send({ typeUrl: typeUrls.cluster, responseNonce: '\u0000garbage', ...names });
    expect((await client.nextAndAck()).resources).toHaveLength(1);
    client.close();
  });
});
