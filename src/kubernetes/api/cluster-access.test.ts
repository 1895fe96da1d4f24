import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ClusterAccess } from './cluster-access.ts';

// It takes 85 MiB and half a second: what these tests do must not need it.
vi.mock('@kubernetes/client-node', () => {
  throw new Error('The whole client library was loaded');
});

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fairlead-access-'));
  path = join(folder, 'kubeconfig');
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

function write(user: object, cluster: object = {}): void {
  const kubeconfig = {
    clusters: [{ name: 'c', cluster: { server: 'https://127.0.0.1:6443', ...cluster } }],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  };
  writeFileSync(path, JSON.stringify(kubeconfig));
}

function open(): ClusterAccess {
  return new ClusterAccess({ kind: 'Kubeconfig', path });
}

async function authorization(access: ClusterAccess): Promise<unknown> {
  return (await access.current()).options.headers;
}

function isRunning(pid: number): boolean {
  // A process that ended and was not waited for yet is a zombie.
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

describe('ClusterAccess', () => {
  it('loads a kubeconfig again when it changed', async () => {
    write({ token: 'one' });
    const access = open();
    expect(await authorization(access)).toEqual({ Authorization: 'Bearer one' });
    write({ token: 'two' }, { server: 'https://[fd00::1]:6443/prefix/' });
    expect(await authorization(access)).toEqual({ Authorization: 'Bearer two' });
    expect(access.server).toBe('https://[fd00::1]:6443/prefix');
  });

  it('takes the token file before the token, relative to the kubeconfig, without its newline', async () => {
    writeFileSync(join(folder, 'token'), 'from-file\n');
    write({ token: 'written', tokenFile: 'token' });
    expect(await authorization(open())).toEqual({ Authorization: 'Bearer from-file' });
  });

  it('reads a token file again once it was refreshed', async () => {
    writeFileSync(join(folder, 'token'), 'old');
    write({ tokenFile: 'token' });
    const access = open();
    expect(await authorization(access)).toEqual({ Authorization: 'Bearer old' });
    writeFileSync(join(folder, 'token'), 'new');
    access.refresh();
    expect(await authorization(access)).toEqual({ Authorization: 'Bearer new' });
  });

  it('reads certificate files again for each request', async () => {
    for (const name of ['ca', 'cert', 'key']) writeFileSync(join(folder, name), `${name}-1`);
    write({ 'client-certificate': 'cert', 'client-key': 'key' }, { 'certificate-authority': 'ca' });
    const access = open();
    const { options } = await access.current();
    expect([options.ca, options.cert, options.key].map(String)).toEqual(['ca-1', 'cert-1', 'key-1']);
    for (const name of ['ca', 'cert', 'key']) writeFileSync(join(folder, name), `${name}-2`);
    const later = (await access.current()).options;
    expect([later.ca, later.cert, later.key].map(String)).toEqual(['ca-2', 'cert-2', 'key-2']);
  });

  it('runs an exec plugin once for callers at one time, until its credential expires', async () => {
    mkdirSync(join(folder, 'bin'));
    const plugin = join(folder, 'bin', 'plugin');
    const script = [
      '#!/bin/sh',
      `echo "$KUBERNETES_EXEC_INFO" >> ${folder}/runs`,
      `n=$(wc -l < ${folder}/runs | tr -d ' ')`,
      `echo '{"kind":"ExecCredential","status":{"expirationTimestamp":"2001-01-01T00:00:00Z","token":"'$n'"}}'`,
    ];
    writeFileSync(plugin, `${script.join('\n')}\n`, { mode: 0o755 });
    const apiVersion = 'client.authentication.k8s.io/v1';
    write({ exec: { apiVersion, command: './bin/plugin', env: null, provideClusterInfo: true } });
    const access = open();
    const all = await Promise.all([authorization(access), authorization(access), authorization(access)]);
    expect(all).toEqual(Array(3).fill({ Authorization: 'Bearer 1' }));
    expect(await authorization(access)).toEqual({ Authorization: 'Bearer 2' });
    const [info] = readFileSync(join(folder, 'runs'), 'utf8').split('\n');
    expect(JSON.parse(info ?? '')).toEqual({
      apiVersion,
      kind: 'ExecCredential',
      spec: {
        interactive: false,
        cluster: { server: 'https://127.0.0.1:6443', 'insecure-skip-tls-verify': false },
      },
    });
  });

  it('runs an exec plugin again after one that hung, and leaves nothing of that behind', async () => {
    const plugin = join(folder, 'plugin');
    const hang = `#!/bin/sh\nsleep 600 &\necho $! > ${folder}/sleeper\nwait\n`;
    writeFileSync(plugin, hang, { mode: 0o755 });
    write({ exec: { command: './plugin' } });
    const access = new ClusterAccess({ kind: 'Kubeconfig', path }, 300);
    await expect(access.current()).rejects.toThrow('did not finish within 300 ms');
    const sleeper = Number(readFileSync(join(folder, 'sleeper'), 'utf8'));
    await vi.waitFor(() => expect(isRunning(sleeper)).toBe(false));
    writeFileSync(plugin, `#!/bin/sh\necho '{"status":{"token":"late"}}'\n`);
    expect(await authorization(access)).toEqual({ Authorization: 'Bearer late' });
  });

  it('gives the certificate of an exec plugin, and says what a plugin that fails said', async () => {
    const status = { clientCertificateData: 'cert', clientKeyData: 'key' };
    write({ exec: { command: 'echo', args: [JSON.stringify({ status })] } });
    expect((await open().current()).options).toMatchObject({ cert: 'cert', key: 'key' });
    write({ exec: { command: 'sh', args: ['-c', 'echo locked >&2; exit 1'] } });
    await expect(open().current()).rejects.toThrow('locked');
    write({ exec: { command: 'no-such-plugin' } });
    await expect(open().current()).rejects.toThrow('ENOENT');
    write({ exec: { command: 'echo', args: ['{}'] } });
    await expect(open().current()).rejects.toThrow('no ExecCredential');
  });

  it('speaks to an http:// server as it is', async () => {
    write({}, { server: 'http://127.0.0.1:8001' });
    const { server, options } = await open().current();
    expect(server.href).toBe('http://127.0.0.1:8001/');
    expect(options).toEqual({ headers: {} });
  });

  it('knows passwords and whom to act as', async () => {
    write({ username: 'me', password: 'secret', as: 'other' });
    expect((await open().current()).options).toMatchObject({
      auth: 'me:secret',
      headers: { 'Impersonate-User': 'other' },
    });
  });

  it('uses the service account of a pod', () => {
    vi.stubEnv('KUBERNETES_SERVICE_HOST', 'fd00::1');
    vi.stubEnv('KUBERNETES_SERVICE_PORT', '443');
    expect(new ClusterAccess({ kind: 'InCluster' }).server).toBe('https://[fd00::1]:443');
  });

  it('says what is missing outside of a pod', () => {
    vi.stubEnv('KUBERNETES_SERVICE_HOST', '');
    expect(() => new ClusterAccess({ kind: 'InCluster' })).toThrow(
      'In-cluster access cannot be used: KUBERNETES_SERVICE_HOST is not set',
    );
  });

  it.each([
    ['{', 'cannot be used'],
    ['', 'cannot be used'],
    ['clusters: []', 'its current context names no cluster'],
    ['clusters: [{name: c}]', 'clusters[0].cluster is missing'],
  ])('refuses %j as kubeconfig', (text, reason) => {
    writeFileSync(path, text);
    expect(open).toThrow(`Kubeconfig ${path} cannot be used`);
    expect(open).toThrow(reason);
  });

  it('refuses a kubeconfig that is missing or names no URL', () => {
    expect(open).toThrow(`Kubeconfig ${path} cannot be used: ENOENT`);
    write({}, { server: 'somewhere' });
    expect(open).toThrow('the server of cluster c is not a URL');
  });
});
