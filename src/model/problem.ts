import type { ProblemCode } from './problem-codes.ts';

/** What a problem is about. Namespace and name are empty where there is none: cluster-scoped, or not told. */
export interface ObjectRef {
  /** Kubernetes' name of the kind, or `File` (its path is the name), or `Watch` (of the plural name). */
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid?: string;
  /** Of the spec that the problem was found in, for `observedGeneration`. */
  readonly generation?: number;
}

/** Something wrong with an input that was left out or defaulted; everything else continues. */
export interface Problem {
  readonly object: ObjectRef;
  /** Path in the object, such as `spec.ports[1].port` or `metadata.annotations[fairlead.dev/retries]`; may be empty. */
  readonly field: string;
  readonly code: ProblemCode;
  /** What is wrong and what is done instead; a sentence without the full stop. */
  readonly message: string;
  /** `file:line` where the object was read from a manifest. */
  readonly origin?: string;
}

/** A file or directory of manifests, where no object could be made out. */
export function fileRef(path: string): ObjectRef {
  return { kind: 'File', namespace: '', name: path };
}

export function formatProblem({ object, field, message, origin }: Problem): string {
  const subject = [formatObject(object), field].filter((part) => part !== '').join(' ');
  // The origin of what is wrong with a whole file begins with its name.
  const parts = object.kind === 'File' && origin !== undefined ? [origin, field] : [origin ?? '', subject];
  return [...parts, message].filter((part) => part !== '').join(': ');
}

/** `Service default/web`, `Node node-1`; of a file its path. */
export function formatObject({ kind, namespace, name }: ObjectRef): string {
  if (kind === 'File') return name;
  return `${kind} ${namespace === '' ? '' : `${namespace}/`}${name}`;
}
