import { keyOf } from '../model/address.ts';
import type { LabelRequirement, LabelSelector } from '../model/network-policy/label-selector.ts';
import type { NetworkPolicy } from '../model/network-policy/network-policy.ts';
import type { Conversion } from './conversion.ts';
import { FieldReader } from './field-reader.ts';
import { type Metadata, readMetadata } from './metadata.ts';
import { type ProblemList, quote } from './problem-list.ts';

/** Of whoever is selected by mistake the connections take the kernel path, where the policy counts. */
const all = 'every object is selected';
const operators = ['In', 'NotIn', 'Exists', 'DoesNotExist'] as const;

export function convertNetworkPolicy(object: FieldReader, problems: ProblemList): Conversion {
  const metadata = readMetadata(object, problems, 'subdomain');
  if (metadata === undefined) return { update: undefined, problems: problems.toArray() };
  const value = readPolicy(object.object('spec', 'it is treated as empty') ?? new FieldReader({}, problems), metadata);
  return { update: { kind: 'NetworkPolicy', key: keyOf(metadata), value }, problems: problems.toArray() };
}

function readPolicy(spec: FieldReader, { namespace, name }: Metadata): NetworkPolicy {
  const types = spec.strings('policyTypes', 'the default is used');
  return {
    namespace,
    name,
    podSelector: readSelector(spec.object('podSelector', all)),
    ...(types.length === 0
      ? defaultTypes(spec)
      : { ingress: types.includes('Ingress'), egress: types.includes('Egress') }),
  };
}

/** Ingress always, and egress with rules for it (networking/v1 NetworkPolicySpec.policyTypes; the API server writes the same). */
function defaultTypes(spec: FieldReader): Pick<NetworkPolicy, 'ingress' | 'egress'> {
  const egress = spec.raw('egress');
  return { ingress: true, egress: Array.isArray(egress) && egress.length > 0 };
}

/** meta/v1 LabelSelector; absent or empty, it selects every object. */
function readSelector(reader: FieldReader | undefined): LabelSelector {
  if (reader === undefined) return [];
  const labels = reader.object('matchLabels', all);
  const ofLabels = (labels?.keys() ?? []).flatMap((key): readonly LabelRequirement[] => {
    const value = labels?.string(key, 'every value is selected');
    return value === undefined ? [] : [{ key, operator: 'In', values: [value] }];
  });
  return [...ofLabels, ...reader.objects('matchExpressions', all).flatMap(readRequirement)];
}

function readRequirement(reader: FieldReader): readonly LabelRequirement[] {
  const key = reader.string('key', all);
  const operator = reader.choice('operator', operators, all);
  if (key === undefined || operator === undefined) return [];
  if (operator === 'Exists' || operator === 'DoesNotExist') return [{ key, operator }];
  const values = reader.strings('values', all);
  if (values.length > 0) return [{ key, operator, values }];
  reader.report('values', `is ${quote(reader.raw('values'))}, but ${operator} needs one; ${all}`);
  return [];
}
