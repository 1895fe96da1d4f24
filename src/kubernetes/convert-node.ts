import type { Conversion } from './conversion.ts';
import type { FieldReader } from './field-reader.ts';
import { readMetadata } from './metadata.ts';
import type { ProblemList } from './problem-list.ts';

const zoneLabel = 'topology.kubernetes.io/zone';

export function convertNode(object: FieldReader, problems: ProblemList): Conversion {
  const metadata = readMetadata(object, problems, 'subdomain');
  if (metadata === undefined) return { update: undefined, problems: problems.toArray() };
  const { name, labels } = metadata;
  const zone = labels.string(zoneLabel, 'the node is taken to be in no zone') ?? '';
  return { update: { kind: 'Node', key: name, value: { name, zone } }, problems: problems.toArray() };
}
