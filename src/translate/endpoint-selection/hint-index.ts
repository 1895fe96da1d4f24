import type { Endpoint } from '../../model/endpoint.ts';
import type { KeySet } from '../../resources/key-set.ts';
import type { ClientView, Scope } from '../../resources/resource-entry.ts';
import { type Candidate, identityOf } from './candidates.ts';

type Groups = ReadonlyMap<string, readonly Candidate[]>;

/** Usable endpoints by the nodes and zones that they are meant for, where hints count: when every one has them. */
export class HintIndex {
  readonly #everywhere: readonly Candidate[];
  readonly #byNode: Groups | undefined;
  readonly #byZone: Groups | undefined;

  /** @param everywhere the usable endpoints of the cluster. Terminating ones are used without regard to topology */
  constructor(everywhere: readonly Candidate[]) {
    this.#everywhere = everywhere;
    this.#byNode = groupsOf(everywhere, ({ hintNodes }) => hintNodes);
    this.#byZone = groupsOf(everywhere, ({ hintZones }) => hintZones);
  }

  get scope(): Scope {
    if (this.#byNode !== undefined) return 'node';
    return this.#byZone === undefined ? 'fleet' : 'zone';
  }

  /** Those meant for the client's node, else for its zone, else all. */
  nearest({ nodeName, zone }: ClientView): readonly Candidate[] {
    return this.#byNode?.get(nodeName) ?? (zone === '' ? undefined : this.#byZone?.get(zone)) ?? this.#everywhere;
  }

  /**
   * Clients that both name get something else only if an endpoint that is meant for them does; all others may get
   * any endpoint.
   */
  changedKeys(previous: HintIndex): KeySet | undefined {
    const [before, now] = [previous.#groups(), this.#groups()];
    if (previous.scope !== this.scope || before === undefined || now === undefined) return undefined;
    return { has: (key) => key === '' || !sameCandidates(before.get(key), now.get(key)) };
  }

  #groups(): Groups | undefined {
    return this.#byNode ?? this.#byZone;
  }
}

/** Undefined when one of them has no hints, or there is none. */
function groupsOf(candidates: readonly Candidate[], hintsOf: (endpoint: Endpoint) => readonly string[]) {
  if (candidates.length === 0) return undefined;
  if (!candidates.every(({ endpoint }) => endpoint.ready && hintsOf(endpoint).length > 0)) return undefined;
  const groups = new Map<string, Candidate[]>();
  for (const candidate of candidates) {
    for (const key of hintsOf(candidate.endpoint)) {
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [candidate]);
      else if (group.at(-1) !== candidate) group.push(candidate);
    }
  }
  return groups;
}

/** Whether a client gets the same of both; without any it gets those of others. */
function sameCandidates(before: readonly Candidate[] | undefined, now: readonly Candidate[] | undefined): boolean {
  if (before === undefined || before.length !== now?.length) return false;
  return before.every((candidate, index) => {
    const other = now[index];
    return other !== undefined && isSame(candidate, other);
  });
}

function isSame(a: Candidate, b: Candidate): boolean {
  return (a.endpoint === b.endpoint && a.port === b.port) || identityOf(a) === identityOf(b);
}
