import { describe, expect, it } from 'vitest';
import type { Node } from '../model/node.ts';
import { clientViewOf } from './client-view.ts';

const node = (name: string, zone: string): Node => ({ name, zone, addresses: [], podCidrs: [], isLeaving: false });
const nodes = new Map([
  ['n1', node('n1', 'zone-1')],
  ['n2', node('n2', '')],
]);
const client = (id: string, zone: string, nodeName = '') => ({ id, cluster: '', nodeName, zone, userAgent: '' });

describe('the view of a client', () => {
  it('is that of its node, whatever zone it names', () => {
    expect(clientViewOf(nodes, client('n1', 'other'))).toEqual({ nodeName: 'n1', zone: 'zone-1' });
    expect(clientViewOf(nodes, client('pod-7', 'other', 'n1'))).toEqual({ nodeName: 'n1', zone: 'zone-1' });
    expect(clientViewOf(nodes, client('n2', 'zone-1'))).toEqual({ nodeName: 'n2', zone: '' });
  });

  it('has the zone that a client elsewhere names, if a node is in it', () => {
    expect(clientViewOf(nodes, client('elsewhere', 'zone-1')).zone).toBe('zone-1');
    expect(clientViewOf(nodes, client('elsewhere', 'made-up')).zone).toBe('');
    expect(clientViewOf(new Map(), client('elsewhere', 'zone-9')).zone).toBe('zone-9');
  });
});
