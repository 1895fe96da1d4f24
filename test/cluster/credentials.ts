import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CertificateAuthority, type KeyPair, writeSigningKey } from '../support/certificates.ts';
import { kubeconfigOf } from '../support/kubeconfig.ts';
import type { Layout } from './layout.ts';

/** Paths of keys, certificates and tokens, all made for this cluster and removed with it. */
export interface Credentials {
  readonly authority: string;
  readonly authorityKey: string;
  readonly apiServer: KeyPair;
  readonly signingKey: string;
  /** With which the API server forwards requests to aggregated ones. */
  readonly frontProxy: KeyPair;
  readonly frontProxyAuthority: string;
  readonly tokens: string;
}

interface User {
  readonly name: string;
  readonly groups?: string;
}

export async function makeCredentials(layout: Layout): Promise<Credentials> {
  const folder = join(layout.folder, 'pki');
  const credentials = credentialsIn(folder);
  if (existsSync(credentials.tokens)) return credentials;
  mkdirSync(join(folder, 'front-proxy'), { recursive: true, mode: 0o700 });
  const addresses = layout.subnets.flatMap(({ machine, apiService }) => [machine, apiService]);
  const authority = await CertificateAuthority.create(folder);
  await authority.issueServer('kube-apiserver', { addresses, names: ['kubernetes', 'kubernetes.default'] });
  const frontProxy = await CertificateAuthority.create(join(folder, 'front-proxy'));
  await frontProxy.issueClient('front-proxy');
  writeSigningKey(folder);
  writeTokens(layout, credentials);
  return credentials;
}

function credentialsIn(folder: string): Credentials {
  const pair = (name: string) => ({ certificate: join(folder, `${name}.crt`), key: join(folder, `${name}.key`) });
  return {
    authority: join(folder, 'ca.crt'),
    authorityKey: join(folder, 'ca.key'),
    apiServer: pair('kube-apiserver'),
    signingKey: join(folder, 'service-account.key'),
    frontProxy: pair('front-proxy/front-proxy'),
    frontProxyAuthority: join(folder, 'front-proxy/ca.crt'),
    tokens: join(folder, 'tokens.csv'),
  };
}

export function kubeconfigPath(layout: Layout, user: string): string {
  return join(layout.folder, `${user}.kubeconfig`);
}

/** A kubeconfig for each user; the tokens are random, as the API server can be reached by other users of the machine. */
function writeTokens(layout: Layout, { tokens, authority }: Credentials): void {
  const authorityData = readFileSync(authority).toString('base64');
  const lines = Object.entries(usersOf(layout)).map(([file, { name, groups = '' }]) => {
    const token = randomBytes(16).toString('hex');
    const config = kubeconfigOf(layout.apiUrl, { token }, { 'certificate-authority-data': authorityData });
    writeFileSync(kubeconfigPath(layout, file), config, { mode: 0o600 });
    return `${token},${name},${file},"${groups}"\n`;
  });
  writeFileSync(tokens, lines.join(''), { mode: 0o600 });
}

/** By the name of their kubeconfig. */
function usersOf(layout: Layout): Readonly<Record<string, User>> {
  const nodes = layout.nodes.map(
    ({ name }) => [name, { name: `system:node:${name}`, groups: 'system:nodes' }] as const,
  );
  return {
    admin: { name: 'admin', groups: 'system:masters' },
    'controller-manager': { name: 'system:kube-controller-manager' },
    scheduler: { name: 'system:kube-scheduler' },
    ...Object.fromEntries(nodes),
  };
}
