import type { Conversion } from './conversion.ts';
import { convertEndpointSlice } from './convert-endpoint-slice.ts';
import { convertNode } from './convert-node.ts';
import { convertService } from './convert-service.ts';
import { FieldReader, isObject } from './field-reader.ts';
import { clip, ProblemList, quote } from './problem-list.ts';

export type { Conversion } from './conversion.ts';

type Converter = (object: FieldReader, problems: ProblemList) => Conversion;

interface Kind {
  readonly apiVersion: string;
  readonly convert: Converter;
}

const kinds: ReadonlyMap<string, Kind> = new Map([
  ['Service', { apiVersion: 'v1', convert: convertService }],
  ['EndpointSlice', { apiVersion: 'discovery.k8s.io/v1', convert: convertEndpointSlice }],
  ['Node', { apiVersion: 'v1', convert: convertNode }],
]);

/**
 * What one Kubernetes object means for the model: v1 Service, discovery.k8s.io/v1 EndpointSlice and v1 Node. Never
 * throws: what is wrong is told with the field's path and left out, and everything else is kept. `update.value` is
 * undefined for an object that must not be served (Service contract §1.1), so that a change of its labels removes it.
 */
export function convertObject(object: unknown): Conversion {
  if (!isObject(object)) return failure('object', '', `is ${quote(object)}, not an object; it is left out`);
  const { kind, apiVersion } = object;
  if (typeof kind !== 'string' || typeof apiVersion !== 'string') {
    const field = typeof kind === 'string' ? 'apiVersion' : 'kind';
    return failure(labelOf(object), field, 'is missing or not a string; the object is left out');
  }
  const known = kinds.get(kind);
  if (known === undefined || !sameGroup(known.apiVersion, apiVersion)) return { update: undefined, problems: [] };
  if (known.apiVersion !== apiVersion) {
    const reason = `is ${quote(apiVersion)}, only ${known.apiVersion} is read; the object is left out`;
    return failure(labelOf(object), 'apiVersion', reason);
  }
  const problems = new ProblemList(labelOf(object));
  return known.convert(new FieldReader(object, problems), problems);
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
  return `${clip(kind)} ${kind === 'Node' ? '' : `${clip(namespace)}/`}${clip(name)}`;
}
