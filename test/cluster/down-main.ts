#!/usr/bin/env node
import { takeDown } from './cluster.ts';
import { runCommand } from './command-line.ts';
import { instanceOf } from './options.ts';

const usage = `Ends a cluster that test/cluster/up-main.ts has brought up, and removes all that it left on the machine: processes, network
namespaces, links, mounts, control groups, files. What was built stays. Fails when something could not be removed.

Usage: [INSTANCE=0..9] [KEEP_LOGS=FOLDER] node test/cluster/down-main.ts        (make cluster-down)`;

await runCommand(usage, async () => {
  const leftovers = await takeDown(instanceOf(process.env), process.env['KEEP_LOGS']);
  for (const leftover of leftovers) process.stderr.write(`Left behind: ${leftover}\n`);
  return leftovers.length === 0 ? 0 : 1;
});
