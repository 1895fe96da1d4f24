import { describe, expect, it } from 'vitest';
import { type ClusterOptions, layoutOf } from './layout.ts';

const options: ClusterOptions = {
  instance: 3,
  proxy: 'none',
  cni: 'ptp',
  families: ['IPv4', 'IPv6'],
  nodes: 6,
  loadBalancer: false,
};

describe('layout of a cluster', () => {
  it('gives each node addresses and pod ranges of each family, and zones in turn', () => {
    const { nodes } = layoutOf(options);
    expect(nodes[1]).toMatchObject({
      name: 'node2',
      namespace: 'flc3-node2',
      addresses: ['172.31.103.12', 'fd00:f1:3::12'],
      podCidrs: ['10.223.2.0/24', 'fd00:f1:3:1002::/64'],
    });
    expect(nodes.map(({ zone }) => zone)).toEqual(['zone-1', 'zone-2', 'zone-3', 'zone-1', 'zone-2', 'zone-3']);
  });

  it('has names that Linux does not cut off', () => {
    const { nodes, bridge } = layoutOf(options);
    expect(Math.max(...[bridge, ...nodes.map(({ link }) => link)].map((name) => name.length))).toBeLessThanOrEqual(15);
    expect(Math.max(...nodes.map(({ socket }) => socket.length))).toBeLessThan(107);
  });

  it('shares nothing of the machine between instances', () => {
    const shared = (instance: number) => {
      const { prefix, bridge, folder, cgroup, ports, subnets } = layoutOf({ ...options, instance });
      const ofMachine = subnets.map(({ services, apiService, dns, family, prefixLength, ...own }) => own);
      return [prefix, bridge, folder, cgroup, ...Object.values(ports), ...ofMachine.flatMap(Object.values)];
    };
    const first = shared(0);
    expect(shared(1).filter((value) => first.includes(value))).toEqual([]);
  });

  it('uses IPv6 alone when told so', () => {
    const { nodes, apiUrl } = layoutOf({ ...options, families: ['IPv6'] });
    expect(nodes[0]?.addresses).toEqual(['fd00:f1:3::11']);
    expect(apiUrl).toBe('https://[fd00:f1:3::1]:16473');
  });
});
