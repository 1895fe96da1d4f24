import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');

function why(golden: string, args: readonly string[]) {
  const file = `test/golden/${golden}/in.yaml`;
  const command = ['src/cli/main.ts', 'why', '-f', file, ...args];
  return spawnSync(process.execPath, command, { cwd: root, encoding: 'utf8' });
}

describe('fairlead why', () => {
  it('explains in words', () => {
    const { status, stdout, stderr } = why('http', ['--from', '10.244.1.5', '--to', 'shop/web:http']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain('scoped route and route 10.96.0.10:80');
    expect(stdout).toContain('10.244.2.7:8080, on node2, in zone-b, sees 10.244.1.5\n');
  });

  it('names the policy that puts a pod on the kernel path', () => {
    const { stdout } = why('network-policy', ['--from', 'shop/batch', '--to', 'web:http', '-o', 'json']);
    expect(JSON.parse(stdout).path).toMatchObject({ kind: 'Kernel', reason: 'NETWORK_POLICY' });
  });

  it('says what is wrong with the question', () => {
    const { status, stderr } = why('http', ['--from', 'shop/nobody', '--to', 'shop/web']);
    expect(status).toBe(1);
    expect(stderr).toContain('--from: no pod and no node "shop/nobody" is known');
    expect(stderr).toContain('INPUT_INVALID');
  });
});
