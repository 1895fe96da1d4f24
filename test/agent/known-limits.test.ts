import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { asked, bothPaths } from '../support/policy.ts';
import { waitUntil } from '../testbed/wait.ts';
import type { DialResult } from './support/dial.ts';
import { echoPorts, Lab, pods, serviceUpdate, sliceUpdate } from './support/lab.ts';

const envoyService = '10.96.0.20';
const kernelService = '10.96.0.21';
const ports = [{ name: 'tcp', protocol: 'TCP', port: echoPorts.tcp }] as const;

// docs/agent.md, "Limits to know before you install it": what a user is told there is what happens. When a limit is
// mended, its test turns round.
describe('the limits that docs/agent.md names', () => {
  let lab: Lab;

  beforeAll(async () => {
    lab = await Lab.open({ prefix: 'fllim-' });
    await lab.startController();
    await lab.update([
      serviceUpdate('envoy', [envoyService], [{ name: 'tcp', port: 9 }]),
      sliceUpdate('envoy', 'IPv4', ports, ['p1b']),
      serviceUpdate('kernel', [kernelService], [{ name: 'tcp', port: 9 }], {
        policy: asked({ dataPath: bothPaths('Kernel') }),
      }),
      sliceUpdate('kernel', 'IPv4', ports, ['p1b']),
    ]);
    await lab.startAgent('node1', lab.envoyArgs('node1'));
    await waitUntil(async () => (await lab.envoyState('node1')) === 'Connected', { what: 'Envoy to be connected' });
  });

  afterAll(() => lab.close());

  const dial = async (address: string) => outcomeOf(await lab.dial('p1a', 'tcp', address, 9));

  /** A base chain of its own, as a CNI or a firewall would have. */
  async function withRules(hook: 'input' | 'forward', rules: readonly string[], test: () => Promise<void>) {
    const lines = [`type filter hook ${hook} priority 0; policy accept;`, ...rules];
    await lab.run('node1', 'nft', `table ip limits {\nchain ${hook} {\n${lines.join('\n')}\n}\n}\n`);
    try {
      await test();
    } finally {
      await lab.run('node1', 'nft', 'delete table ip limits');
    }
  }

  it('an ingress policy in FORWARD binds the kernel path, and not the Envoy path on the same node', async () => {
    const deny = `ip saddr ${pods.p1a.IPv4} ip daddr ${pods.p1b.IPv4} drop`;
    await withRules('forward', [deny], async () => {
      expect(await dial(kernelService)).not.toBe('connected');
      expect(await dial(envoyService)).toBe('connected');
    });
    expect(await dial(kernelService)).toBe('connected');
  });

  it('a firewall that drops in INPUT cuts the Envoy path off, unless it accepts the redirect mark', async () => {
    const firewall = ['iif lo accept', 'meta l4proto tcp drop'];
    await withRules('input', firewall, async () => {
      expect(await dial(envoyService)).not.toBe('connected');
      expect(await dial(kernelService)).toBe('connected');
    });
    await withRules('input', ['meta mark & 0x3000 == 0x1000 accept', ...firewall], async () => {
      expect(await dial(envoyService)).toBe('connected');
    });
  });
});

function outcomeOf([result]: readonly DialResult[]): string {
  return result !== undefined && 'echo' in result ? 'connected' : 'failed';
}
