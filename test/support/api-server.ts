import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type ManagedProcess, ProcessGroup } from '../testbed/process.ts';
import { waitUntil } from '../testbed/wait.ts';
import { CertificateAuthority, type KeyPair, writeSigningKey } from './certificates.ts';

const root = resolve(import.meta.dirname, '../..');
const bin = join(root, '.cache/bin');

/** Set to 1 to leave out the tests that need the real API server; they run by default. */
export const skipsApiServer = process.env['FAIRLEAD_SKIP_API_SERVER'] === '1';

/** For the hook that starts an API server, in milliseconds: the first start on a machine builds its binaries. */
export const firstStartMs = 30 * 60_000;

export interface ApiServerOptions {
  /** Further flags of kube-apiserver. */
  readonly flags?: readonly string[];
  /** Users by their token; without `groups` they may do nothing. */
  readonly tokens?: Readonly<Record<string, TokenUser>>;
}

interface TokenUser {
  readonly name: string;
  readonly groups?: readonly string[];
}

export interface Answer {
  readonly status: number;
  readonly body: string;
}

/** Connection and credentials of a kubeconfig, as written there. */
export interface KubeconfigEntry {
  readonly user: object;
  /** Default: the API server's own port. */
  readonly port?: number;
  /** Certificate of the authority to trust; default the API server's. */
  readonly authority?: string;
}

/** A real kube-apiserver on a real etcd, both on loopback, with all their files in one folder. */
export class ApiServer {
  readonly folder: string;
  readonly authority: CertificateAuthority;
  readonly port: number;
  /** Path of a kubeconfig that may do everything. */
  readonly kubeconfig: string;
  readonly #etcdPorts: readonly [number, number];
  readonly #pair: KeyPair;
  readonly #signingKey: string;
  readonly #group = new ProcessGroup();
  readonly #agent: Agent;
  #process: ManagedProcess | undefined;

  private constructor(folder: string, authority: CertificateAuthority, pair: KeyPair, ports: readonly number[]) {
    const [port = 0, client = 0, peer = 0] = ports;
    this.folder = folder;
    this.authority = authority;
    this.port = port;
    this.#pair = pair;
    this.#etcdPorts = [client, peer];
    this.#signingKey = writeSigningKey(folder);
    this.#agent = new Agent({ keepAlive: true, ca: readFileSync(authority.certificate) });
    this.kubeconfig = this.writeKubeconfig('admin', { user: { token: adminToken } });
  }

  static async start(options: ApiServerOptions = {}): Promise<ApiServer> {
    await build();
    const folder = mkdtempSync(join(tmpdir(), 'fairlead-apiserver-'));
    const authority = await CertificateAuthority.create(folder);
    const pair = await authority.issueServer('apiserver');
    const server = new ApiServer(folder, authority, pair, await freePorts(3));
    try {
      await server.#startEtcd();
      await server.startApiServer(options);
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  }

  /** Starts kube-apiserver over the same etcd, after it was killed; ready to serve on return. */
  async startApiServer(options: ApiServerOptions = {}): Promise<void> {
    writeFileSync(join(this.folder, 'tokens.csv'), tokensFile({ ...options.tokens, [adminToken]: admin }));
    this.#process = await this.#group.start({
      name: 'kube-apiserver',
      command: [...endsWithTests, join(bin, 'kube-apiserver'), ...this.#flags(), ...(options.flags ?? [])],
      logFile: join(this.folder, 'kube-apiserver.log'),
      ready: async () => (await this.send('GET', '/readyz')).status === 200,
      readyWithinMs: 120_000,
    });
  }

  /** Ends kube-apiserver at once, as a crash would; etcd goes on. */
  async killApiServer(): Promise<void> {
    await this.#process?.kill('SIGKILL');
  }

  /** Ends everything and removes the folder. */
  async stop(): Promise<void> {
    this.#agent.destroy();
    await this.killApiServer();
    await this.#group.stopAll();
    rmSync(this.folder, { recursive: true });
  }

  /** Writes a kubeconfig for the given user and gives its path. */
  writeKubeconfig(name: string, entry: KubeconfigEntry): string {
    const path = join(this.folder, `${name}.kubeconfig`);
    const server = `https://127.0.0.1:${entry.port ?? this.port}`;
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'test', cluster: { server, 'certificate-authority': entry.authority ?? 'ca.crt' } }],
      users: [{ name, user: entry.user }],
      contexts: [{ name: 'test', context: { cluster: 'test', user: name } }],
      'current-context': 'test',
    };
    writeFileSync(path, JSON.stringify(config));
    return path;
  }

  /** Runs kubectl as admin and gives its output; `input` goes to `-f -`. */
  kubectl(args: readonly string[], input = ''): Promise<string> {
    return new Promise((done, fail) => {
      const all = ['--kubeconfig', this.kubeconfig, '--cache-dir', join(this.folder, 'cache'), ...args];
      const child = execFile(join(bin, 'kubectl'), all, (error, stdout, stderr) => {
        if (error === null) done(stdout);
        else fail(new Error(`kubectl ${args.join(' ')} failed: ${stderr.trim()}`));
      });
      child.stdin?.end(input);
    });
  }

  /** Creates or changes objects with kubectl, as one list. */
  async apply(...objects: readonly object[]): Promise<void> {
    const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
    await this.kubectl(['apply', '--server-side', '--force-conflicts', '-f', '-'], list);
  }

  /** One request, as admin unless another token is given: for what would take too long through kubectl. */
  send(
    method: string,
    path: string,
    options: { readonly body?: object; readonly token?: string; readonly contentType?: string } = {},
  ): Promise<Answer> {
    const { body, token = adminToken, contentType = 'application/json' } = options;
    const headers = { authorization: `Bearer ${token}`, 'content-type': contentType };
    return new Promise((done, fail) => {
      const url = `https://127.0.0.1:${this.port}${path}`;
      const req = request(url, { method, headers, agent: this.#agent }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk) => chunks.push(chunk)).on('error', fail);
        response.on('end', () => done({ status: response.statusCode ?? 0, body: String(Buffer.concat(chunks)) }));
      });
      req.on('error', fail);
      req.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  /** Drops all older versions from etcd, so that watches and pages that start from them expire. */
  async compact(): Promise<void> {
    const { header } = await this.#etcd('/v3/kv/range', { key: base64('/') });
    await this.#etcd('/v3/kv/compaction', { revision: header.revision, physical: true });
  }

  /**
   * Writes objects to etcd under their storage keys (`services/specs/shop/web`), as an API server of the same cluster
   * would have: thousands in a second, which through an API server take minutes.
   */
  async seed(objects: ReadonlyMap<string, object>): Promise<void> {
    const puts = [...objects].map(([key, object]) => ({
      requestPut: { key: base64(`/registry/${key}`), value: base64(JSON.stringify(object)) },
    }));
    // etcd takes 128 operations in a transaction (--max-txn-ops) and 1.5 MiB in a request (--max-request-bytes).
    for (let at = 0; at < puts.length; at += 100) await this.#etcd('/v3/kv/txn', { success: puts.slice(at, at + 100) });
  }

  async #etcd(path: string, body: object): Promise<{ readonly header: { readonly revision: string } }> {
    const url = `http://127.0.0.1:${this.#etcdPorts[0]}${path}`;
    const response = await fetch(url, { method: 'POST', body: JSON.stringify(body) });
    if (!response.ok) throw new Error(`etcd answered ${response.status} to ${path}: ${await response.text()}`);
    return (await response.json()) as { readonly header: { readonly revision: string } };
  }

  async #startEtcd(): Promise<void> {
    const [client, peer] = this.#etcdPorts.map((port) => `http://127.0.0.1:${port}`);
    const flags = {
      name: 'default',
      'data-dir': join(this.folder, 'etcd'),
      'listen-client-urls': client,
      'advertise-client-urls': client,
      'listen-peer-urls': peer,
      'initial-advertise-peer-urls': peer,
      'initial-cluster': `default=${peer}`,
      'log-level': 'error',
    };
    await this.#group.start({
      name: 'etcd',
      command: [...endsWithTests, join(bin, 'etcd'), ...asFlags(flags), '--unsafe-no-fsync'],
      logFile: join(this.folder, 'etcd.log'),
      ready: async () => (await fetch(`${client}/health`)).ok,
    });
  }

  #flags(): readonly string[] {
    return asFlags({
      'etcd-servers': `http://127.0.0.1:${this.#etcdPorts[0]}`,
      'bind-address': '127.0.0.1',
      'advertise-address': '127.0.0.1',
      'secure-port': String(this.port),
      'tls-cert-file': this.#pair.certificate,
      'tls-private-key-file': this.#pair.key,
      'client-ca-file': this.authority.certificate,
      'token-auth-file': join(this.folder, 'tokens.csv'),
      'authorization-mode': 'RBAC',
      'service-account-issuer': 'https://kubernetes.default.svc.cluster.local',
      'service-account-key-file': this.#signingKey,
      'service-account-signing-key-file': this.#signingKey,
      'service-cluster-ip-range': '10.96.0.0/12',
      // Endpoints of default/kubernetes may not be loopback addresses.
      'endpoint-reconciler-type': 'none',
      // Thousands of objects are created as fast as they go.
      'enable-priority-and-fairness': 'false',
      'max-requests-inflight': '0',
      'max-mutating-requests-inflight': '0',
    });
  }
}

/** A test run that is killed takes its servers along. */
const endsWithTests = ['setpriv', '--pdeathsig', 'KILL'];

const adminToken = 'admin-token';
const admin: TokenUser = { name: 'admin', groups: ['system:masters'] };

/** kube-apiserver --token-auth-file: token, user, uid, "groups". */
function tokensFile(tokens: Readonly<Record<string, TokenUser>>): string {
  const lines = Object.entries(tokens).map(
    ([token, user]) => `${token},${user.name},${user.name},"${(user.groups ?? []).join(',')}"`,
  );
  return `${lines.join('\n')}\n`;
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

function asFlags(flags: Readonly<Record<string, string | undefined>>): readonly string[] {
  return Object.entries(flags).map(([name, value]) => `--${name}=${value}`);
}

/** Builds etcd, kube-apiserver and kubectl where they are missing; its progress goes to standard error. */
async function build(): Promise<void> {
  const child = spawn(join(root, 'test/tools/build.sh'), { stdio: ['ignore', 'inherit', 'inherit'] });
  const code = await new Promise<number | null>((done, fail) => child.on('error', fail).on('close', done));
  if (code !== 0)
    throw new Error('test/tools/build.sh could not build etcd, kube-apiserver and kubectl; it says why above');
}

/**
 * Ports that nobody listens on now, below the range that the kernel gives to connections (from 32768): the API server's
 * must still be free after it was killed.
 */
async function freePorts(count: number): Promise<readonly number[]> {
  const ports = new Set<number>();
  while (ports.size < count) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    if (await isFree(port)) ports.add(port);
  }
  return [...ports];
}

function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((done) => {
    server.once('error', () => done(false));
    server.listen(port, '127.0.0.1', () => server.close(() => done(true)));
  });
}

/** Waits until a kind of request is refused or allowed as expected: RBAC takes a moment to reach the authorizer. */
export async function waitForAccess(server: ApiServer, user: string, resource: string): Promise<void> {
  const question = ['auth', 'can-i', 'watch', resource, '--as', user];
  await waitUntil(async () => (await server.kubectl(question)).trim() === 'yes', {
    what: `${user} to read ${resource}`,
  });
}
