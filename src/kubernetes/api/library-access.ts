import type * as https from 'node:https';
import { KubeConfig } from '@kubernetes/client-node';
import type { ExecCredential } from './exec-plugin.ts';
import { isRecord } from './json.ts';
import type { Target } from './kubeconfig.ts';

/** What few kubeconfigs need: proxies and vendor-specific logins, by the client library's own KubeConfig. */
export class LibraryAccess {
  readonly #target: Target;
  readonly #config = new KubeConfig();

  constructor(target: Target) {
    this.#target = target;
  }

  /** TLS, headers and, behind a proxy, the agent of one request. */
  async options(credential: ExecCredential | undefined): Promise<https.RequestOptions> {
    const { cluster, user, tokenFile } = this.#target;
    const { exec: _, token: written, ...rest } = user;
    const token = tokenFile === undefined ? (written ?? credential?.token) : undefined;
    this.#config.loadFromClusterAndUser(cluster, {
      ...rest,
      ...(token === undefined ? {} : { token }),
      ...(tokenFile === undefined ? {} : { authProvider: { name: 'tokenFile', config: { tokenFile } } }),
      ...(credential?.certificate === undefined ? {} : { certData: base64(credential.certificate) }),
      ...(credential?.key === undefined ? {} : { keyData: base64(credential.key) }),
    });
    const options: https.RequestOptions = { headers: {} };
    await this.#config.applyToHTTPSOptions(options);
    // The library's agent never replaces the TLS material of its first use; it is needed for a proxy only.
    if (!cluster.proxyUrl) delete options.agent;
    return { ...options, headers: trimmed(options.headers) };
  }
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

function trimmed(headers: https.RequestOptions['headers']): Record<string, string> {
  const entries = isRecord(headers) ? Object.entries(headers) : [];
  return Object.fromEntries(entries.map(([name, value]) => [name, String(value).trim()]));
}
