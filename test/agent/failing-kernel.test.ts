import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ManagedProcess } from '../testbed/process.ts';
import { run } from '../testbed/run.ts';
import { waitUntil } from '../testbed/wait.ts';
import { echoPorts, Lab, serviceUpdate, sliceUpdate } from './support/lab.ts';

const tcpPort = { name: 'tcp', protocol: 'TCP', port: echoPorts.tcp } as const;

let lab: Lab;
let agent: ManagedProcess;
let breaker: string;

beforeAll(async () => {
  lab = await Lab.open({ prefix: 'flfk-' });
  await lab.startController();
  await lab.update([serviceUpdate('a', ['10.96.0.10'], [{ name: 'tcp', port: 9 }])]);
  breaker = join(lab.directory, 'broken');
  const nft = join(lab.directory, 'nft');
  const real = (await run(['sh', '-c', 'command -v nft'])).trim();
  writeFileSync(nft, `#!/bin/sh\n[ ! -e ${breaker} ] || { echo 'Error: broken' >&2; exit 1; }\nexec ${real} "$@"\n`);
  chmodSync(nft, 0o755);
  const env = { PATH: `${lab.directory}:${process.env['PATH']}` };
  agent = await lab.startAgent('node1', lab.envoyArgs('node1'), env);
  const openGates = () => lab.run('node1', real, 'list', 'set', 'ip', 'fairlead', 'open-http');
  await waitUntil(async () => (await openGates()).includes('tcp'), { what: 'the gates to be open' });
});

afterAll(() => lab.close());

it('ends when asked although the kernel refuses everything', async () => {
  writeFileSync(breaker, '');
  const updates = (['p1a', 'p2a'] as const).map((pod) => lab.update([sliceUpdate('a', 'IPv4', [tcpPort], [pod])]));
  for (const update of updates) update.catch(() => {}); // Never acknowledged.
  await waitUntil(async () => ((await lab.metric('node1', 'fairlead_agent_sync_failures_total')) ?? 0) > 0, {
    what: 'a transaction to be refused',
  });
  await lab.killEnvoy('node1', 'SIGKILL');
  await waitUntil(() => /"to":"Absent"/.test(readFileSync(agent.logFile, 'utf8')), { what: 'Envoy to be missed' });
  expect(await agent.stop(10_000)).toEqual({ code: 0, signal: null });
});
