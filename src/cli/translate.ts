import { Command, Option } from 'commander';
import { FairleadError } from '../model/errors.ts';
import type { Model } from '../model/model.ts';
import type { ClientView } from '../resources/resource-entry.ts';
import { readConfiguration, readModel } from './input.ts';
import type { TranslationJson } from './translation-json.ts';

interface Flags {
  readonly file: readonly string[];
  readonly node?: string;
  readonly zone?: string;
  readonly config?: string;
  readonly output: 'yaml' | 'json';
  readonly validate?: true;
  readonly envoy?: string;
}

export function translateCommand(): Command {
  return new Command('translate')
    .description('print what manifests translate to: the resources of Envoy, of gRPC clients and of the agents')
    .requiredOption(
      '-f, --file <path...>',
      'manifests: files, directories, or - for standard input; up to 256 MiB each',
    )
    .option('--node <name>', 'as the clients of this node see it')
    .option('--zone <name>', "as the clients of this zone see it (default: that of the node's object)")
    .option(
      '--config <file>',
      "the controller's configuration file, for tracing, access log, IP families, paths and policies",
    )
    .addOption(new Option('-o, --output <format>', 'how to print it').choices(['yaml', 'json']).default('yaml'))
    .option('--validate', 'have the real Envoy check it all')
    .option('--envoy <path>', 'the Envoy to check with (default: the one of scripts/setup.sh, else that of the PATH)')
    .action(run);
}

async function run(flags: Flags): Promise<void> {
  const { translate } = await import('../translate/translate.ts');
  const { translationToJson } = await import('./translation-json.ts');
  const { settings, ignoredKinds } = await readConfiguration(flags.config);
  const { model, complete } = await readModel(flags.file, ignoredKinds);
  for (const remark of remarksOn(flags, model)) console.error(remark);
  const translation = translationToJson(translate(model, clientOf(flags, model), settings));
  for (const warning of translation.warnings) console.error(warning);
  await print(translation, flags.output);
  if (flags.validate === true) await validate(flags, translation);
  if (!complete) {
    throw new FairleadError('MANIFESTS_UNREADABLE', '--file: some of the input could not be read, as reported above');
  }
}

async function validate(flags: Flags, translation: TranslationJson): Promise<void> {
  const { envoyPath, validateBootstrap } = await import('./envoy-validate.ts');
  const { staticBootstrap } = await import('./static-bootstrap.ts');
  const envoy = envoyPath(flags.envoy);
  await validateBootstrap(envoy, staticBootstrap(translation));
  console.error(`${envoy} accepts it`);
}

function clientOf({ node = '', zone }: Flags, model: Model): ClientView {
  return { nodeName: node, zone: zone ?? model.nodes.get(node)?.zone ?? '' };
}

/** A misspelled node gets what a node without endpoints and zone would get, which is no error. */
function remarksOn({ node }: Flags, { nodes }: Model): readonly string[] {
  if (node === undefined || nodes.size === 0 || nodes.has(node)) return [];
  return [`--node: no Node "${node}" is among the manifests, so its zone and its pods' addresses are unknown`];
}

async function print(value: object, format: Flags['output']): Promise<void> {
  if (format === 'json') return console.log(JSON.stringify(value, null, 2));
  const { stringify } = await import('yaml');
  process.stdout.write(stringify(value, { lineWidth: 0, aliasDuplicateObjects: false }));
}
