import { keyOf } from '../model/address.ts';
import type { Conversion } from './conversion.ts';
import type { FieldReader } from './field-reader.ts';
import { readMetadata } from './metadata.ts';
import type { ProblemList } from './problem-list.ts';

/** Reads no more than where a policy is. `prefix` tells objects of several kinds apart. */
export function otherPolicyConverter(prefix: string, scope: 'Namespaced' | 'Cluster') {
  return (object: FieldReader, problems: ProblemList): Conversion => {
    const metadata = readMetadata(object, problems, 'subdomain');
    if (metadata === undefined) return { update: undefined, problems: problems.toArray() };
    const namespace = scope === 'Cluster' ? undefined : metadata.namespace;
    const key = `${prefix}${namespace === undefined ? metadata.name : keyOf(metadata)}`;
    return { update: { kind: 'OtherPolicy', key, value: { namespace } }, problems: problems.toArray() };
  };
}
