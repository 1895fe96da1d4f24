import type { Conversion } from './conversion.ts';
import type { FieldReader } from './field-reader.ts';
import { canonicalCidr } from './ip-address.ts';
import { readMetadata } from './metadata.ts';
import { type ProblemList, quote } from './problem-list.ts';

export function convertServiceCidr(object: FieldReader, problems: ProblemList): Conversion {
  const metadata = readMetadata(object, problems, 'subdomain');
  if (metadata === undefined) return { update: undefined, problems: problems.toArray() };
  const { name } = metadata;
  const update = { kind: 'ServiceCIDR', key: name, value: { name, cidrs: readCidrs(object) } } as const;
  return { update, problems: problems.toArray() };
}

function readCidrs(object: FieldReader): readonly string[] {
  const spec = object.object('spec', 'the object has no ranges');
  const texts = spec?.strings('cidrs', 'they are treated as absent') ?? [];
  return texts.flatMap((text, index) => {
    const cidr = canonicalCidr(text);
    if (cidr === undefined) spec?.report(`cidrs[${index}]`, `is ${quote(text)}, not a CIDR; it is left out`);
    return cidr ?? [];
  });
}
