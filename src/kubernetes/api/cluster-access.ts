import { readFileSync } from 'node:fs';
import * as https from 'node:https';
import { dirname, isAbsolute, join } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { parse } from 'yaml';
import { errorText } from '../../base/error-text.ts';
import { FairleadError } from '../../model/errors.ts';
import { isRecord, type JsonRecord } from './json.ts';

/** Where the API server's address and the credentials come from. */
export type AccessOrigin =
  | { readonly kind: 'Kubeconfig'; readonly path: string }
  /** The service account of the pod: KUBERNETES_SERVICE_HOST, KUBERNETES_SERVICE_PORT and its mounted token. */
  | { readonly kind: 'InCluster' };

type KubeUser = KubeConfig['users'][number];

/** How to reach the API server now: its URL and the options of one request (TLS, authentication, agent). */
export interface Access {
  readonly server: URL;
  readonly options: https.RequestOptions;
}

/**
 * Address and credentials, fresh for each request: token and certificate files are read again, a changed kubeconfig is
 * loaded again, an exec plugin runs when its credential has expired.
 */
export class ClusterAccess {
  readonly #origin: AccessOrigin;
  // One pool per process; Node keys its sockets by the TLS material, so a rotated certificate gets new connections.
  readonly #agent = new https.Agent({ keepAlive: true });
  #config: KubeConfig;
  #text: string;
  #pending: Promise<Access> | undefined;

  /** Throws FairleadError KUBECONFIG_INVALID when the origin cannot be read or names no server. */
  constructor(origin: AccessOrigin) {
    this.#origin = origin;
    this.#text = textOf(origin);
    this.#config = load(origin, this.#text);
  }

  /** Address of the API server, for messages. */
  get server(): string {
    return this.#config.getCurrentCluster()?.server ?? '';
  }

  /** Callers at one time share one answer, so that an exec plugin runs once. */
  current(): Promise<Access> {
    this.#pending ??= this.#build().finally(() => {
      this.#pending = undefined;
    });
    return this.#pending;
  }

  /** Forgets cached tokens and credentials; for when the server refused them (401). Throws as the constructor does. */
  refresh(): void {
    const text = textOf(this.#origin);
    this.#config = load(this.#origin, text);
    this.#text = text;
  }

  /** Closes the kept connections. */
  close(): void {
    this.#agent.destroy();
  }

  async #build(): Promise<Access> {
    if (textOf(this.#origin) !== this.#text) this.refresh();
    const cluster = this.#config.getCurrentCluster();
    if (cluster === null) throw invalid(this.#origin, 'its current context names no cluster');
    const options: https.RequestOptions = { headers: {} };
    await this.#config.applyToHTTPSOptions(options);
    const server = new URL(cluster.server);
    // The library's agent keeps the TLS material of its first use for good; it is needed for a proxy only.
    if (cluster.proxyUrl === undefined) {
      if (server.protocol === 'https:') options.agent = this.#agent;
      else delete options.agent;
    }
    return { server, options: { ...options, headers: trimmedHeaders(options.headers) } };
  }
}

/** A token file that ends in a newline would make the header invalid; client-go trims it too. */
function trimmedHeaders(headers: https.RequestOptions['headers']): Record<string, string> {
  const entries = isRecord(headers) ? Object.entries(headers) : [];
  return Object.fromEntries(entries.map(([name, value]) => [name, String(value).trim()]));
}

function textOf(origin: AccessOrigin): string {
  if (origin.kind === 'InCluster') return '';
  try {
    return readFileSync(origin.path, 'utf8');
  } catch (error) {
    throw invalid(origin, errorText(error));
  }
}

function load(origin: AccessOrigin, text: string): KubeConfig {
  const config = new KubeConfig();
  try {
    if (origin.kind === 'InCluster') loadInCluster(config);
    else loadFile(config, origin.path, text);
  } catch (error) {
    throw invalid(origin, errorText(error));
  }
  const cluster = config.getCurrentCluster();
  if (cluster === null) throw invalid(origin, 'its current context names no cluster');
  if (!URL.canParse(cluster.server)) throw invalid(origin, `the server of cluster ${cluster.name} is no URL`);
  return config;
}

function loadInCluster(config: KubeConfig): void {
  for (const name of ['KUBERNETES_SERVICE_HOST', 'KUBERNETES_SERVICE_PORT']) {
    if (!process.env[name]) throw new Error(`${name} is not set, so this is no pod with a service account`);
  }
  config.loadFromCluster();
}

function loadFile(config: KubeConfig, path: string, text: string): void {
  config.loadFromString(text);
  const folder = dirname(path);
  config.makePathsAbsolute(folder);
  const written = usersOf(parse(text));
  config.users = config.users.map((user) => completeUser(user, written.get(user.name), config, folder));
}

/** `users` of a kubeconfig as written, by name. */
function usersOf(kubeconfig: unknown): ReadonlyMap<string, JsonRecord> {
  const users = isRecord(kubeconfig) ? kubeconfig['users'] : undefined;
  const entries = Array.isArray(users) ? users.filter(isRecord) : [];
  return new Map(entries.map((entry) => [String(entry['name']), isRecord(entry['user']) ? entry['user'] : {}]));
}

/** Adds what the library leaves out of a kubeconfig's user (seen in @kubernetes/client-node 2.0.1). */
function completeUser(user: KubeUser, written: JsonRecord | undefined, config: KubeConfig, folder: string): KubeUser {
  const tokenFile = written?.['tokenFile'];
  if (typeof tokenFile === 'string' && tokenFile !== '') return withTokenFile(user, absolute(folder, tokenFile));
  return isRecord(user.exec) ? { ...user, exec: withExecInfo(user.exec, config, folder) } : user;
}

/** A token file comes before a token that is written beside it (client-go, rest.Config BearerTokenFile). */
function withTokenFile(user: KubeUser, tokenFile: string): KubeUser {
  const { token, ...rest } = user;
  return { ...rest, authProvider: { name: 'tokenFile', config: { tokenFile } } };
}

/** Gives an exec plugin the KUBERNETES_EXEC_INFO that client-go gives it (client.authentication.k8s.io ExecCredential). */
function withExecInfo(exec: JsonRecord, config: KubeConfig, folder: string): JsonRecord {
  const { command, env } = exec;
  const cluster = config.getCurrentCluster();
  const described = {
    server: cluster?.server,
    'tls-server-name': cluster?.tlsServerName,
    'insecure-skip-tls-verify': cluster?.skipTLSVerify,
    'certificate-authority-data': cluster?.caData,
    'proxy-url': cluster?.proxyUrl,
  };
  const info = {
    apiVersion: exec['apiVersion'],
    kind: 'ExecCredential',
    spec: { interactive: false, ...(exec['provideClusterInfo'] === true ? { cluster: described } : {}) },
  };
  const relative = typeof command === 'string' && command.includes('/');
  return {
    ...exec,
    command: relative ? absolute(folder, command) : command,
    env: [...(Array.isArray(env) ? env : []), { name: 'KUBERNETES_EXEC_INFO', value: JSON.stringify(info) }],
  };
}

function absolute(folder: string, path: string): string {
  return isAbsolute(path) ? path : join(folder, path);
}

function invalid(origin: AccessOrigin, reason: string): FairleadError {
  const name = origin.kind === 'InCluster' ? 'In-cluster access' : `Kubeconfig ${origin.path}`;
  return new FairleadError('KUBECONFIG_INVALID', `${name} cannot be used: ${reason}`);
}
