#!/usr/bin/env node
import { Command } from 'commander';
import { agentCommand, convertConfigCommand } from './agent.ts';
import { controllerCommand } from './controller.ts';
import { getCommand } from './get.ts';
import { statusCommand } from './status.ts';
import { reportError, version } from './support.ts';
import { translateCommand } from './translate.ts';
import { whyCommand } from './why.ts';

// Each command imports what it needs when it runs, so that an agent does not pay for the controller's memory.
const program = new Command('fairlead')
  .description('Envoy xDS control plane that replaces kube-proxy: controller, node agent and tools')
  .version(version(), '--version', 'print the version')
  .showHelpAfterError('(--help lists commands and options)')
  .addCommand(controllerCommand())
  .addCommand(agentCommand())
  .addCommand(convertConfigCommand())
  .addCommand(statusCommand())
  .addCommand(getCommand())
  .addCommand(translateCommand())
  .addCommand(whyCommand());

program.parseAsync().catch(reportError);
