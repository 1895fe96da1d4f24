import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { Controller } from './controller.ts';

it('serves nobody when it was stopped while it warmed up', async () => {
  const manifests = mkdtempSync(join(tmpdir(), 'fairlead-stop-'));
  const messages: string[] = [];
  let stopped: Promise<void> | undefined;
  const write = (line: string) => {
    const { msg } = JSON.parse(line) as { readonly msg: string };
    messages.push(msg);
    // Just before the warm-up.
    if (msg === 'Listed everything for the first time') stopped = controller.stop();
  };
  const addresses = { xdsAddress: '127.0.0.1:0', adminAddress: '127.0.0.1:0' };
  const controller = await Controller.create({ manifests, ...addresses, file: undefined, logger: pino({}, { write }) });
  try {
    await expect(controller.start()).rejects.toThrow('stopped before it was ready');
    await stopped;
    expect(messages).not.toContain('ADS server listened');
  } finally {
    await controller.stop();
    rmSync(manifests, { recursive: true });
  }
});
