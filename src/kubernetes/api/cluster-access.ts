import { readFileSync } from 'node:fs';
import * as https from 'node:https';
import { dirname } from 'node:path';
import { errorText } from '../../base/error-text.ts';
import { FairleadError } from '../../model/errors.ts';
import { type ExecCredential, ExecPlugin } from './exec-plugin.ts';
import { inClusterTarget, type Target, targetOf } from './kubeconfig.ts';
import type { LibraryAccess } from './library-access.ts';

/** Where the API server's address and the credentials come from. */
export type AccessOrigin =
  | { readonly kind: 'Kubeconfig'; readonly path: string }
  /** The service account of the pod: KUBERNETES_SERVICE_HOST, KUBERNETES_SERVICE_PORT and its mounted token. */
  | { readonly kind: 'InCluster' };

/** How to reach the API server now: its URL and the options of one request (TLS, authentication, agent). */
export interface Access {
  readonly server: URL;
  readonly options: https.RequestOptions;
}

/** What was read of the origin, and what keeps state for it. */
interface Loaded {
  readonly target: Target;
  readonly plugin: ExecPlugin | undefined;
  library: Promise<LibraryAccess> | undefined;
}

/** Longest run of an exec plugin. */
const execDeadlineMs = 30_000;

/**
 * Address and credentials, fresh for each request: token and certificate files are read again, a changed kubeconfig is
 * loaded again, an exec plugin runs when its credential has expired. A `http://` server, such as kubectl proxy, is used
 * as it is.
 */
export class ClusterAccess {
  readonly #origin: AccessOrigin;
  readonly #execDeadlineMs: number;
  // One pool per process; Node keys its sockets by the TLS material, so a rotated certificate gets new connections.
  readonly #agent = new https.Agent({ keepAlive: true });
  #loaded: Loaded;
  #text: string;
  #pending: Promise<Access> | undefined;

  /** @throws FairleadError KUBECONFIG_INVALID when the origin cannot be read or names no server */
  constructor(origin: AccessOrigin, deadlineMs = execDeadlineMs) {
    this.#origin = origin;
    this.#execDeadlineMs = deadlineMs;
    this.#text = textOf(origin);
    this.#loaded = this.#load(this.#text);
  }

  /** Address of the API server, for messages. */
  get server(): string {
    return this.#loaded.target.cluster.server;
  }

  /** Concurrent callers share one answer, so that an exec plugin runs once. */
  current(): Promise<Access> {
    this.#pending ??= this.#build().finally(() => {
      this.#pending = undefined;
    });
    return this.#pending;
  }

  /** Forgets cached credentials; for when the server refused them (401). Throws as the constructor does. */
  refresh(): void {
    const text = textOf(this.#origin);
    const loaded = this.#load(text);
    this.#loaded.plugin?.close();
    this.#loaded = loaded;
    this.#text = text;
  }

  /** Closes the kept connections, and ends an exec plugin that runs. */
  close(): void {
    this.#agent.destroy();
    this.#loaded.plugin?.close();
  }

  #load(text: string): Loaded {
    const target = loadTarget(this.#origin, text);
    const plugin = target.exec === undefined ? undefined : new ExecPlugin(target.exec, this.#execDeadlineMs);
    return { target, plugin, library: undefined };
  }

  async #build(): Promise<Access> {
    if (textOf(this.#origin) !== this.#text) this.refresh();
    const loaded = this.#loaded;
    const { target, plugin } = loaded;
    const credential = await plugin?.credential();
    const server = new URL(target.cluster.server);
    if (needsLibrary(target)) {
      loaded.library ??= import('./library-access.ts').then((module) => new module.LibraryAccess(target));
      return { server, options: await (await loaded.library).options(credential) };
    }
    const agent = server.protocol === 'https:' ? { agent: this.#agent } : {};
    return { server, options: { ...tlsOptions(target, credential), ...identity(target, credential), ...agent } };
  }
}

/** Proxies, and vendor-specific logins. */
function needsLibrary({ cluster, user }: Target): boolean {
  return Boolean(cluster.proxyUrl) || Boolean(user.authProvider);
}

function tlsOptions({ cluster, user }: Target, credential: ExecCredential | undefined): https.RequestOptions {
  const ca = fileOrData(cluster.caFile, cluster.caData);
  const cert = credential?.certificate ?? fileOrData(user.certFile, user.certData);
  const key = credential?.key ?? fileOrData(user.keyFile, user.keyData);
  return {
    ...(cluster.skipTLSVerify ? { rejectUnauthorized: false } : {}),
    ...(cluster.tlsServerName ? { servername: cluster.tlsServerName } : {}),
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
}

function fileOrData(file: string | undefined, data: string | undefined): Buffer | undefined {
  if (file) return readFileSync(file);
  return data ? Buffer.from(data, 'base64') : undefined;
}

/** As client-go does: a token file before a token, a token before what a plugin gives, any token before a password. */
function identity({ user, tokenFile }: Target, credential: ExecCredential | undefined): https.RequestOptions {
  // A token file that ends in a newline would make the header invalid.
  const token = (tokenFile === undefined ? user.token || credential?.token : readFileSync(tokenFile, 'utf8'))?.trim();
  const headers = {
    ...(user.impersonateUser ? { 'Impersonate-User': user.impersonateUser } : {}),
    ...(token ? { Authorization: `Bearer ${token}` } : {}),
  };
  return token || !user.username ? { headers } : { headers, auth: `${user.username}:${user.password ?? ''}` };
}

function textOf(origin: AccessOrigin): string {
  if (origin.kind === 'InCluster') return '';
  try {
    return readFileSync(origin.path, 'utf8');
  } catch (error) {
    throw invalid(origin, errorText(error));
  }
}

function loadTarget(origin: AccessOrigin, text: string): Target {
  try {
    return origin.kind === 'InCluster' ? inClusterTarget(process.env) : targetOf(text, dirname(origin.path));
  } catch (error) {
    throw invalid(origin, errorText(error));
  }
}

function invalid(origin: AccessOrigin, reason: string): FairleadError {
  const name = origin.kind === 'InCluster' ? 'In-cluster access' : `Kubeconfig ${origin.path}`;
  return new FairleadError('KUBECONFIG_INVALID', `${name} cannot be used: ${reason}`);
}
