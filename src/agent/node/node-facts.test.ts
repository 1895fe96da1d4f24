import { describe, expect, it } from 'vitest';
import type { NodeView } from '../xds/node-view.ts';
import { readAddresses } from './local-addresses.ts';
import { nodePortAddressesOf, primaryAddress } from './node-facts.ts';
import { podDetectorOf } from './pod-detector.ts';

const local = { IPv4: ['192.168.50.1', '10.0.0.5'], IPv6: ['fd00:50::1', 'fd00:60::1'] };
const view: NodeView = {
  zone: '',
  addresses: [
    { kind: 'External', family: 'IPv4', address: '203.0.113.1' },
    { kind: 'Internal', family: 'IPv4', address: '192.168.50.1' },
    { kind: 'Internal', family: 'IPv6', address: 'fd00:50::1' },
  ],
  podCidrs: ['10.244.1.0/24', 'fd00:244:1::/64'],
  isLeaving: false,
  serviceCidrs: [],
  kernelPathPods: [],
};

function select(nodePortAddresses: readonly string[], known: NodeView | undefined = view) {
  const { addresses, isAll } = nodePortAddressesOf({ nodePortAddresses, primaryAddresses: {} }, { local, view: known });
  return [...addresses.IPv4, ...addresses.IPv6, ...(isAll ? ['all'] : [])];
}

describe('addresses of NodePorts', () => {
  it.each<[string, readonly string[], readonly string[]]>([
    ['the primary one of each family', ['primary'], ['192.168.50.1', 'fd00:50::1']],
    ['CIDRs; of a family without one, all', ['10.0.0.0/8'], ['10.0.0.5', 'fd00:50::1', 'fd00:60::1']],
    ['CIDRs of both families', ['10.0.0.0/8', 'fd00:60::/32'], ['10.0.0.5', 'fd00:60::1']],
    ['CIDRs beside the primary one', ['primary', '10.0.0.0/8'], ['192.168.50.1', '10.0.0.5', 'fd00:50::1']],
    ['all', ['all'], [...local.IPv4, ...local.IPv6, 'all']],
    ['a CIDR of everything', ['0.0.0.0/0'], [...local.IPv4, ...local.IPv6, 'all']],
  ])('are %s', (_what, words, expected) => {
    expect(select(words)).toEqual(expected);
  });

  it('have no primary one while the node is not known, unless it is configured', () => {
    expect(
      nodePortAddressesOf({ nodePortAddresses: ['primary'], primaryAddresses: {} }, { local, view: undefined }),
    ).toEqual({ addresses: { IPv4: [], IPv6: [] }, isAll: false });
    expect(primaryAddress('IPv4', { primaryAddresses: { IPv4: '10.0.0.5' } }, view)).toBe('10.0.0.5');
    expect(primaryAddress('IPv4', { primaryAddresses: {} }, view)).toBe('192.168.50.1');
  });
});

describe('what ip prints', () => {
  it('is read without loopback, link-local and tentative addresses', () => {
    const links = [
      {
        ifname: 'lo',
        addr_info: [
          { family: 'inet', local: '127.0.0.1', scope: 'host' },
          { local: '10.1.1.1', scope: 'global' },
        ],
      },
      {
        ifname: 'eth0',
        addr_info: [
          { local: '192.168.50.1', scope: 'global' },
          { local: 'fe80::1', scope: 'link' },
        ],
      },
      {
        ifname: 'eth1',
        addr_info: [
          { local: 'fd00::1', scope: 'global', tentative: true },
          { local: 'fd00::2', scope: 'global' },
        ],
      },
      { ifname: 'down0' },
    ];
    expect(readAddresses(JSON.stringify(links))).toEqual({ IPv4: ['10.1.1.1', '192.168.50.1'], IPv6: ['fd00::2'] });
  });
});

describe('the pod detector', () => {
  it('takes the CIDRs of the node, by family, as soon as they are known', () => {
    expect(podDetectorOf({ kind: 'NodeCidrs' }, 'IPv4', [])).toMatchObject({ cidrs: [] });
    expect(podDetectorOf({ kind: 'NodeCidrs' }, 'IPv6', view.podCidrs)).toMatchObject({ cidrs: ['fd00:244:1::/64'] });
  });
});
