import type { Node, NodeAddress } from '../model/node.ts';
import type { Conversion } from './conversion.ts';
import type { FieldReader } from './field-reader.ts';
import { canonicalAddress, canonicalCidr } from './ip-address.ts';
import { type Metadata, readMetadata } from './metadata.ts';
import { type ProblemList, quote } from './problem-list.ts';

const zoneLabel = 'topology.kubernetes.io/zone';
/** The autoscaler announces with it that it will remove a node, early enough for load balancers to notice (KEP-3836). */
const leavingTaint = 'ToBeDeletedByClusterAutoscaler';
const leftOut = 'it is left out';
const absent = 'they are treated as absent';

/** Other types are names. */
const addressKinds: ReadonlyMap<string, NodeAddress['kind']> = new Map([
  ['InternalIP', 'Internal'],
  ['ExternalIP', 'External'],
]);

export function convertNode(object: FieldReader, problems: ProblemList): Conversion {
  const metadata = readMetadata(object, problems, 'subdomain');
  if (metadata === undefined) return { update: undefined, problems: problems.toArray() };
  const value = readNode(object, metadata);
  return { update: { kind: 'Node', key: value.name, value }, problems: problems.toArray() };
}

function readNode(object: FieldReader, { name, labels }: Metadata): Node {
  const spec = object.object('spec', 'it is treated as absent');
  return {
    name,
    zone: labels.string(zoneLabel, 'the node is treated as having no zone') ?? '',
    addresses: readAddresses(object),
    podCidrs: spec === undefined ? [] : readPodCidrs(spec),
    isLeaving: isLeaving(object, spec),
  };
}

function readAddresses(object: FieldReader): readonly NodeAddress[] {
  const readers = object.object('status', 'it is treated as absent')?.objects('addresses', absent) ?? [];
  return readers.flatMap((reader) => {
    const kind = addressKinds.get(reader.string('type', leftOut) ?? '');
    const text = kind === undefined ? undefined : reader.string('address', leftOut);
    if (kind === undefined || text === undefined) return [];
    const address = canonicalAddress(text);
    if (address === undefined) reader.report('address', `is ${quote(text)}, not an IP address; ${leftOut}`);
    return address === undefined ? [] : [{ kind, address }];
  });
}

/** `podCIDR` is the first of `podCIDRs`, and alone in old manifests. */
function readPodCidrs(spec: FieldReader): readonly string[] {
  const listed = spec.strings('podCIDRs', absent);
  const single = spec.string('podCIDR', leftOut) ?? '';
  const texts = listed.length > 0 || single === '' ? listed : [single];
  return texts.flatMap((text, index) => {
    const cidr = canonicalCidr(text);
    const path = listed.length > 0 ? `podCIDRs[${index}]` : 'podCIDR';
    if (cidr === undefined) spec.report(path, `is ${quote(text)}, not a CIDR; ${leftOut}`);
    return cidr ?? [];
  });
}

function isLeaving(object: FieldReader, spec: FieldReader | undefined): boolean {
  const metadata = object.object('metadata', absent);
  if (metadata?.raw('deletionTimestamp') !== undefined) return true;
  return spec?.objects('taints', absent).some((taint) => taint.raw('key') === leavingTaint) ?? false;
}
