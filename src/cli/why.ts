import { Command, Option } from 'commander';
import { FairleadError } from '../model/errors.ts';
import type { Protocol } from '../model/service.ts';
import { readConfiguration, readModel } from './input.ts';

interface Flags {
  readonly file: readonly string[];
  readonly from: string;
  readonly to: string;
  readonly protocol?: Protocol;
  readonly node?: string;
  readonly podCidr?: readonly string[];
  readonly envoyAway?: true;
  readonly config?: string;
  readonly output: 'text' | 'json';
}

export function whyCommand(): Command {
  return new Command('why')
    .description('explain what becomes of a new connection: its path, the rules that decide, its endpoints')
    .requiredOption('-f, --file <path...>', 'manifests: files, directories, or - for standard input')
    .requiredOption('--from <client>', 'a pod (NAMESPACE/NAME), a node, or an address')
    .requiredOption('--to <target>', '[NAMESPACE/]SERVICE[:PORT], the port by number or name, or ADDRESS:PORT')
    .addOption(new Option('--protocol <name>', "default: that of the Service's port").choices(['TCP', 'UDP', 'SCTP']))
    .option('--node <name>', 'at which node it arrives, where neither the client nor the address says it')
    .option('--pod-cidr <cidr...>', "addresses of the node's pods (default: those of the Node object)")
    .option('--envoy-away', "as while the node's Envoy cannot be used")
    .option('--config <file>', "the controller's configuration file")
    .addOption(new Option('-o, --output <format>', 'how to print it').choices(['text', 'json']).default('text'))
    .action(run);
}

async function run({ file, config, output, podCidr, envoyAway, ...question }: Flags): Promise<void> {
  const { explain } = await import('../why/explain.ts');
  const { answerText } = await import('../why/answer-text.ts');
  const { settings, ignoredKinds } = await readConfiguration(config);
  // Without policies nothing follows from pods but their addresses.
  const { model, complete } = await readModel(file, new Set([...ignoredKinds].filter((kind) => kind !== 'Pod')));
  const pods = podCidr === undefined ? {} : { podCidrs: podCidr };
  const answer = explain(model, question, { settings, ...pods, isEnvoyAway: envoyAway === true });
  console.log(output === 'json' ? JSON.stringify(answer, null, 2) : answerText(answer));
  if (!complete) {
    throw new FairleadError('MANIFESTS_UNREADABLE', '--file: some of the input could not be read, as reported above');
  }
}
