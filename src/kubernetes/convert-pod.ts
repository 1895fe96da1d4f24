import { keyOf } from '../model/address.ts';
import type { Labels } from '../model/network-policy/label-selector.ts';
import type { Pod } from '../model/network-policy/network-policy.ts';
import type { Conversion } from './conversion.ts';
import type { FieldReader } from './field-reader.ts';
import { canonicalAddress } from './ip-address.ts';
import { type Metadata, readMetadata } from './metadata.ts';
import { type ProblemList, quote } from './problem-list.ts';

const leftOut = 'it is left out';

export function convertPod(object: FieldReader, problems: ProblemList): Conversion {
  const metadata = readMetadata(object, problems, 'subdomain');
  if (metadata === undefined) return { update: undefined, problems: problems.toArray() };
  const value = readPod(object, metadata);
  return { update: { kind: 'Pod', key: keyOf(metadata), value }, problems: problems.toArray() };
}

/** Undefined of pods that no NetworkPolicy concerns: those that share their node's address, and those without one. */
function readPod(object: FieldReader, { namespace, name, labels }: Metadata): Pod | undefined {
  const spec = object.object('spec', 'the pod is left out');
  const status = object.object('status', 'the pod is left out');
  const nodeName = spec?.string('nodeName', 'the pod is left out');
  if (spec === undefined || status === undefined || nodeName === undefined) return undefined;
  if (spec.raw('hostNetwork') === true || hasEnded(status)) return undefined;
  const addresses = readAddresses(status);
  return addresses.length === 0 ? undefined : { namespace, name, nodeName, addresses, labels: readLabels(labels) };
}

/** Its address may be another pod's by now. */
function hasEnded(status: FieldReader): boolean {
  const phase = status.raw('phase');
  return phase === 'Succeeded' || phase === 'Failed';
}

function readAddresses(status: FieldReader): readonly string[] {
  const listed = status.objects('podIPs', 'podIP is used instead').map((one) => one.string('ip', leftOut));
  const texts = listed.length > 0 ? listed : [status.string('podIP', leftOut)];
  return texts.flatMap((text) => {
    if (text === undefined || text === '') return [];
    const address = canonicalAddress(text);
    if (address === undefined) status.report('podIPs', `has ${quote(text)}, not an IP address; ${leftOut}`);
    return address ?? [];
  });
}

/** In order of key, so that equal labels are equal text. */
function readLabels(reader: FieldReader): Labels {
  const entries = reader.keys().flatMap((key): readonly (readonly [string, string])[] => {
    const value = reader.string(key, leftOut);
    return value === undefined ? [] : [[key, value]];
  });
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
