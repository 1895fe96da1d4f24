// What the admin port shows of many streams: in pages, and a piece at a time.
import { mkdtempSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Controller } from '../../src/controller/controller.ts';
import type { ControllerStatus } from '../../src/controller/status-routes.ts';
import { typeUrls } from '../../src/resources/type-urls.ts';
import { AdsClient } from '../support/xds-client.ts';

const clients: AdsClient[] = [];
let controller: Controller;
let admin: string;

beforeAll(async () => {
  const logger = pino({ level: 'silent' });
  const file = { limits: { streamsPerPeer: 7 } };
  const manifests = mkdtempSync(join(tmpdir(), 'fairlead-'));
  const addresses = { xdsAddress: '127.0.0.1:0', adminAddress: '127.0.0.1:0' };
  controller = await Controller.create({ manifests, ...addresses, file, logger });
  const bound = await controller.start();
  admin = `http://127.0.0.1:${bound.admin.port}`;
  for (let index = 0; index < 8; index += 1) {
    const client = new AdsClient(`127.0.0.1:${bound.xds.port}`, 'delta', { id: `node-${index}` });
    client.send({ typeUrl: typeUrls.cluster, resourceNamesSubscribe: ['a', 'b'] });
    if (index < 7) await client.nextAndAck();
    else await client.closed;
    clients.push(client);
  }
  await controller.ads.settled();
});

afterAll(async () => {
  for (const client of clients) client.close();
  await controller.stop();
});

async function page(query: string): Promise<ControllerStatus> {
  return (await (await fetch(`${admin}/status?${query}`)).json()) as ControllerStatus;
}

it('comes in pages, each with the totals (X9)', async () => {
  const nodes: (string | undefined)[] = [];
  let pages = 0;
  for (let after: number | null = 0; after !== null; pages += 1) {
    const { streams, totals, next } = await page(`limit=3&after=${after}`);
    expect(totals).toMatchObject({ streams: 7, limits: { namesPerType: 200_000 } });
    nodes.push(...streams.map(({ node }) => node?.id));
    after = next;
  }
  expect([pages, nodes]).toEqual([3, [0, 1, 2, 3, 4, 5, 6].map((index) => `node-${index}`)]);
});

it('shows one node alone, and which limit refused whom', async () => {
  const { streams, totals, next } = await page('node=node-3');
  expect([streams.map(({ node }) => node?.id), next]).toEqual([['node-3'], null]);
  expect(totals.refusals).toMatchObject([
    {
      limit: 'streamsPerPeer',
      count: 1,
      last: { reason: expect.stringMatching(/^More than 7 streams of 127\.0\.0\.1; .* raise limits\.streamsPerPeer/) },
    },
  ]);
  const metrics = await (await fetch(`${admin}/metrics`)).text();
  expect(metrics).toContain('fairlead_xds_refusals_total{limit="streamsPerPeer"} 1');
});

it('refuses what it does not understand, and to build everything for /debug/resources without a node', async () => {
  for (const query of ['limit=0', 'limit=100000', 'limit=x', 'after=-1']) {
    expect((await fetch(`${admin}/status?${query}`)).status).toBe(400);
  }
  const all = await fetch(`${admin}/debug/resources`);
  expect([all.status, await all.text()]).toEqual([400, expect.stringMatching(/node=NAME/)]);
  const one = (await (await fetch(`${admin}/debug/resources?node=node-1`)).json()) as ControllerStatus['streams'];
  expect(one.map(({ types }) => types[0]?.resources?.map(({ name }) => name))).toEqual([['a', 'b']]);
});

it('continues when a client leaves in the middle of an answer', async () => {
  await new Promise<void>((resolve) => {
    const asked = request(`${admin}/status`, (response) => {
      response.destroy();
      resolve();
    });
    asked.on('error', () => undefined);
    asked.end();
  });
  expect((await page('')).streams).toHaveLength(7);
});
