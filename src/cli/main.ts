#!/usr/bin/env node
import { Command } from 'commander';

const program = new Command('fairlead').description(
  'Envoy xDS control plane that replaces kube-proxy: controller, node agent and tools',
);

await program.parseAsync();
