import { readFileSync, writeFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import { fieldAt, fieldPaths } from '../agent/config/fields.ts';
import { type Flags, ignoredFlags, refusedFlags } from '../agent/config/flags.ts';
import type { AgentOptions } from '../agent/config/options.ts';
import { FairleadError } from '../model/errors.ts';
import { surviveExceptions } from './exceptions.ts';
import { createLogger, logLevelOption } from './logger.ts';
import { untilSignal, version } from './support.ts';

/** As commander gives them: names in camel case, and every value in a list (see collect). */
interface CommandFlags {
  readonly config?: readonly string[];
  readonly writeConfigTo?: readonly string[];
  readonly logLevel: string;
}

export function agentCommand(): Command {
  const command = new Command('agent')
    .description("program this node's kernel, write Envoy's bootstrap and watch over Envoy; needs root and nftables")
    .option('--config <file>', 'read an AgentConfiguration; flags take precedence over it', collect)
    .option('--write-config-to <file>', 'write the effective configuration to this file, and end', collect);
  for (const option of agentFlags()) command.addOption(option);
  return command.addOption(logLevelOption).action(run).addCommand(initCommand()).addCommand(cleanupCommand());
}

/** Of every field, and, hidden, their aliases and kube-proxy's other flags: those are answered with what to use instead. */
function agentFlags(): readonly Option[] {
  const flags = fieldPaths.flatMap((path) => {
    const { flag, about, env, default: byDefault, type } = fieldAt(path);
    if (flag === undefined) return [];
    const value = flag.argument ?? '[true|false]';
    const written = byDefault === undefined ? '' : String(type.write(byDefault as never));
    const known = written === '' ? '' : ` (default: ${written})`;
    const note = env === undefined ? known : ` (default: $${env})`;
    const aliases = (flag.aliases ?? []).map((alias) => new Option(`--${alias} ${value}`).hideHelp());
    return [new Option(`--${flag.name} ${value}`, `${about}${flag.argument === undefined ? '' : note}`), ...aliases];
  });
  const others = [...Object.keys(ignoredFlags), ...Object.keys(refusedFlags)];
  const hidden = others.map((name) => new Option(name === 'v' ? '-v, --v <value>' : `--${name} [value]`).hideHelp());
  return [...flags, ...hidden].map((option) => option.argParser(collect));
}

/** The flags are those of the agent, which takes them wherever they stand: an init container can have the same ones. */
function initCommand(): Command {
  return new Command('init')
    .description(
      "make the kernel's settings that the agent needs, as it would itself if it may, and end; takes its flags",
    )
    .action(async (_flags: unknown, self: Command) => {
      const agent = self.parent ?? self;
      const flags = agent.opts<CommandFlags>();
      const { initializeNode } = await import('../agent/agent.ts');
      await initializeNode(await optionsOf(flags, agent), createLogger(flags.logLevel, 'agent'));
    });
}

function cleanupCommand(): Command {
  return new Command('cleanup')
    .description("remove the agent's tables, rules and routes from the kernel")
    .addOption(logLevelOption)
    .action(cleanup);
}

async function run(flags: CommandFlags, command: Command): Promise<void> {
  const options = await optionsOf(flags, command);
  const target = flags.writeConfigTo?.at(-1);
  if (target !== undefined) return writeConfiguration(target, options);
  const { NodeAgent } = await import('../agent/agent.ts');
  const logger = createLogger(flags.logLevel, 'agent');
  for (const warning of options.warnings) logger.warn({ warning }, 'Ignored a flag');
  const agent = new NodeAgent(options, version(), logger);
  surviveExceptions(process, { logger, onException: () => agent.countException(), exit: process.exit });
  const stop = untilSignal();
  await agent.start();
  const signal = await stop;
  logger.info({ signal }, 'Was asked to stop; the kernel keeps its rules');
  await agent.stop();
}

async function optionsOf({ config }: CommandFlags, command: Command): Promise<AgentOptions> {
  const { resolveOptions } = await import('../agent/config/options.ts');
  const name = config?.at(-1);
  const flags = typedFlags(command);
  if (name === undefined) return resolveOptions({ flags, env: process.env });
  // The parser of YAML takes memory, which an agent without a file need not pay for.
  const { readConfiguration } = await import('../agent/config/configuration-file.ts');
  return resolveOptions({ flags, env: process.env, file: readConfiguration(readFile(name), name) });
}

/** Those that were typed, by the names with which they were. */
function typedFlags(command: Command): Flags {
  const own = new Set(['config', 'writeConfigTo', 'logLevel']);
  const typed = command.options.flatMap((option): [string, readonly string[]][] => {
    const key = option.attributeName();
    const value: unknown = command.getOptionValue(key);
    if (own.has(key) || value === undefined) return [];
    return [[option.name(), Array.isArray(value) ? value.map(String) : ['true']]];
  });
  return Object.fromEntries(typed);
}

async function writeConfiguration(file: string, { values }: AgentOptions): Promise<void> {
  const { configurationText } = await import('../agent/config/write-configuration.ts');
  try {
    writeFileSync(file, configurationText(values));
  } catch (error) {
    throw new FairleadError('INPUT_INVALID', `--write-config-to: ${(error as Error).message}`, { cause: error });
  }
}

async function cleanup(flags: { readonly logLevel: string }): Promise<void> {
  const { cleanUpNode } = await import('../agent/kernel/cleanup.ts');
  await cleanUpNode(createLogger(flags.logLevel, 'agent'));
}

export function convertConfigCommand(): Command {
  return new Command('convert-config')
    .description('print the AgentConfiguration that says the same as a KubeProxyConfiguration')
    .argument('<file>', 'KubeProxyConfiguration, such as config.conf in the ConfigMap kube-proxy of kubeadm')
    .action(async (file: string) => {
      const { convertKubeProxy } = await import('../agent/config/convert-kube-proxy.ts');
      const { text, warnings } = convertKubeProxy(readFile(file), file);
      for (const warning of warnings) process.stderr.write(`${warning}\n`);
      process.stdout.write(text);
    });
}

function readFile(name: string): string {
  try {
    return readFileSync(name, 'utf8');
  } catch (error) {
    throw new FairleadError('CONFIG_UNREADABLE', `${name} could not be read: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

function collect(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, value];
}
