import { nearest } from '../base/nearest.ts';
import type { AskedSetting, ServicePolicy, SettingName, SettingValues } from '../model/policy.ts';
import type { ObjectRef } from '../model/problem.ts';
import { type Annotation, annotationPrefix, annotations } from './annotation-table.ts';
import type { FieldReader } from './field-reader.ts';
import { quote } from './problem-list.ts';

const known: ReadonlySet<string> = new Set(annotations.map(({ key }) => key));

type Asked = readonly [SettingName, AskedSetting<SettingValues[SettingName]>];

/**
 * The policy that the `fairlead.dev/` annotations of `object` ask for. A value that cannot be read is reported and the
 * default is used; a key that does not exist is reported.
 */
export function readPolicy(reader: FieldReader, object: ObjectRef): ServicePolicy {
  const own = ownKeys(reader);
  if (own.length === 0) return {};
  for (const key of own) reportUnknown(reader, key);
  // In the table's order, so that equal annotations give equal text whatever their order.
  const asked = annotations.flatMap((annotation): readonly Asked[] => {
    const value = readOne(reader, annotation);
    if (value === undefined) return [];
    const origin = { object, field: reader.path(annotationPrefix + annotation.key) };
    return [[annotation.setting, { value, origin }]];
  });
  // The table pairs each setting with a reader of its type; fromEntries forgets that.
  return Object.fromEntries(asked) as ServicePolicy;
}

/** What a Namespace says for its Services. */
export function readNamespacePolicy(reader: FieldReader, object: ObjectRef): Pick<ServicePolicy, 'dataPath'> {
  const path = `${annotationPrefix}data-path`;
  for (const key of ownKeys(reader)) {
    if (key === path) continue;
    if (isKnown(key)) reader.report(key, 'has no effect on a Namespace: it is for Services', 'WithoutEffect');
    else reportUnknown(reader, key);
  }
  const { dataPath } = readPolicy(reader.only([path]), object);
  return dataPath === undefined ? {} : { dataPath };
}

/** Of an object that has no policy: each setting has no effect, for the given reason. */
export function refusePolicy(reader: FieldReader, reason: string): void {
  for (const key of ownKeys(reader)) {
    if (isKnown(key)) reader.report(key, `has no effect: ${reason}`, 'NotProxied');
    else reportUnknown(reader, key);
  }
}

function isKnown(path: string): boolean {
  return known.has(path.slice(annotationPrefix.length));
}

function ownKeys(reader: FieldReader): readonly string[] {
  return reader.keys().filter((key) => key.startsWith(annotationPrefix));
}

function readOne(reader: FieldReader, annotation: Annotation): SettingValues[SettingName] | undefined {
  const { key, expected, fallback, read } = annotation;
  const path = annotationPrefix + key;
  const value = reader.raw(path);
  if (value === undefined) return undefined;
  const instead = `the default (${fallback}) is used`;
  if (typeof value !== 'string') {
    const hint = typeof value === 'object' ? '' : `: write "${String(value)}"`;
    return reader.report(path, `is not a string, as annotations must be${hint}; ${instead}`);
  }
  return read(value.trim()) ?? reader.report(path, `is ${quote(value)}, not ${expected}; ${instead}`);
}

function reportUnknown(reader: FieldReader, path: string): void {
  const key = path.slice(annotationPrefix.length);
  if (known.has(key)) return;
  const guess = nearest(key, [...known]);
  const hint = guess === undefined ? 'docs/annotations.md lists them all' : `did you mean ${annotationPrefix}${guess}?`;
  reader.report(path, `is not an annotation of Fairlead and is ignored; ${hint}`, 'UnknownAnnotation');
}
