import { pino } from 'pino';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { FamilyTable } from '../../src/agent/kernel/family-table.ts';
import { KernelSync } from '../../src/agent/kernel/kernel-sync.ts';
import { NftCommand } from '../../src/nftables/runner.ts';
import { aFrontend, endpointSet, tableOptions } from '../support/frontends.ts';
import { addNamespaces, removeNamespaces } from '../testbed/namespaces.ts';
import { inNamespace } from '../testbed/run.ts';

const prefix = 'flrf-';
const namespace = `${prefix}table`;
const nft = new NftCommand({ command: inNamespace(namespace, ['nft']) });
const table = new FamilyTable(tableOptions('ip', { cidrs: ['10.244.0.0/16'] }));
const refused: string[] = [];
const kernel = new KernelSync([table], nft, pino({ level: 'silent' }), {
  refused: ({ service, reason }) => refused.push(`${service}: ${reason}`),
});

beforeAll(async () => {
  await removeNamespaces(prefix);
  await addNamespaces([namespace]);
  kernel.start();
});

afterAll(async () => {
  await kernel.stop();
  nft.close();
  await removeNamespaces(prefix);
});

function put(index: number, endpointPort = 8080): void {
  const endpoints = endpointSet([{ address: `10.244.${index >> 8}.${index & 255}`, port: endpointPort }]);
  table.elements.put(`default/s${index}`, [
    aFrontend({ address: `10.97.${index >> 8}.${index & 255}`, endpointSet: endpoints }),
  ]);
}

async function programmed(): Promise<string> {
  return JSON.stringify(await nft.list('list', 'map', 'ip', 'fairlead', 'services'));
}

const impossible = 70_000;
const refusal = 'Service out of range';

it('finds the one Service among 500 that nft refuses at the start', async () => {
  for (let index = 1; index <= 500; index += 1) put(index, index === 321 ? impossible : 8080);
  await kernel.flush();
  expect(refused).toEqual([`default/s321: ${refusal}`]);
  const content = await programmed();
  expect(content).toContain('"10.97.1.66"');
  expect(content).not.toContain('"10.97.1.65"');
});

it('finds it among what changed, and programs the rest', async () => {
  refused.length = 0;
  put(322, impossible);
  put(501);
  await kernel.flush();
  expect(refused).toEqual([`default/s322: ${refusal}`]);
  expect(kernel.refusedCount).toBe(2);
  const content = await programmed();
  expect(content).toContain('"10.97.1.245"');
  expect(content).not.toContain('"10.97.1.66"');
});

it('programs a Service again that was mended', async () => {
  put(322);
  await kernel.flush();
  expect(kernel.refusedCount).toBe(1);
  expect(await programmed()).toContain('"10.97.1.66"');
});
