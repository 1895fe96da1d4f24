import { expect, it } from 'vitest';
import { clusterOptions } from './options.ts';

it('has defaults for everything, also where make passes on an empty variable', () => {
  const expected = { instance: 0, proxy: 'fairlead', cni: 'ptp', families: ['IPv4'], nodes: 2, loadBalancer: false };
  expect(clusterOptions({})).toEqual(expected);
  expect(clusterOptions({ PROXY: '', CNI: '', IPFAMILY: '', NODES: '', LB: '', INSTANCE: '' })).toEqual(expected);
});

it('reads every setting', () => {
  const env = { PROXY: 'kube-proxy', CNI: 'bridge', IPFAMILY: 'dual', NODES: '6', LB: '1', INSTANCE: '2' };
  const families = ['IPv4', 'IPv6'];
  expect(clusterOptions(env)).toEqual({
    instance: 2,
    proxy: 'kube-proxy',
    cni: 'bridge',
    families,
    nodes: 6,
    loadBalancer: true,
  });
});

it.each([
  ['PROXY', 'ipvs', 'PROXY=ipvs: expected one of fairlead, kube-proxy, none'],
  ['NODES', '7', 'NODES=7: expected a number from 2 to 6'],
  ['IPFAMILY', 'both', 'IPFAMILY=both: expected one of ipv4, ipv6, dual'],
])('names a setting that makes no sense: %s=%s', (name, value, message) => {
  expect(() => clusterOptions({ [name]: value })).toThrow(message);
});
