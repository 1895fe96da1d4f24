import type { IpFamily } from '../model/service.ts';
import type { EndpointSet } from '../protos/generated/types/fairlead/node/v1/EndpointSet.ts';
import { bytesOf } from './address-bytes.ts';
import type { Selection, Verdict } from './endpoint-selection/port-endpoints.ts';

/** What is selected for one family. */
export interface FamilySelection {
  readonly family: IpFamily;
  readonly selection: Selection;
}

const verdicts = { Forward: 'FORWARD', Reject: 'REJECT', Drop: 'DROP' } as const satisfies Record<
  Verdict,
  EndpointSet['verdict']
>;

const families = { IPv4: 'IPV4', IPv6: 'IPV6' } as const satisfies Record<IpFamily, EndpointSet['family']>;

/** Selections that are the same for all nodes are made into messages once. */
const messages = new WeakMap<Selection, EndpointSet>();

/** The endpoint sets of one view, in the order in which they are referred to; equal ones are one. */
export class EndpointSets {
  readonly #sets: FamilySelection[] = [];

  get messages(): EndpointSet[] {
    return this.#sets.map(messageOf);
  }

  indexOf(set: FamilySelection): number {
    const index = this.#sets.findIndex((known) => isSame(known, set));
    return index >= 0 ? index : this.#sets.push(set) - 1;
  }
}

function isSame(a: FamilySelection, b: FamilySelection): boolean {
  if (a.selection === b.selection) return true;
  const { verdict, endpoints } = a.selection;
  const others = b.selection.endpoints;
  if (a.family !== b.family || verdict !== b.selection.verdict || endpoints.length !== others.length) return false;
  return endpoints.every(({ endpoint, port }, index) => {
    const other = others[index];
    return other?.endpoint === endpoint && other.port === port;
  });
}

function messageOf({ family, selection }: FamilySelection): EndpointSet {
  const message = messages.get(selection) ?? newMessage(family, selection);
  messages.set(selection, message);
  return message;
}

function newMessage(family: IpFamily, { verdict, endpoints }: Selection): EndpointSet {
  const ports = endpoints.map(({ port }) => port);
  const distinct = new Set(ports);
  const addresses = endpoints.flatMap(({ endpoint }) => [...bytesOf(endpoint.address)]);
  return {
    family: families[family],
    verdict: verdicts[verdict],
    ...(addresses.length === 0 ? {} : { addresses: Uint8Array.from(addresses) }),
    ports: distinct.size > 1 ? ports : [...distinct],
  };
}
