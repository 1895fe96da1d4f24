import type { ObjectRef } from '../model/problem.ts';
import type { ProblemCode } from '../model/problem-codes.ts';
import type { Conversion } from './conversion.ts';
import { FieldReader, isObject } from './field-reader.ts';
import { groupOf, type KubernetesKind, kindsNamed } from './kinds.ts';
import { clip, ProblemList, quote } from './problem-list.ts';

export type { Conversion } from './conversion.ts';

/**
 * What one Kubernetes object means for the model, of any kind in the table of kinds. Never throws: what is wrong is reported with the field's path
 * and left out, and everything else is kept. `update.value` is
 * undefined for an object that must not be served (Service contract §1.1), so that a change of its labels removes it.
 */
export function convertObject(object: unknown): Conversion {
  if (!isObject(object))
    return failure(unknownRef, '', 'InvalidValue', `is ${quote(object)}, not an object; it is left out`);
  const { kind, apiVersion } = object;
  if (typeof kind !== 'string' || typeof apiVersion !== 'string') {
    const field = typeof kind === 'string' ? 'apiVersion' : 'kind';
    return failure(refOf(object), field, 'MissingValue', 'is missing or not a string; the object is left out');
  }
  // Kinds of other groups may have the same name (Knative's Service), and are not read.
  const known = kindsNamed(kind).find((one) => groupOf(one.apiVersion) === groupOf(apiVersion));
  if (known === undefined) return { update: undefined, problems: [] };
  if (known.apiVersion !== apiVersion) {
    const message = `is ${quote(apiVersion)}, only ${known.apiVersion} is read; the object is left out`;
    return failure(refOf(object), 'apiVersion', 'UnsupportedVersion', message);
  }
  return convertAs(known, object);
}

/** As `convertObject`, of an object whose kind is known. */
export function convertAs(kind: KubernetesKind, object: Readonly<Record<string, unknown>>): Conversion {
  const problems = new ProblemList(refOf(object));
  return kind.convert(new FieldReader(object, problems), problems);
}

function failure(object: ObjectRef, field: string, code: ProblemCode, message: string): Conversion {
  return { update: undefined, problems: [{ object, field, code, message }] };
}

const unknownRef: ObjectRef = { kind: 'object', namespace: '', name: '(without a name)' };

/** What an object says of itself, as far as it can be read. */
function refOf(object: Readonly<Record<string, unknown>>): ObjectRef {
  const metadata = isObject(object['metadata']) ? object['metadata'] : {};
  const { uid, generation } = metadata;
  const kind = textOf(object['kind']) ?? unknownRef.kind;
  return {
    kind,
    namespace: kindsNamed(kind)[0]?.scope === 'Cluster' ? '' : (textOf(metadata['namespace']) ?? 'default'),
    name: textOf(metadata['name']) ?? unknownRef.name,
    ...(typeof uid === 'string' ? { uid: clip(uid) } : {}),
    ...(Number.isInteger(generation) ? { generation: Number(generation) } : {}),
  };
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? clip(value) : undefined;
}
