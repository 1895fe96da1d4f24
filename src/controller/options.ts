import type { Logger } from 'pino';
import type { HostPort } from '../base/host-port.ts';
import { defaultMarkMask, defaultMarks, marksIn } from '../base/marks.ts';
import { FairleadError } from '../model/errors.ts';
import type { KindName } from '../model/model.ts';
import { defaultSettings, type TranslateSettings } from '../translate/settings.ts';
import type { Limits } from '../xds/server/limits.ts';
import { isLoopback, parseAddress, parseIpAndPort } from './configuration.ts';
import type { ControllerFile, TracingFields } from './configuration-fields.ts';

/** What the command line and the configuration file say. */
export interface ControllerInput {
  readonly manifests?: string;
  readonly kubeconfig?: string;
  readonly inCluster?: boolean;
  readonly xdsAddress?: string;
  readonly adminAddress?: string;
  readonly insecurePlaintext?: boolean;
  readonly file: ControllerFile | undefined;
  readonly logger: Logger;
}

export type SourceChoice =
  | { readonly kind: 'Manifests'; readonly directory: string }
  | { readonly kind: 'Kubeconfig'; readonly path: string }
  | { readonly kind: 'InCluster' };

/** The effective options: flags before the file, the file before the defaults. */
export interface ControllerOptions {
  readonly source: SourceChoice;
  readonly xds: HostPort;
  readonly admin: HostPort;
  readonly settings: TranslateSettings;
  /** Kinds of the model that the settings give no meaning. */
  readonly ignoredKinds: ReadonlySet<KindName>;
  readonly limits: Partial<Limits>;
  /** Encoded resources that are built before the first client comes; see warm-up.ts. */
  readonly warmUpBytes: number;
}

/** @throws FairleadError SOURCE_MISSING, SOURCE_AMBIGUOUS, ADDRESS_INVALID, PLAINTEXT_OFF_LOOPBACK */
export function resolveOptions(input: ControllerInput): ControllerOptions {
  const { file } = input;
  const xds = addressOf(input, 'xdsAddress');
  const plaintextAllowed = input.insecurePlaintext ?? file?.insecurePlaintext ?? false;
  if (!plaintextAllowed && !isLoopback(xds.host)) {
    throw new FairleadError(
      'PLAINTEXT_OFF_LOOPBACK',
      `xdsAddress: ${xds.host} is not a loopback address and there is no TLS yet`,
    );
  }
  return {
    source: chooseSource(input),
    xds,
    admin: addressOf(input, 'adminAddress'),
    settings: settingsOf(file),
    ignoredKinds: ignoredKindsOf(file),
    limits: file?.limits ?? {},
    warmUpBytes: file?.warmUpBytes ?? defaultWarmUpBytes,
  };
}

const addresses = {
  xdsAddress: { flag: '--xds-address', byDefault: '127.0.0.1:18000' },
  adminAddress: { flag: '--admin-address', byDefault: '127.0.0.1:18001' },
} as const;

/** A mistake is named by the flag or the field that it was made in. */
function addressOf(input: ControllerInput, field: keyof typeof addresses): HostPort {
  const { flag, byDefault } = addresses[field];
  const given = input[field];
  return given === undefined ? parseAddress(input.file?.[field] ?? byDefault, field) : parseAddress(given, flag);
}

/** The views and scopes of 100,000 Services; they take twice as much memory. */
const defaultWarmUpBytes = 64 * 1024 * 1024;

const flagOf = { Manifests: '--manifests', Kubeconfig: '--kubeconfig', InCluster: '--in-cluster' } as const;

function chooseSource({ manifests, kubeconfig, inCluster }: ControllerInput): SourceChoice {
  const choices: SourceChoice[] = [];
  if (manifests !== undefined) choices.push({ kind: 'Manifests', directory: manifests });
  if (kubeconfig !== undefined) choices.push({ kind: 'Kubeconfig', path: kubeconfig });
  if (inCluster === true) choices.push({ kind: 'InCluster' });
  const [choice] = choices;
  if (choice === undefined) throw new FairleadError('SOURCE_MISSING', 'No source of Services was given');
  if (choices.length > 1) {
    throw new FairleadError(
      'SOURCE_AMBIGUOUS',
      `Sources exclude each other: ${choices.map(({ kind }) => flagOf[kind]).join(', ')}`,
    );
  }
  return choice;
}

/** Without any policies, pods are of no use. */
export function ignoredKindsOf(file: ControllerFile | undefined): ReadonlySet<KindName> {
  const networkPolicy = file?.networkPolicy ?? 'KernelPath';
  const others = file?.otherNetworkPolicies ?? networkPolicy;
  const ignored: KindName[] = [];
  if (networkPolicy === 'Ignored') ignored.push('NetworkPolicy');
  if (others === 'Ignored') ignored.push('OtherPolicy');
  return new Set(ignored.length === 2 ? [...ignored, 'Pod'] : ignored);
}

export function settingsOf(file: ControllerFile | undefined): TranslateSettings {
  const tracing = file?.tracing;
  return {
    ...defaultSettings,
    ...(file?.ipFamilies === undefined ? {} : { families: file.ipFamilies }),
    upstreamMark: (marksIn(file?.markMask ?? defaultMarkMask) ?? defaultMarks).upstream,
    ...(file?.accessLog === undefined ? {} : { accessLog: file.accessLog }),
    ...(tracing === undefined ? {} : { tracing: tracingOf(tracing) }),
    dataPath: {
      http: file?.dataPath?.http ?? defaultSettings.dataPath.http,
      tcp: file?.dataPath?.tcp ?? defaultSettings.dataPath.tcp,
    },
  };
}

function tracingOf({ collector, samplingPercent }: TracingFields): TranslateSettings['tracing'] {
  const { host, port } = parseIpAndPort(collector, 'tracing.collector');
  return { collector: { address: host, port }, samplingPercent };
}
