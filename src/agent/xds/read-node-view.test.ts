import { describe, expect, it } from 'vitest';
import { encodeMessage } from '../../protos/registry.ts';
import { decodeNodeView } from './read-node-view.ts';

const bytes = (...values: number[]) => Uint8Array.from(values);
const cidr = { address: bytes(10, 244, 1, 0), prefixLength: 24 };

function decode(message: object) {
  return decodeNodeView('node1', encodeMessage('fairlead.node.v1.NodeView', { name: 'node1', ...message }));
}

describe('a NodeView', () => {
  it('is read with addresses in canonical text', () => {
    const ipv6 = bytes(0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);
    const addresses = [{ kind: 'EXTERNAL', address: bytes(203, 0, 113, 1) }, { address: ipv6 }];
    expect(
      decode({ zone: 'a', addresses, podCidrs: [cidr], leaving: true, kernelPathPods: [bytes(10, 244, 1, 5)] }),
    ).toEqual({
      zone: 'a',
      addresses: [
        { kind: 'External', family: 'IPv4', address: '203.0.113.1' },
        { kind: 'Internal', family: 'IPv6', address: 'fd00::1' },
      ],
      podCidrs: ['10.244.1.0/24'],
      isLeaving: true,
      serviceCidrs: [],
      kernelPathPods: ['10.244.1.5'],
    });
  });

  it.each([
    ['another name', { name: 'node2' }, /NodeView node1 name: "node2" is not the resource's name/],
    [
      'an address of 5 bytes',
      { addresses: [{ address: bytes(1, 2, 3, 4, 5) }] },
      /addresses\[0\]\.address: has 5 bytes/,
    ],
    [
      'host bits in a CIDR',
      { podCidrs: [{ ...cidr, prefixLength: 8 }] },
      /pod_cidrs\[0\]: has bits behind the first 8/,
    ],
  ])('is refused with %s', (_what, message, reason) => {
    expect(() => decode(message)).toThrow(reason);
  });
});
