import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { envoyPath, validateBootstrap } from '../../src/cli/envoy-validate.ts';

const root = join(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'fairlead-translate-'));
const envoy = envoyPath(process.env['ENVOY']);

afterAll(() => rmSync(folder, { recursive: true }));

function fairlead(args: readonly string[], input = '') {
  const options = { cwd: root, encoding: 'utf8', input } as const;
  return spawnSync(process.execPath, ['src/cli/main.ts', 'translate', ...args], options);
}

function program(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  chmodSync(path, 0o755);
  return path;
}

const service = `apiVersion: v1
kind: Service
metadata: { namespace: shop, name: web }
spec:
  clusterIP: 10.96.0.10
  ports: [{ name: http, port: 80 }, { name: broken, port: 0 }]
`;

describe('fairlead translate', () => {
  it('prints the resources and has Envoy check them', () => {
    const { status, stdout, stderr } = fairlead(['-f', '-', '-o', 'json', '--validate', '--envoy', envoy], service);
    expect(stderr).toContain('-:1: Service shop/web spec.ports[1].port: is 0');
    expect(stderr).toContain('accepts it');
    expect(status).toBe(0);
    const { clusters, listeners } = JSON.parse(stdout);
    expect(clusters.map(({ name }: { name: string }) => name)).toEqual(['10.96.0.10:80', 'shop/web:80']);
    expect(listeners.map(({ name }: { name: string }) => name)).toEqual(['http', 'shop/web:80', 'tcp']);
  });

  it('takes the zone from the node, and the listeners from the configuration', () => {
    const config = join(folder, 'config.yaml');
    const header = 'apiVersion: config.fairlead.dev/v1alpha1\nkind: ControllerConfiguration\n';
    writeFileSync(config, `${header}tracing: { collector: 10.0.0.7:4317 }\n`);
    const { status, stdout } = fairlead(
      ['-f', 'test/golden/hints-zone/in.yaml', '--node', 'node2', '--config', config, '-o', 'json'],
      '',
    );
    expect(status).toBe(0);
    const { clusters, serviceViews } = JSON.parse(stdout);
    expect(clusters.at(-1).name).toBe('shop/web:80');
    expect(clusters.map(({ name }: { name: string }) => name)).toContain('opentelemetry-collector');
    expect(serviceViews[0].endpoint_sets[0].endpoints).toEqual(['10.244.2.5 8080']);
  });

  it.each([
    ['ENVOY_MISSING', '/nowhere/envoy'],
    ['ENVOY_MISSING', program('no-envoy', '#!/bin/sh\necho hello\n')],
    ['ENVOY_TOO_OLD', program('old-envoy', '#!/bin/sh\necho "envoy  version: 0abc/1.36.2/Clean/RELEASE/BoringSSL"\n')],
  ])('says %s of %s', (code, path) => {
    const { status, stderr } = fairlead(['-f', '-', '--validate', '--envoy', path], service);
    expect(status).toBe(1);
    expect(stderr).toContain(code);
    expect(stderr).toContain('scripts/setup.sh envoy');
  });

  it('fails after it has printed the rest when some of its input cannot be read', () => {
    const good = join(folder, 'good.yaml');
    writeFileSync(good, service);
    const { status, stdout, stderr } = fairlead(['-f', good, '-', '-o', 'json'], '{"kind": "Service",');
    expect(JSON.parse(stdout).clusters).toHaveLength(2);
    expect(stderr).toContain('-:1: is not valid YAML');
    expect(stderr).toContain('some of the input could not be read');
    expect(stderr).toContain('MANIFESTS_UNREADABLE');
    expect(status).toBe(1);
  });

  it('says that there is no such node, if there are others', () => {
    expect(fairlead(['-f', 'examples', '--node', 'nod1']).stderr).toContain('--node: no Node "nod1" is among');
    expect(fairlead(['-f', 'examples', '--node', 'node1']).stderr).not.toContain('--node');
    expect(fairlead(['-f', '-', '--node', 'node1'], service).stderr).not.toContain('--node');
  });

  it('says which manifest cannot be read', () => {
    const { status, stderr } = fairlead(['-f', '/nowhere']);
    expect(status).toBe(1);
    expect(stderr).toContain('--file: ENOENT');
  });

  it("passes on Envoy's message", async () => {
    const bootstrap = { static_resources: { clusters: [{ name: 'bad', lb_policy: 'NO_SUCH_POLICY' }] } };
    await expect(validateBootstrap(envoy, bootstrap)).rejects.toThrow(/NO_SUCH_POLICY/);
  });
});
