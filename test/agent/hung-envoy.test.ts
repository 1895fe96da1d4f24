import { afterAll, beforeAll, expect, it } from 'vitest';
import { waitUntil } from '../testbed/wait.ts';
import { echoPorts, Lab, serviceUpdate, sliceUpdate } from './support/lab.ts';

const service = '10.96.0.20';
const backlog = 4;
let lab: Lab;

beforeAll(async () => {
  lab = await Lab.open({ prefix: 'flhe-' });
  await lab.startController();
  await lab.update([
    serviceUpdate('echo', [service], [{ name: 'tcp', port: 9 }]),
    sliceUpdate('echo', 'IPv4', [{ name: 'tcp', protocol: 'TCP', port: echoPorts.tcp }], ['p2a']),
  ]);
  // Connections in the backlog have been answered by the kernel and cannot be handed over; with a small one most are not answered.
  await lab.run('node1', 'sysctl', '-qw', `net.core.somaxconn=${backlog}`);
  await lab.startAgent('node1', lab.envoyArgs('node1'));
  await waitUntil(async () => (await lab.envoyState('node1')) === 'Connected', { what: 'Envoy to be connected' });
  await waitUntil(async () => (await lab.envoyConnections('node1')) > 0 || !(await dial()), { what: 'the redirect' });
});

afterAll(() => lab.close());

async function dial(timeoutMs = 3_000): Promise<string> {
  const [result] = await lab.dial('p1a', 'tcp', service, 9, 1, timeoutMs);
  return result === undefined || 'error' in result ? (result?.error ?? 'none') : '';
}

it('connections that a hung Envoy has not answered reach the Service once the gate is closed', async () => {
  await lab.killEnvoy('node1', 'SIGSTOP');
  const outcomes = await Promise.all(Array.from({ length: 24 }, () => dial(15_000)));
  expect(await lab.envoyState('node1')).toBe('Hung');
  const lost = outcomes.filter((outcome) => outcome !== '');
  // The kernel accepts one more than the backlog, and nobody was refused.
  expect(new Set(lost)).toEqual(new Set(['TIMEOUT']));
  expect(lost.length).toBeLessThanOrEqual(backlog + 1);
});
