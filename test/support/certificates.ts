import { execFile } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Paths of a certificate and its key, PEM. */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

export interface ServerNames {
  readonly names?: readonly string[];
  readonly addresses?: readonly string[];
}

/** A certificate authority of its own in a folder; needs the openssl command (Debian package openssl). */
export class CertificateAuthority {
  readonly certificate: string;
  readonly #key: string;
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
    this.certificate = join(folder, 'ca.crt');
    this.#key = join(folder, 'ca.key');
  }

  static async create(folder: string): Promise<CertificateAuthority> {
    const authority = new CertificateAuthority(folder);
    const subject = ['-subj', '/CN=fairlead-test', '-keyout', authority.#key, '-out', authority.certificate];
    await run('openssl', ['req', '-x509', ...newKey, '-days', '30', ...subject]);
    return authority;
  }

  /** For 127.0.0.1, ::1, localhost and what else is given. */
  issueServer(name: string, { names = [], addresses = [] }: ServerNames = {}): Promise<KeyPair> {
    const allNames = ['localhost', 'kubernetes.default.svc', ...names].map((one) => `DNS:${one}`);
    const allAddresses = ['127.0.0.1', '::1', ...addresses].map((one) => `IP:${one}`);
    const alternatives = `subjectAltName=${[...allNames, ...allAddresses].join()}`;
    return this.#issue(name, `/CN=${name}`, [alternatives, 'extendedKeyUsage=serverAuth']);
  }

  /** Kubernetes takes the common name as the user. */
  issueClient(user: string): Promise<KeyPair> {
    return this.#issue(user, `/CN=${user}`, ['extendedKeyUsage=clientAuth']);
  }

  async #issue(name: string, subject: string, extensions: readonly string[]): Promise<KeyPair> {
    const path = (ending: string) => join(this.#folder, `${name}.${ending}`);
    const pair = { certificate: path('crt'), key: path('key') };
    writeFileSync(path('ext'), extensions.join('\n'));
    await run('openssl', ['req', ...newKey, '-subj', subject, '-keyout', pair.key, '-out', path('csr')]);
    const signer = ['-CA', this.certificate, '-CAkey', this.#key, '-CAcreateserial', '-days', '30'];
    const output = ['-extfile', path('ext'), '-in', path('csr'), '-out', pair.certificate];
    await run('openssl', ['x509', '-req', ...signer, ...output]);
    return pair;
  }
}

const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

/** Writes a private key for signing service account tokens; gives its path. */
export function writeSigningKey(folder: string): string {
  const path = join(folder, 'service-account.key');
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  writeFileSync(path, privateKey.export({ type: 'sec1', format: 'pem' }));
  return path;
}
