#!/usr/bin/env node
import { bringUp } from './cluster.ts';
import { runCommand } from './command-line.ts';
import { clusterOptions, clusterUsage } from './options.ts';

const usage = `Brings up a real Kubernetes cluster on this machine: etcd, API server, controller manager and scheduler on the
machine itself, each node (kubelet, containerd, proxy) in a network namespace. Does only what is missing when it runs already.

Usage: [SETTING=VALUE ...] node test/cluster/up-main.ts        (make cluster)

${clusterUsage}

test/cluster/down-main.ts (make cluster-down) removes it; docs/cluster.md says more.`;

await runCommand(usage, async () => {
  await bringUp(clusterOptions(process.env));
  return 0;
});
