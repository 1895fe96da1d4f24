import { expect, it } from 'vitest';
import type { ClusterOptions } from '../layout.ts';
import { conformancePage } from './page.ts';

const options: ClusterOptions = {
  instance: 0,
  proxy: 'fairlead',
  cni: 'ptp',
  families: ['IPv4'],
  nodes: 2,
  loadBalancer: false,
};

const name = '[sig-network] Services should work';

it('has a column for each proxy, kube-proxy first, and says why a test did not pass', () => {
  const failed = { name, outcome: 'Failed', seconds: 3, reason: 'a | b' } as const;
  const passed = { name, outcome: 'Passed', seconds: 12.4 } as const;
  const page = conformancePage([
    { options, results: [failed] },
    { options: { ...options, proxy: 'kube-proxy' }, results: [passed] },
  ]);
  expect(page).toContain('| test | kube-proxy, ptp | fairlead, ptp |');
  expect(page).toContain('| \\[sig-network] Services should work | 12 s | **failed** |');
  expect(page).toContain('- fairlead, ptp: \\[sig-network] Services should work failed: a \\| b');
});

it('keeps kinds of clusters apart', () => {
  const six = { ...options, nodes: 6, loadBalancer: true };
  const page = conformancePage([
    { options, results: [] },
    { options: six, results: [] },
  ]);
  expect(page.split('\n').filter((line) => line.startsWith('## '))).toEqual([
    '## IPv4, 2 nodes',
    '## IPv4, 6 nodes, load balancer',
  ]);
});
