import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { networkExists } from '../testbed/network.ts';
import { repository } from './work-directory.ts';

const main = join(repository, 'test/demo/main.ts');

interface Told {
  readonly code: number | null;
  readonly text: string;
}

/** Runs the demo under another prefix than `make demo`; `onText` sees its output as it grows. */
function runDemo(prefix: string, onText: (text: string, child: ReturnType<typeof spawn>) => void = () => {}) {
  return new Promise<Told>((resolve, reject) => {
    const env = { ...process.env, DEMO_PREFIX: prefix, KEEP: '' };
    const child = spawn(process.execPath, [main], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let text = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
        onText(text, child);
      });
    }
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, text }));
  });
}

it('tells its whole story, every claim of which holds, and leaves nothing', { timeout: 300_000 }, async () => {
  const { code, text } = await runDemo('flt-');
  expect(code, text).toBe(0);
  expect(text).not.toContain('✖');
  expect(text).toMatch(/all \d+ claims held/);
  expect(text, 'plain output where there is no terminal').not.toContain('\u001b');
  expect(networkExists('flt-')).toBe(false);
});

it('cleans up when it is interrupted', { timeout: 120_000 }, async () => {
  let interrupted = false;
  const { code } = await runDemo('fli-', (text, child) => {
    if (interrupted || !text.includes('starting fairlead controller')) return;
    interrupted = true;
    child.kill('SIGINT');
  });
  expect(code).toBe(130);
  expect(networkExists('fli-')).toBe(false);
});
