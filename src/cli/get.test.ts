import { expect, it } from 'vitest';
import type { ServicePath } from '../translate/service-paths.ts';
import { formatServices } from './get.ts';

const web: ServicePath = {
  namespace: 'shop',
  name: 'web',
  addresses: ['10.96.0.10', 'fd00::a'],
  port: 80,
  portName: 'http',
  protocol: 'TCP',
  path: 'EnvoyHttp',
  reason: 'ClusterSetting',
  kernelNodes: [],
};

it('prints a Service port a line, with its path and the reason', () => {
  const dns: ServicePath = {
    ...web,
    ...{ namespace: 'kube-system', name: 'dns', addresses: [], port: 53, portName: '', protocol: 'UDP' },
    ...{ path: 'Kernel', reason: 'Protocol' },
  };
  const some: ServicePath = { ...web, name: 'a', kernelNodes: ['node1', 'node2'] };
  const many: ServicePath = { ...web, name: 'b', kernelNodes: ['node1', 'node2', 'node3', 'node4'] };
  expect(formatServices([dns, web, some, many]).split('\n')).toEqual([
    'NAMESPACE    NAME  CLUSTER-IP          PORT         PATH       REASON',
    'kube-system  dns   -                   53/UDP       Kernel     Protocol',
    'shop         web   10.96.0.10,fd00::a  80/TCP http  EnvoyHttp  ClusterSetting',
    'shop         a     10.96.0.10,fd00::a  80/TCP http  EnvoyHttp  ClusterSetting; on node1, node2 Kernel, NetworkPolicy',
    'shop         b     10.96.0.10,fd00::a  80/TCP http  EnvoyHttp  ClusterSetting; on 4 nodes Kernel, NetworkPolicy',
  ]);
});
