// What `fairlead get services` asks the controller for, of the manifests of a golden case.
import { execFile } from 'node:child_process';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Controller } from '../../src/controller/controller.ts';

const root = resolve(import.meta.dirname, '../..');
let controller: Controller;
let admin: string;

beforeAll(async () => {
  const manifests = join(root, 'test/golden/network-policy');
  const addresses = { xdsAddress: '127.0.0.1:0', adminAddress: '127.0.0.1:0' };
  controller = await Controller.create({ manifests, ...addresses, file: undefined, logger: pino({ level: 'silent' }) });
  admin = `127.0.0.1:${(await controller.start()).admin.port}`;
});

afterAll(async () => {
  await controller.stop();
});

async function print(...flags: readonly string[]): Promise<readonly string[]> {
  const command = [join(root, 'src/cli/main.ts'), 'get', 'services', '--admin-address', admin, ...flags];
  const { stdout } = await promisify(execFile)(process.execPath, command);
  return stdout
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.replaceAll(/ +/g, ' '));
}

it('prints the path of each port, and on which nodes a policy makes it the kernel', async () => {
  expect(await print()).toEqual([
    'other other 10.96.0.11 5432/TCP EnvoyTcp ClusterSetting; on node2 Kernel, NetworkPolicy',
    'shop web 10.96.0.10 80/TCP http EnvoyHttp ServiceSetting; on node1 Kernel, NetworkPolicy',
    'shop web 10.96.0.10 80/UDP udp Kernel Protocol',
  ]);
});

it('prints one namespace, as one node sees it', async () => {
  expect(await print('-n', 'shop', '--node', 'node1')).toEqual([
    'shop web 10.96.0.10 80/TCP http Kernel NetworkPolicy',
    'shop web 10.96.0.10 80/UDP udp Kernel Protocol',
  ]);
});
