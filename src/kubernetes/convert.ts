import type { Conversion } from './conversion.ts';
import { FieldReader, isObject } from './field-reader.ts';
import { type KubernetesKind, kindNamed } from './kinds.ts';
import { clip, ProblemList, quote } from './problem-list.ts';

export type { Conversion } from './conversion.ts';

/**
 * What one Kubernetes object means for the model, of any kind in the table of kinds. Never throws: what is wrong is told with the field's path and left out, and everything else is kept. `update.value` is
 * undefined for an object that must not be served (Service contract §1.1), so that a change of its labels removes it.
 */
export function convertObject(object: unknown): Conversion {
  if (!isObject(object)) return failure('object', '', `is ${quote(object)}, not an object; it is left out`);
  const { kind, apiVersion } = object;
  if (typeof kind !== 'string' || typeof apiVersion !== 'string') {
    const field = typeof kind === 'string' ? 'apiVersion' : 'kind';
    return failure(labelOf(object), field, 'is missing or not a string; the object is left out');
  }
  const known = kindNamed(kind);
  if (known === undefined || !sameGroup(known.apiVersion, apiVersion)) return { update: undefined, problems: [] };
  if (known.apiVersion !== apiVersion) {
    const reason = `is ${quote(apiVersion)}, only ${known.apiVersion} is read; the object is left out`;
    return failure(labelOf(object), 'apiVersion', reason);
  }
  return convertAs(known, object);
}

/** As `convertObject`, of an object whose kind is known. */
export function convertAs(kind: KubernetesKind, object: Readonly<Record<string, unknown>>): Conversion {
  const problems = new ProblemList(labelOf(object));
  return kind.convert(new FieldReader(object, problems), problems);
}

/** Kinds of other groups may have the same name (Knative's Service), and are none of ours. */
function sameGroup(a: string, b: string): boolean {
  return groupOf(a) === groupOf(b);
}

function groupOf(apiVersion: string): string {
  return apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';
}

function failure(object: string, field: string, reason: string): Conversion {
  return { update: undefined, problems: [{ object, field, reason }] };
}

/** `Service default/web`, as far as the object says. */
function labelOf(object: Readonly<Record<string, unknown>>): string {
  const metadata = isObject(object['metadata']) ? object['metadata'] : {};
  const kind = typeof object['kind'] === 'string' ? object['kind'] : 'object';
  const name = typeof metadata['name'] === 'string' ? metadata['name'] : '(without a name)';
  const namespace = typeof metadata['namespace'] === 'string' ? metadata['namespace'] : 'default';
  return `${clip(kind)} ${kindNamed(kind)?.scope === 'Cluster' ? '' : `${clip(namespace)}/`}${clip(name)}`;
}
