import type { ObjectRef } from '../model/problem.ts';
import { FieldReader } from './field-reader.ts';
import { isDnsLabel, isDnsSubdomain, labelRule, subdomainRule } from './names.ts';
import { type ProblemList, quote } from './problem-list.ts';

export interface Metadata {
  /** `default` when the object names none, as kubectl does. */
  readonly namespace: string;
  readonly name: string;
  /** What problems say of the object, and where its settings come from. */
  readonly ref: ObjectRef;
  readonly labels: FieldReader;
  readonly annotations: FieldReader;
  /** RFC 3339 in UTC and whole seconds, so that text order is time order; empty when unknown. */
  readonly createdAt: string;
}

const leftOut = 'the object is left out';

/** Undefined when the object has no usable name; the problems say why. */
export function readMetadata(
  object: FieldReader,
  problems: ProblemList,
  nameKind: 'label' | 'subdomain',
): Metadata | undefined {
  const metadata = object.object('metadata', leftOut);
  if (metadata === undefined) {
    if (object.raw('metadata') === undefined) object.report('metadata', `is missing; ${leftOut}`, 'MissingValue');
    return undefined;
  }
  const name = readName(metadata, nameKind);
  const namespace = readNamespace(metadata);
  if (name === undefined || namespace === undefined) return undefined;
  const none = new FieldReader({}, problems);
  return {
    namespace,
    name,
    ref: problems.object,
    labels: metadata.object('labels', 'they are treated as absent') ?? none,
    annotations: metadata.object('annotations', 'they are treated as absent') ?? none,
    createdAt: readTime(metadata, 'creationTimestamp'),
  };
}

function readName(metadata: FieldReader, kind: 'label' | 'subdomain'): string | undefined {
  const name = metadata.string('name', leftOut);
  if (name === undefined) {
    if (metadata.raw('name') === undefined) metadata.report('name', `is missing; ${leftOut}`, 'MissingValue');
    return undefined;
  }
  if (kind === 'label' ? isDnsLabel(name) : isDnsSubdomain(name)) return name;
  const rule = kind === 'label' ? labelRule : subdomainRule;
  metadata.report('name', `is ${quote(name)} (${name.length} characters), not ${rule}; ${leftOut}`);
  return undefined;
}

function readNamespace(metadata: FieldReader): string | undefined {
  if (metadata.raw('namespace') === undefined) return 'default';
  const namespace = metadata.string('namespace', leftOut);
  if (namespace === undefined || isDnsLabel(namespace)) return namespace;
  metadata.report('namespace', `is ${quote(namespace)} (${namespace.length} characters), not ${labelRule}; ${leftOut}`);
  return undefined;
}

const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/i;

function readTime(metadata: FieldReader, key: string): string {
  const text = metadata.string(key, 'it is treated as unknown');
  if (text === undefined) return '';
  const time = rfc3339.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(time)) return `${new Date(time).toISOString().slice(0, 19)}Z`;
  metadata.report(key, `is ${quote(text)}, not a time such as 2026-01-31T12:00:00Z; it is treated as unknown`);
  return '';
}
