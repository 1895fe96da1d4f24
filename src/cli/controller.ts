import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { FairleadError } from '../model/errors.ts';
import { surviveExceptions } from './exceptions.ts';
import { createLogger, logLevelOption } from './logger.ts';
import { untilSignal } from './support.ts';

interface Flags {
  readonly manifests?: string;
  readonly kubeconfig?: string;
  readonly inCluster?: true;
  readonly config?: string;
  readonly xdsAddress?: string;
  readonly adminAddress?: string;
  readonly insecurePlaintext?: true;
  readonly logLevel: string;
}

export function controllerCommand(): Command {
  return new Command('controller')
    .description('watch Services and serve their Envoy configuration over ADS')
    .option('--manifests <dir>', 'read Kubernetes manifests from this directory, and watch it')
    .option('--kubeconfig <file>', 'watch the API server of this kubeconfig')
    .option('--in-cluster', "watch the API server with the pod's service account")
    .option('--config <file>', 'configuration file (docs/configuration.md); flags take precedence over it')
    .option('--xds-address <host:port>', 'where ADS is served (default: 127.0.0.1:18000)')
    .option('--admin-address <host:port>', 'where health, metrics and dumps are served (default: 127.0.0.1:18001)')
    .option('--insecure-plaintext', 'serve ADS without TLS on an address that is not loopback')
    .addOption(logLevelOption)
    .action(run);
}

async function run(flags: Flags): Promise<void> {
  const { Controller } = await import('../controller/controller.ts');
  const { parseConfiguration } = await import('../controller/configuration.ts');
  const file = flags.config === undefined ? undefined : parseConfiguration(readText(flags.config), flags.config);
  const logger = createLogger(flags.logLevel, 'controller');
  const controller = await Controller.create({ ...flags, file, logger });
  const onException = () => controller.metrics.exceptions.inc();
  surviveExceptions(process, { logger, onException, exit: process.exit });
  const stop = untilSignal();
  // An API server that does not answer delays the start without limit; a signal must not wait for it.
  await Promise.race([controller.start(), stop]);
  const signal = await stop;
  logger.info({ signal }, 'Was asked to stop');
  await controller.stop();
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new FairleadError('CONFIG_UNREADABLE', `--config: ${(error as Error).message}`, { cause: error });
  }
}
