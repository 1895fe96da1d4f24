import { isIP } from 'node:net';
import { z } from 'zod';
import { type HostPort, parseHostPort } from '../base/host-port.ts';
import { readYaml } from '../base/yaml-file.ts';
import { FairleadError } from '../model/errors.ts';

const percent = z.number().min(0).max(100);
const count = z.number().int().positive();

const tracing = z.strictObject({
  /** OTLP over gRPC, HOST:PORT; the host is an IP address, since a node's Envoy must not need cluster DNS. */
  collector: z.string(),
  samplingPercent: percent.default(1),
});

const accessLog = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('None') }),
  z.strictObject({ kind: z.literal('Stdout') }),
  z.strictObject({ kind: z.literal('File'), path: z.string().startsWith('/') }),
]);

const path = z.enum(['Envoy', 'Kernel']);

const dataPath = z.strictObject({ http: path.optional(), tcp: path.optional() });

/** A week. Node's timers cannot wait for 25 days: they fire at once, and every stream would end as soon as it begins. */
const longestAgeMs = 7 * 24 * 3_600_000;

/** As in src/xds/server/limits.ts, which says what each means. */
const limits = z.strictObject({
  streams: count.optional(),
  streamsPerPeer: count.optional(),
  connectionsPerPeer: count.optional(),
  admissions: count.optional(),
  admissionsPerPeer: count.optional(),
  receivingBytes: count.optional(),
  receivingBytesPerPeer: count.optional(),
  sendingBytes: count.optional(),
  sendingBytesPerPeer: count.optional(),
  namesBytes: count.optional(),
  namesBytesPerPeer: count.optional(),
  waitingBytes: count.optional(),
  namesPerType: count.optional(),
  requestBytes: count.optional(),
  connectionAgeMs: z
    .number()
    .int()
    .nonnegative()
    .max(longestAgeMs)
    .refine((ms) => ms === 0 || ms >= 1_000, 'is in milliseconds: 0, or 1000 and more')
    .optional(),
});

/** The fields of `limits`. */
export const configurableLimits: readonly string[] = Object.keys(limits.shape);

const schema = z.strictObject({
  apiVersion: z.literal('config.fairlead.dev/v1alpha1'),
  kind: z.literal('ControllerConfiguration'),
  xdsAddress: z.string().optional(),
  adminAddress: z.string().optional(),
  insecurePlaintext: z.boolean().optional(),
  tracing: tracing.optional(),
  accessLog: accessLog.optional(),
  dataPath: dataPath.optional(),
  ipFamilies: z
    .array(z.enum(['IPv4', 'IPv6']))
    .min(1)
    .refine((families) => new Set(families).size === families.length, 'names a family twice')
    .optional(),
  limits: limits.optional(),
  warmUpBytes: z.number().int().nonnegative().optional(),
});

/** The configuration file, as docs/configuration.md describes it. */
export type ControllerFile = z.infer<typeof schema>;

/**
 * Reads a configuration file's text; strict: an unknown field is an error.
 * @throws FairleadError CONFIG_INVALID with every problem, each with file, line and field
 */
export function parseConfiguration(text: string, file: string): ControllerFile {
  const reading = readYaml(text, file);
  if (reading.kind === 'Broken') throw new FairleadError('CONFIG_INVALID', reading.mistakes.join('\n'));
  const { value, where } = reading.file;
  const result = schema.safeParse(value);
  if (!result.success) {
    const mistakes = result.error.issues.flatMap(mistakesOf).map(({ path, reason }) => {
      return `${where(path)}: ${path.join('.') || 'the document'}: ${reason}`;
    });
    throw new FairleadError('CONFIG_INVALID', mistakes.join('\n'));
  }
  if (result.data.tracing !== undefined) parseIpAndPort(result.data.tracing.collector, 'tracing.collector');
  return result.data;
}

interface Mistake {
  readonly path: readonly PropertyKey[];
  readonly reason: string;
}

/** An unknown field is reported by the schema library at the object that holds it, all of them in one issue. */
function mistakesOf(issue: z.core.$ZodIssue): readonly Mistake[] {
  const { path } = issue;
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ path: [...path, key], reason: 'is unknown' }));
  }
  const isMissing = issue.code === 'invalid_type' && issue.message.endsWith('received undefined');
  return [{ path, reason: isMissing ? 'is missing' : issue.message }];
}

/**
 * `HOST:PORT`, `[::1]:PORT` or `:PORT` (all addresses).
 * @throws FairleadError ADDRESS_INVALID that names the field
 */
export function parseAddress(text: string, field: string): HostPort {
  const parsed = parseHostPort(text);
  if (parsed === undefined) throw new FairleadError('ADDRESS_INVALID', `${field}: "${text}" is not HOST:PORT`);
  return { host: parsed.host || '::', port: parsed.port };
}

/** As parseAddress, for addresses that go into Envoy's configuration: the host must be an IP address. */
export function parseIpAndPort(text: string, field: string): HostPort {
  const address = parseAddress(text, field);
  if (isIP(address.host) === 0 || address.port === 0) {
    throw new FairleadError('ADDRESS_INVALID', `${field}: "${text}" is not IP:PORT`);
  }
  return address;
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}
