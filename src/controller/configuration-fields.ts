import { marksIn } from '../base/marks.ts';
import type { FieldReader } from '../kubernetes/field-reader.ts';
import type { DataPathChoice } from '../model/policy.ts';
import type { IpFamily } from '../model/service.ts';
import type { AccessLogTarget } from '../translate/settings.ts';
import type { LimitName } from '../xds/server/limits.ts';

/** What a configuration file says; docs/configuration.md describes it. */
export interface ControllerFile {
  readonly xdsAddress?: string | undefined;
  readonly adminAddress?: string | undefined;
  readonly insecurePlaintext?: boolean | undefined;
  readonly tracing?: TracingFields | undefined;
  readonly accessLog?: AccessLogTarget | undefined;
  readonly dataPath?: DataPathFields | undefined;
  readonly networkPolicy?: PolicyMeaning | undefined;
  readonly otherNetworkPolicies?: PolicyMeaning | undefined;
  readonly ipFamilies?: readonly IpFamily[] | undefined;
  readonly markMask?: number | undefined;
  readonly limits?: Readonly<Partial<Record<LimitName, number>>>;
  readonly warmUpBytes?: number | undefined;
}

export interface TracingFields {
  /** OTLP over gRPC, HOST:PORT; the host is an IP address, since a node's Envoy must not need cluster DNS. */
  readonly collector: string;
  readonly samplingPercent: number;
}

/**
 * KernelPath: flows that a policy may concern take the kernel path. Ignored: policies are enforced at the pods' interfaces, where
 * those through Envoy are seen, too.
 */
type PolicyMeaning = 'KernelPath' | 'Ignored';

interface DataPathFields {
  readonly http: DataPathChoice | undefined;
  readonly tcp: DataPathChoice | undefined;
}

/** What FieldReader says is done without a value; any mistake in the file is fatal. */
const instead = 'the controller does not start';
const policyMeanings: readonly PolicyMeaning[] = ['KernelPath', 'Ignored'];
const most = Number.MAX_SAFE_INTEGER;

/** Strict: an unknown field is a mistake, too. The result means nothing when there are mistakes. */
export function readConfiguration(reader: FieldReader): ControllerFile {
  required(reader, 'apiVersion', reader.choice('apiVersion', ['config.fairlead.dev/v1alpha1'], instead));
  required(reader, 'kind', reader.choice('kind', ['ControllerConfiguration'], instead));
  const file: ControllerFile = {
    xdsAddress: reader.string('xdsAddress', instead),
    adminAddress: reader.string('adminAddress', instead),
    insecurePlaintext: reader.boolean('insecurePlaintext', instead),
    tracing: tracingOf(reader.object('tracing', instead)),
    accessLog: accessLogOf(reader.object('accessLog', instead)),
    dataPath: dataPathOf(reader.object('dataPath', instead)),
    networkPolicy: reader.choice('networkPolicy', policyMeanings, instead),
    otherNetworkPolicies: reader.choice('otherNetworkPolicies', policyMeanings, instead),
    ipFamilies: familiesOf(reader),
    markMask: markMaskOf(reader),
    limits: limitsOf(reader.object('limits', instead)),
    warmUpBytes: reader.integer('warmUpBytes', 0, most, instead),
  };
  refuseOthers(reader, ['apiVersion', 'kind', ...Object.keys(file)]);
  return file;
}

function tracingOf(reader: FieldReader | undefined): TracingFields | undefined {
  if (reader === undefined) return undefined;
  const collector = required(reader, 'collector', reader.string('collector', instead)) ?? '';
  const samplingPercent = reader.number('samplingPercent', 0, 100, instead) ?? 1;
  refuseOthers(reader, ['collector', 'samplingPercent']);
  return { collector, samplingPercent };
}

function accessLogOf(reader: FieldReader | undefined): AccessLogTarget | undefined {
  if (reader === undefined) return undefined;
  const kind = reader.choice('kind', ['None', 'Stdout', 'File'], instead);
  required(reader, 'kind', kind);
  if (kind === undefined) return undefined;
  refuseOthers(reader, kind === 'File' ? ['kind', 'path'] : ['kind']);
  return kind === 'File' ? { kind, path: pathOf(reader) } : { kind };
}

function pathOf(reader: FieldReader): string {
  const path = required(reader, 'path', reader.string('path', instead)) ?? '/';
  if (!path.startsWith('/')) reader.report('path', 'does not begin with /');
  return path;
}

function dataPathOf(reader: FieldReader | undefined): DataPathFields | undefined {
  if (reader === undefined) return undefined;
  const choices: readonly DataPathChoice[] = ['Envoy', 'Kernel'];
  const http = reader.choice('http', choices, instead);
  const tcp = reader.choice('tcp', choices, instead);
  refuseOthers(reader, ['http', 'tcp']);
  return { http, tcp };
}

function familiesOf(reader: FieldReader): readonly IpFamily[] | undefined {
  if (reader.raw('ipFamilies') === undefined) return undefined;
  const listed = reader.strings('ipFamilies', instead);
  const families = listed.filter((family) => family === 'IPv4' || family === 'IPv6');
  if (families.length === 0 || families.length < listed.length)
    reader.report('ipFamilies', 'is not a list of IPv4, IPv6');
  if (new Set(families).size < families.length) reader.report('ipFamilies', 'names a family twice', 'DuplicateValue');
  return families;
}

function markMaskOf(reader: FieldReader): number | undefined {
  const mask = reader.integer('markMask', 0, most, instead);
  const isMask = mask === undefined || marksIn(mask) !== undefined;
  return isMask ? mask : reader.report('markMask', 'is not two bits next to each other, such as 0x3000');
}

/** As in src/xds/server/limits.ts, which says what each means. */
const counts = [
  'streams',
  'streamsPerPeer',
  'connectionsPerPeer',
  'admissions',
  'admissionsPerPeer',
  'receivingBytes',
  'receivingBytesPerPeer',
  'sendingBytes',
  'sendingBytesPerPeer',
  'namesBytes',
  'namesBytesPerPeer',
  'waitingBytes',
  'namesPerType',
  'requestBytes',
] as const;

/** A week. Node's timers cannot wait for 25 days: they fire at once, and every stream would end as soon as it begins. */
const longestAgeMs = 7 * 24 * 3_600_000;

/** The fields of `limits`. */
export const configurableLimits: readonly string[] = [...counts, 'connectionAgeMs'];

function limitsOf(reader: FieldReader | undefined): NonNullable<ControllerFile['limits']> {
  if (reader === undefined) return {};
  const limits: Partial<Record<LimitName, number>> = {};
  for (const name of counts) {
    const value = reader.integer(name, 1, most, instead);
    if (value !== undefined) limits[name] = value;
  }
  const connectionAgeMs = ageOf(reader);
  refuseOthers(reader, configurableLimits);
  return connectionAgeMs === undefined ? limits : { ...limits, connectionAgeMs };
}

function ageOf(reader: FieldReader): number | undefined {
  const ms = reader.integer('connectionAgeMs', 0, longestAgeMs, instead);
  const isTooShort = ms !== undefined && ms > 0 && ms < 1_000;
  return isTooShort ? reader.report('connectionAgeMs', 'is in milliseconds: 0, or 1000 and more') : ms;
}

function required<T>(reader: FieldReader, key: string, value: T | undefined): T | undefined {
  if (reader.raw(key) === undefined) reader.report(key, 'is missing', 'MissingValue');
  return value;
}

function refuseOthers(reader: FieldReader, known: readonly string[]): void {
  for (const key of reader.keys()) if (!known.includes(key)) reader.report(key, 'is unknown');
}
