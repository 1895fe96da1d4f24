// What is wrong with a Service is found in two places: where the object is read, and where it is translated.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { Controller } from '../../src/controller/controller.ts';
import { kubeconfigOf } from '../support/kubeconfig.ts';
import { list, ScriptedServer } from '../support/scripted-server.ts';

const annotations = { 'fairlead.dev/retries': 'many', 'fairlead.dev/tracing-sampling': '5' };
const service = {
  metadata: { namespace: 'shop', name: 'a', resourceVersion: '1', annotations },
  spec: { clusterIP: '10.0.0.1', ports: [{ name: 'http', port: 80 }] },
};

it('keeps what the reader and what the translation found about one Service', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-problems-'));
  const server = new ScriptedServer(() => undefined);
  const kubeconfig = join(folder, 'kubeconfig');
  writeFileSync(kubeconfig, kubeconfigOf(await server.listen()));
  server.lists(list('1', [service]));
  const input = { kubeconfig, xdsAddress: '127.0.0.1:0', adminAddress: '127.0.0.1:0', file: undefined };
  const controller = await Controller.create({ ...input, logger: pino({ level: 'silent' }) });
  try {
    await controller.start();
    expect(controller.problems.all().map(({ field }) => field)).toEqual([
      'metadata.annotations[fairlead.dev/retries]',
      'metadata.annotations[fairlead.dev/tracing-sampling]',
    ]);
  } finally {
    await controller.stop();
    await server.close();
    rmSync(folder, { recursive: true });
  }
});
