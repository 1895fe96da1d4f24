import { isAbsolute, join } from 'node:path';
// Of the client library only its reading of kubeconfigs is loaded at the start: the whole takes 85 MiB and half a second.
import {
  type Cluster,
  newClusters,
  newContexts,
  newUsers,
  type User,
} from '@kubernetes/client-node/dist/config_types.js';
import { parse } from 'yaml';
import type { ExecCommand } from './exec-plugin.ts';
import { isRecord, type JsonRecord } from './json.ts';

/** The cluster to connect to, and the user. Paths of files are absolute. */
export interface Target {
  readonly cluster: Cluster;
  readonly user: User;
  /** Takes precedence over a token that is written beside it (client-go, rest.Config BearerTokenFile). */
  readonly tokenFile: string | undefined;
  readonly exec: ExecCommand | undefined;
}

const accountFolder = '/var/run/secrets/kubernetes.io/serviceaccount';

/** The service account of the pod. @throws Error when this is not a pod with one */
export function inClusterTarget(env: NodeJS.ProcessEnv): Target {
  const [host = '', port = ''] = ['KUBERNETES_SERVICE_HOST', 'KUBERNETES_SERVICE_PORT'].map((name) => {
    const value = env[name];
    if (!value) throw new Error(`${name} is not set, so this is not a pod with a service account`);
    return value;
  });
  const server = `https://${host.includes(':') ? `[${host}]` : host}:${port}`;
  return {
    cluster: { name: 'in-cluster', server, caFile: `${accountFolder}/ca.crt`, skipTLSVerify: false },
    user: { name: 'in-cluster' },
    tokenFile: `${accountFolder}/token`,
    exec: undefined,
  };
}

/** The current context of a kubeconfig; relative paths are of its folder. @throws Error that says what is wrong */
export function targetOf(text: string, folder: string): Target {
  const kubeconfig: unknown = parse(text);
  if (!isRecord(kubeconfig)) throw new Error('it is not an object');
  const { clusters, contexts, users } = kubeconfig;
  const context = newContexts(contexts).find(({ name }) => name === kubeconfig['current-context']);
  const cluster = newClusters(clusters).find(({ name }) => name === context?.cluster);
  if (cluster === undefined) throw new Error('its current context names no cluster');
  if (!URL.canParse(cluster.server)) throw new Error(`the server of cluster ${cluster.name} is not a URL`);
  const user = newUsers(users).find(({ name }) => name === context?.user) ?? { name: '' };
  const tokenFile = writtenUser(users, user.name)['tokenFile'];
  return {
    cluster: withAbsolute(cluster, ['caFile'], folder),
    user: withAbsolute(user, ['certFile', 'keyFile'], folder),
    tokenFile: typeof tokenFile === 'string' && tokenFile !== '' ? absolute(folder, tokenFile) : undefined,
    exec: isRecord(user.exec) ? execOf(user.exec, cluster, folder) : undefined,
  };
}

/** `user` of one of the users as written: the library leaves tokenFile out (seen in @kubernetes/client-node 2.0.1). */
function writtenUser(users: unknown, name: string): JsonRecord {
  const entry = Array.isArray(users) ? users.filter(isRecord).find((one) => one['name'] === name) : undefined;
  return isRecord(entry?.['user']) ? entry['user'] : {};
}

function withAbsolute<T extends object>(object: T, keys: readonly (keyof T)[], folder: string): T {
  const paths = keys.flatMap((key) => {
    const path = object[key];
    return typeof path === 'string' && path !== '' ? [[key, absolute(folder, path)] as const] : [];
  });
  return { ...object, ...Object.fromEntries(paths) };
}

/** With the KUBERNETES_EXEC_INFO that client-go gives a plugin (client.authentication.k8s.io ExecCredential). */
function execOf(exec: JsonRecord, cluster: Cluster, folder: string): ExecCommand {
  const { command, args, env } = exec;
  if (typeof command !== 'string' || command === '') throw new Error('its exec plugin has no command');
  const described = {
    server: cluster.server,
    'tls-server-name': cluster.tlsServerName,
    'insecure-skip-tls-verify': cluster.skipTLSVerify,
    'certificate-authority-data': cluster.caData,
    'proxy-url': cluster.proxyUrl,
  };
  const info = {
    apiVersion: exec['apiVersion'],
    kind: 'ExecCredential',
    spec: { interactive: false, ...(exec['provideClusterInfo'] === true ? { cluster: described } : {}) },
  };
  const variables = (Array.isArray(env) ? env : []).filter(isRecord).map(({ name, value }) => [name, String(value)]);
  return {
    command: command.includes('/') ? absolute(folder, command) : command,
    args: Array.isArray(args) ? args.map(String) : [],
    env: { ...Object.fromEntries(variables), KUBERNETES_EXEC_INFO: JSON.stringify(info) },
  };
}

function absolute(folder: string, path: string): string {
  return isAbsolute(path) ? path : join(folder, path);
}
