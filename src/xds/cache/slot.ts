import type { ClientView, ResourceEntry } from '../../resources/resource-entry.ts';
import { BitSet } from './bit-set.ts';
import { type Content, type EncodedResource, encodeContent, frameResource } from './encoded-resource.ts';

export type BuildError = (entry: ResourceEntry, error: unknown) => void;

/** What the slots of one type have in common. */
export interface SlotType {
  readonly typeUrl: string;
  readonly onBuildError: BuildError;
}

/** The slots that a unit filled when it was last replaced; some may have been taken over by others since. */
export interface Owner {
  readonly slots: readonly Slot[];
}

/** A name of one type, whether or not there is such a resource: streams may wait for it. */
export class Slot {
  readonly id: number;
  readonly name: string;
  readonly type: SlotType;
  entry: ResourceEntry | undefined;
  /** The unit that the entry is of. Another that had the name before does not remove it any more. */
  owner: Owner | undefined;
  /** The change that its subscribers are still to be told of. */
  pending: PendingChange | undefined;
  /** Indexes of the subscribers (of the store) that named it or hold it. */
  #subscribers: BitSet | undefined;
  /** By scope. Absent until something is built: of most resources nothing ever is, and an empty map takes 300 bytes. */
  #builds: Map<string, Build> | undefined;
  /** Stamps of the last contents, so that one that comes back has the stamp that streams know. */
  #stamps: Map<string, number> | undefined;
  #lastStamp = firstStamp - 1;

  constructor(id: number, name: string, type: SlotType) {
    this.id = id;
    this.name = name;
    this.type = type;
  }

  get hasSubscribers(): boolean {
    return this.#subscribers !== undefined;
  }

  addSubscriber(index: number): void {
    this.#subscribers ??= new BitSet();
    this.#subscribers.add(index);
  }

  deleteSubscriber(index: number): void {
    this.#subscribers?.delete(index);
    if (this.#subscribers?.size === 0) this.#subscribers = undefined;
  }

  forEachSubscriber(visit: (index: number) => void): void {
    this.#subscribers?.forEach(visit);
  }

  /** Builds at most once per entry and scope. What cannot be built is served as it was before, if it was. */
  encode(view: ClientView): EncodedResource | undefined {
    const { entry } = this;
    if (entry === undefined) return undefined;
    const key = scopeKey(entry, view);
    const last = this.#builds?.get(key);
    if (last?.entry === entry) return last.resource;
    const resource = this.#build(entry, view, last?.resource);
    if (this.pending !== undefined && resource !== last?.resource) this.pending.isDifferent = true;
    this.#builds ??= new Map();
    this.#builds.set(key, { entry, resource });
    return resource;
  }

  /** What was built before, be it current or not. */
  built(view: ClientView): Build | undefined {
    return this.entry === undefined ? undefined : this.#builds?.get(scopeKey(this.entry, view));
  }

  isBuilt(view: ClientView): boolean {
    return this.entry === undefined || this.built(view)?.entry === this.entry;
  }

  replace(entry: ResourceEntry | undefined): void {
    if (entry === undefined || (this.entry !== undefined && entry.scope !== this.entry.scope)) this.forgetAll();
    this.entry = entry;
  }

  /**
   * The stamp that content of this version has, or will have once it is built; so a client's claim needs no string of its
   * own. Undefined when so many versions are remembered that clients could crowd out those that are served.
   */
  stampOf(version: string): number | undefined {
    const known = this.#stamps?.get(version);
    if (known !== undefined || this.entry === undefined) return known;
    return (this.#stamps?.size ?? 0) < rememberedVersions ? this.#stamp(version) : undefined;
  }

  versionOf(stamp: number): string {
    for (const [version, known] of this.#stamps ?? []) if (known === stamp) return version;
    return '';
  }

  /** A node's own encoding goes with its client: nodes come and go. */
  forget(view: ClientView): void {
    if (this.entry?.scope === 'node') this.#builds?.delete(view.nodeName);
  }

  forgetAll(): void {
    this.#builds = undefined;
  }

  #build(entry: ResourceEntry, view: ClientView, last: EncodedResource | undefined): EncodedResource | undefined {
    try {
      const content = encodeContent(entry.typeUrl, entry.build(view));
      if (content.version === last?.version) return last;
      return (
        this.#sameElsewhere(content) ?? frameResource(entry.typeUrl, this.name, content, this.#stamp(content.version))
      );
    } catch (error) {
      this.type.onBuildError(entry, error);
      return last;
    }
  }

  /** Nodes and zones often get equal bytes, which they can share. */
  #sameElsewhere(content: Content): EncodedResource | undefined {
    if (this.#stamps?.has(content.version) !== true) return undefined;
    for (const { resource } of this.#builds?.values() ?? []) if (resource?.version === content.version) return resource;
    return undefined;
  }

  #stamp(version: string): number {
    this.#stamps ??= new Map();
    const known = this.#stamps.get(version);
    if (known !== undefined) return known;
    this.#lastStamp = this.#lastStamp === stampMask ? firstStamp : this.#lastStamp + 1;
    this.#stamps.set(version, this.#lastStamp);
    this.#trim(this.#stamps);
    return this.#lastStamp;
  }

  #trim(stamps: Map<string, number>): void {
    if (stamps.size <= rememberedVersions + (this.#builds?.size ?? 0)) return;
    for (const version of stamps.keys()) {
      stamps.delete(version);
      return;
    }
  }
}

export interface PendingChange {
  /** `performance.now()` of the first of the changes that will be told as one. */
  readonly changedAt: number;
  /** The entry that subscribers were last told of. */
  readonly announced: ResourceEntry | undefined;
  /** Whether something else than before was built meanwhile; somebody may have it already. */
  isDifferent: boolean;
}

interface Build {
  readonly entry: ResourceEntry;
  readonly resource: EncodedResource | undefined;
}

/** Stamps are 29 bits wide; the lower ones have other meanings (see subscription.ts). */
export const stampMask = 0x1fff_ffff;
export const firstStamp = 3;
const rememberedVersions = 8;

function scopeKey(entry: ResourceEntry, view: ClientView): string {
  if (entry.scope === 'fleet') return '';
  return entry.scope === 'zone' ? view.zone : view.nodeName;
}
