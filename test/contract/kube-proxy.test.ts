import { describeColumn } from './column.ts';
import { kubeProxyDifferences } from './differences.ts';
import { KubeProxy } from './lab/kube-proxy.ts';

describeColumn(new KubeProxy(), { prefix: 'flck-', differences: kubeProxyDifferences });
