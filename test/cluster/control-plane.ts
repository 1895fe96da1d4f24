import { join } from 'node:path';
import { waitUntil } from '../testbed/wait.ts';
import { type Credentials, kubeconfigPath } from './credentials.ts';
import { logOf, runningDaemons, startDaemon } from './daemons.ts';
import { asFlags } from './flags.ts';
import { kubectl } from './kubectl.ts';
import { bin, type Layout } from './layout.ts';
import { apiHost } from './network.ts';

/** Starts etcd and the API server; it answers on return. */
export async function startApiServer(layout: Layout, credentials: Credentials): Promise<void> {
  const etcd = [join(bin, 'etcd'), ...asFlags(etcdFlags(layout)), '--unsafe-no-fsync'];
  await startDaemon(layout, { name: 'etcd', command: etcd });
  const apiServer = [join(bin, 'kube-apiserver'), ...asFlags(apiServerFlags(layout, credentials))];
  await startDaemon(layout, { name: 'kube-apiserver', command: apiServer });
  const answers = async () => {
    const running = runningDaemons(layout);
    for (const name of ['etcd', 'kube-apiserver']) {
      if (!running.includes(name)) return { ended: name };
    }
    return (await kubectl(layout, ['get', '--raw', '/readyz'])) === 'ok' ? {} : undefined;
  };
  const { ended } = await waitUntil<{ ended?: string }>(answers, {
    what: `the API server to be ready (${logOf(layout, 'kube-apiserver')})`,
    withinMs: 120_000,
    everyMs: 200,
  });
  if (ended !== undefined) throw new Error(`${ended} ended; ${logOf(layout, ended)} says why`);
}

/** Starts the controller manager and the scheduler, which retry until they are served. */
export async function startControllers(layout: Layout, credentials: Credentials): Promise<void> {
  const managerFlags = asFlags(controllerManagerFlags(layout, credentials));
  const manager = [join(bin, 'kube-controller-manager'), ...managerFlags];
  await startDaemon(layout, { name: 'kube-controller-manager', command: manager });
  const scheduler = [join(bin, 'kube-scheduler'), ...asFlags(schedulerFlags(layout))];
  await startDaemon(layout, { name: 'kube-scheduler', command: scheduler });
}

function etcdFlags({ folder, ports }: Layout): Readonly<Record<string, string>> {
  const client = `http://127.0.0.1:${ports.etcd}`;
  const peer = `http://127.0.0.1:${ports.etcdPeer}`;
  return {
    name: 'default',
    'data-dir': join(folder, 'etcd'),
    'listen-client-urls': client,
    'advertise-client-urls': client,
    'listen-peer-urls': peer,
    'initial-advertise-peer-urls': peer,
    'initial-cluster': `default=${peer}`,
    'log-level': 'error',
  };
}

function apiServerFlags(layout: Layout, credentials: Credentials): Readonly<Record<string, string>> {
  const { ports, subnets } = layout;
  return {
    'etcd-servers': `http://127.0.0.1:${ports.etcd}`,
    // Not on all addresses: the tokens are in the clear on disk, and the machine may have a public address.
    'bind-address': apiHost(layout),
    'advertise-address': apiHost(layout),
    'secure-port': String(ports.api),
    'tls-cert-file': credentials.apiServer.certificate,
    'tls-private-key-file': credentials.apiServer.key,
    'client-ca-file': credentials.authority,
    'token-auth-file': credentials.tokens,
    'service-account-key-file': credentials.signingKey,
    'service-account-signing-key-file': credentials.signingKey,
    'service-account-issuer': 'https://kubernetes.default.svc.cluster.local',
    'service-cluster-ip-range': subnets.map(({ services }) => services).join(),
    'authorization-mode': 'Node,RBAC',
    'enable-admission-plugins': 'NodeRestriction',
    'allow-privileged': 'true',
    'kubelet-preferred-address-types': 'InternalIP',
    'max-requests-inflight': '2000',
    'max-mutating-requests-inflight': '1000',
    ...aggregationFlags(credentials),
  };
}

/** Tests register API servers of their own. */
function aggregationFlags({ frontProxy, frontProxyAuthority }: Credentials): Readonly<Record<string, string>> {
  return {
    'requestheader-client-ca-file': frontProxyAuthority,
    'requestheader-allowed-names': 'front-proxy',
    'requestheader-username-headers': 'X-Remote-User',
    'requestheader-group-headers': 'X-Remote-Group',
    'requestheader-extra-headers-prefix': 'X-Remote-Extra-',
    'proxy-client-cert-file': frontProxy.certificate,
    'proxy-client-key-file': frontProxy.key,
  };
}

function controllerManagerFlags(layout: Layout, credentials: Credentials): Readonly<Record<string, string>> {
  return {
    ...loopback(layout.ports.controllerManager),
    kubeconfig: kubeconfigPath(layout, 'controller-manager'),
    'service-account-private-key-file': credentials.signingKey,
    'root-ca-file': credentials.authority,
    'cluster-signing-cert-file': credentials.authority,
    'cluster-signing-key-file': credentials.authorityKey,
    'use-service-account-credentials': 'true',
    // Else it makes one under /usr/libexec.
    'flex-volume-plugin-dir': join(layout.folder, 'volume-plugins'),
    // The nodes' ranges are in the files of their CNI plugins already.
    'allocate-node-cidrs': 'false',
    'cluster-cidr': layout.subnets.map(({ pods }) => pods).join(),
    'service-cluster-ip-range': layout.subnets.map(({ services }) => services).join(),
  };
}

function schedulerFlags(layout: Layout): Readonly<Record<string, string>> {
  return { ...loopback(layout.ports.scheduler), kubeconfig: kubeconfigPath(layout, 'scheduler') };
}

/** One of each, so nobody to elect; and tests create objects faster than the default of 20 requests a second. */
function loopback(port: number): Readonly<Record<string, string>> {
  return {
    'bind-address': '127.0.0.1',
    'secure-port': String(port),
    'leader-elect': 'false',
    'kube-api-qps': '200',
    'kube-api-burst': '400',
  };
}
