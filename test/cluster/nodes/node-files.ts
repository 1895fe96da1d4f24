import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { images } from '../images/names.ts';
import type { Layout, NodeLayout } from '../layout.ts';

export interface NodeFiles {
  readonly containerd: string;
  readonly kubelet: string;
}

/** Writes the configuration of a node's containerd, CNI plugins and kubelet. */
export function writeNodeFiles(layout: Layout, node: NodeLayout): NodeFiles {
  const inFolder = (name: string) => join(node.folder, name);
  for (const name of ['cni', 'kubelet', 'pod-logs', 'volume-plugins']) mkdirSync(inFolder(name), { recursive: true });
  const files = { containerd: inFolder('containerd.toml'), kubelet: inFolder('kubelet.json') };
  writeFileSync(inFolder('cni/10-cluster.conflist'), JSON.stringify(cniConfiguration(layout, node), undefined, 2));
  writeFileSync(files.containerd, containerdConfiguration(node));
  writeFileSync(inFolder('resolv.conf'), resolverFile(layout));
  writeFileSync(files.kubelet, JSON.stringify(kubeletConfiguration(layout, node), undefined, 2));
  return files;
}

/** Pods with `dnsPolicy: Default` must not get the machine's resolver, which they cannot reach. */
function resolverFile({ subnets }: Layout): string {
  return subnets.map(({ dns }) => `nameserver ${dns}\n`).join('');
}

function cniConfiguration(layout: Layout, node: NodeLayout): object {
  const routes = layout.subnets.map(({ family }) => ({ dst: family === 'IPv4' ? '0.0.0.0/0' : '::/0' }));
  const ipam = {
    type: 'host-local',
    dataDir: join(node.folder, 'ipam'),
    ranges: node.podCidrs.map((subnet) => [{ subnet }]),
    routes,
  };
  // A pod that reaches itself by a Service comes back on the port of the bridge that it came by.
  const bridge = { type: 'bridge', bridge: 'cni0', isGateway: true, hairpinMode: true, ipMasq: false, ipam };
  const ptp = { type: 'ptp', ipMasq: false, ipam };
  const hostPorts = { type: 'portmap', capabilities: { portMappings: true }, snat: true };
  const first = layout.options.cni === 'bridge' ? bridge : ptp;
  return { cniVersion: '0.4.0', name: `${layout.prefix}${node.name}`, plugins: [first, hostPorts] };
}

function containerdConfiguration(node: NodeLayout): string {
  return `version = 2
root = "${node.folder}/containerd"
state = "${node.folder}/containerd-state"
# They look for file systems that may not be there, and complain.
disabled_plugins = [${['aufs', 'btrfs', 'zfs', 'devmapper'].map((name) => `"io.containerd.snapshotter.v1.${name}"`).join(', ')}]
[grpc]
  address = "${node.socket}"
[plugins."io.containerd.internal.v1.opt"]
  path = "${node.folder}/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${images.pause}"
  # Without CAP_SYS_RESOURCE a negative score ends runc ("can't get final child's PID from pipe").
  restrict_oom_score_adj = true
  # Else they are in /run/netns, among those of everybody.
  netns_mounts_under_state_dir = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "${node.folder}/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = false
        Root = "${node.folder}/runc"
`;
}

function kubeletConfiguration(layout: Layout, node: NodeLayout): object {
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    containerRuntimeEndpoint: `unix://${node.socket}`,
    clusterDomain: 'cluster.local',
    clusterDNS: layout.subnets.map(({ dns }) => dns),
    resolvConf: join(node.folder, 'resolv.conf'),
    podLogsDir: join(node.folder, 'pod-logs'),
    volumePluginDir: join(node.folder, 'volume-plugins'),
    // Reached from the machine and by nodes only, and the cluster holds no secret.
    authentication: { anonymous: { enabled: true }, webhook: { enabled: false } },
    authorization: { mode: 'AlwaysAllow' },
    ...resourceSettings(),
    // The defaults are made for clusters that live longer.
    nodeStatusUpdateFrequency: '5s',
    syncFrequency: '10s',
    kubeAPIQPS: 100,
    kubeAPIBurst: 200,
    // iptables is the proxy's affair.
    makeIPTablesUtilChains: false,
  };
}

/** Several kubelets share the machine: none may take its memory, disk and control groups for its own. */
function resourceSettings(): object {
  const never = '0%';
  return {
    failSwapOn: false,
    failCgroupV1: false,
    cgroupDriver: 'cgroupfs',
    cgroupsPerQOS: false,
    enforceNodeAllocatable: [],
    imageGCHighThresholdPercent: 100,
    evictionHard: {
      'memory.available': never,
      'nodefs.available': never,
      'nodefs.inodesFree': never,
      'imagefs.available': never,
    },
  };
}
