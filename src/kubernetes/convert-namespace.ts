import { readNamespacePolicy } from './annotations.ts';
import type { Conversion } from './conversion.ts';
import type { FieldReader } from './field-reader.ts';
import { readMetadata } from './metadata.ts';
import type { ProblemList } from './problem-list.ts';

/** Most namespaces say nothing about their Services: of those nothing is kept. */
export function convertNamespace(object: FieldReader, problems: ProblemList): Conversion {
  const metadata = readMetadata(object, problems, 'label');
  if (metadata === undefined) return { update: undefined, problems: problems.toArray() };
  const { name, annotations, ref } = metadata;
  const policy = readNamespacePolicy(annotations, ref);
  const value = Object.keys(policy).length === 0 ? undefined : { name, policy };
  return { update: { kind: 'Namespace', key: name, value }, problems: problems.toArray() };
}
