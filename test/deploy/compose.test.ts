import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { bootstrap } from '../../src/agent/envoy/bootstrap.ts';
import { listNamespaces, removeNamespaces } from '../testbed/namespaces.ts';
import { run, tryRun } from '../testbed/run.ts';
import { type ComposeProject, loadProject, networkHostOf } from './compose/project.ts';
import { composeLoader, makeComposeLoader, makeImageContents, root, sysctlsOfAgent } from './setup.ts';

const file = join(root, 'docker-compose.yml');
const prefix = 'fldc-';

describe('the Compose example', () => {
  let project: ComposeProject;
  const state = mkdtempSync(join(tmpdir(), 'fairlead-compose-'));

  beforeAll(async () => {
    await Promise.all([makeComposeLoader(), makeImageContents()]);
    project = await loadProject(file, composeLoader);
  }, 900_000);

  afterAll(async () => {
    await removeNamespaces(prefix);
    rmSync(state, { recursive: true, force: true });
  });

  it('is refused by the loader of Docker Compose when a key is wrong, so that its yes means something', async () => {
    const broken = join(state, 'broken.yml');
    writeFileSync(broken, readFileSync(file, 'utf8').replace('cap_drop:', 'cap_dorp:'));
    const { code, stderr } = await tryRun([composeLoader, broken]);
    expect(code).not.toBe(0);
    expect(stderr).toContain('cap_dorp');
  });

  it('gives no container more than NET_ADMIN, and the controller nothing', () => {
    for (const [name, service] of Object.entries(project.services)) {
      expect(service.cap_drop, name).toEqual(['ALL']);
      expect(service.cap_add ?? [], name).toEqual(name === 'controller' ? [] : ['NET_ADMIN']);
    }
  });

  it('sets what the agent would set if it could', () => {
    const { 'net.ipv4.ip_local_port_range': _forTheExample, ...ofAgent } = project.services['node']?.sysctls ?? {};
    const sysctls = Object.entries(ofAgent).map(([key, value]) => `${key}=${value}`);
    expect(sysctls.sort()).toEqual(sysctlsOfAgent());
  });

  it('has every address where the manifests and the bootstrap say it is', () => {
    const address = (name: string) => project.services[name]?.networks?.['cluster']?.ipv4_address;
    const slice = parse(readFileSync(join(root, 'deploy/compose/manifests/echo-endpoints.yaml'), 'utf8'));
    for (const endpoint of slice.endpoints) expect(endpoint.addresses).toEqual([address(endpoint.targetRef.name)]);
    expect(
      Object.keys(project.services).filter((name) => networkHostOf(project.services[name] ?? { image: '' }) === 'node'),
    ).toEqual(['agent', 'envoy']);
    expect(project.services['agent']?.command).toContain(`--controller=${address('controller')}:18000`);
  });

  it('starts Envoy with what the agent would write for this node', () => {
    const written = parse(readFileSync(join(root, 'envoy/bootstrap.yaml'), 'utf8'));
    const { stats_config, ...expected } = bootstrap({
      nodeName: 'compose',
      zone: '',
      admin: { kind: 'Tcp', host: '127.0.0.1', port: 15_000 },
      controllers: [{ host: '172.30.0.3', port: 18_000 }],
    }) as Record<string, unknown>;
    expect(stats_config).toBeDefined();
    expect(written).toEqual(expected);
  });

  it('starts Envoy with a bootstrap that Envoy accepts', async () => {
    await run([join(root, '.cache/bin/envoy'), '--mode', 'validate', '-c', join(root, 'envoy/bootstrap.yaml')]);
  });

  it('passes its verify.sh, played by processes in network namespaces', async () => {
    const environment = {
      PATH: `${dirname(process.execPath)}:${process.env['PATH']}`,
      DOCKER: join(root, 'test/deploy/compose/docker-main.ts'),
      COMPOSE_FILE: file,
      COMPOSE_LOADER: composeLoader,
      COMPOSE_STATE: state,
      COMPOSE_PREFIX: prefix,
    };
    const { code, output } = await runScript(join(root, 'deploy/compose/verify.sh'), environment);
    expect(code, output).toBe(0);
    expect(output).toContain('All checks passed');
    expect(listNamespaces(prefix)).toEqual([]);
  }, 240_000);
});

function runScript(script: string, environment: Readonly<Record<string, string>>) {
  const child = spawn(script, [], { env: { ...process.env, ...environment }, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  return new Promise<{ readonly code: number | null; readonly output: string }>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, output }));
  });
}
