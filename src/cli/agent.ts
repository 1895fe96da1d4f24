import { Command } from 'commander';
import type { AgentFlags } from '../agent/options.ts';
import { surviveExceptions } from './exceptions.ts';
import { createLogger, logLevelOption } from './logger.ts';
import { untilSignal, version } from './support.ts';

type Flags = AgentFlags & { readonly logLevel: string };

export function agentCommand(): Command {
  return new Command('agent')
    .description("program this node's kernel, write Envoy's bootstrap and watch over Envoy; needs root and nftables")
    .option('--node-name <name>', 'name of this node (default: $NODE_NAME)', process.env['NODE_NAME'])
    .option('--zone <zone>', "the node's topology.kubernetes.io/zone (default: $NODE_ZONE)", process.env['NODE_ZONE'])
    .option(
      '--controller <host:port>',
      'replica of the controller; repeat it or separate by comma; all addresses of a name are used (default: 127.0.0.1:18000)',
      collect,
    )
    .option(
      '--controller-return <seconds>',
      'seconds over which the agents return to a controller that is back (default: 60)',
    )
    .option('--pod-cidr <cidr>', "addresses of this node's pods; repeat it or separate by comma", collect)
    .option('--pod-interface <prefix>', "beginning of the names of the pods' interfaces, such as cali")
    .option('--bootstrap <file>', "write Envoy's bootstrap to this file")
    .option('--envoy <path>', 'start this Envoy with the bootstrap, and restart it when it exits')
    .option('--envoy-args <args>', "more arguments for it, such as '--concurrency 2'")
    .option('--envoy-log <file>', "append Envoy's output to this file (default: the agent's own output)")
    .option('--leave-envoy', 'leave Envoy running when the agent exits')
    .option(
      '--envoy-admin <host:port|path>',
      "Envoy's admin interface, TCP or a socket's path (default: 127.0.0.1:15000)",
    )
    .option(
      '--envoy-max-heap <bytes>',
      'near this much heap Envoy refuses connections, which the kernel then takes; such as 1Gi',
    )
    .option(
      '--health-address <host:port>',
      'where /healthz, /readyz and /metrics are served (default: 127.0.0.1:10256)',
    )
    .option('--mark-mask <mask>', 'bits of the packet mark that are used (default: 0xfff)')
    .option('--redirect-mark <mark>', 'mark of packets for Envoy, within the mask (default: 0x1)')
    .option('--upstream-mark <mark>', "mark of Envoy's own connections, within the mask (default: 1337)")
    .addOption(logLevelOption)
    .action(run)
    .addCommand(cleanupCommand());
}

function cleanupCommand(): Command {
  return new Command('cleanup')
    .description("remove the agent's tables, rules and routes from the kernel")
    .addOption(logLevelOption)
    .action(cleanup);
}

async function run(flags: Flags): Promise<void> {
  const { NodeAgent } = await import('../agent/agent.ts');
  const { parseAgentOptions } = await import('../agent/options.ts');
  const logger = createLogger(flags.logLevel, 'agent');
  const agent = new NodeAgent(parseAgentOptions(flags), version(), logger);
  surviveExceptions(process, { logger, onException: () => agent.countException(), exit: process.exit });
  const stop = untilSignal();
  await agent.start();
  const signal = await stop;
  logger.info({ signal }, 'Was asked to stop; the kernel keeps its rules');
  await agent.stop();
}

async function cleanup(flags: { readonly logLevel: string }): Promise<void> {
  const { cleanUpNode } = await import('../agent/kernel/cleanup.ts');
  await cleanUpNode(createLogger(flags.logLevel, 'agent'));
}

function collect(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, value];
}
