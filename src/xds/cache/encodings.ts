import type { KeySet } from '../../resources/key-set.ts';
import type { ClientView, ResourceEntry } from '../../resources/resource-entry.ts';
import type { ResourceName } from '../../resources/resource-name.ts';
import { type Content, type EncodedResource, encodeContent, frameResource } from './encoded-resource.ts';
import { among } from './key-set.ts';
import { rememberedVersions, Stamps } from './stamps.ts';

export type BuildError = (resource: ResourceName, error: unknown) => void;

interface Build {
  readonly resource: EncodedResource | undefined;
  /** Of the entry that it was built from; see `invalidate`. */
  generation: number;
  /** The entry that could not be built, so that the next one is tried. */
  readonly failed: ResourceEntry | undefined;
}

const outdated = -1;

/** What was built of one resource, by scope, and the stamps of its contents. */
export class Encodings {
  #generation = 0;
  /** That of scope fleet; a map for one would take 200 bytes. */
  #fleet: Build | undefined;
  #byKey: Map<string, Build> | undefined;
  readonly #stamps = new Stamps();

  /** Builds at most once per entry and scope. What cannot be built is as it was before, if it was. */
  encode(entry: ResourceEntry, view: ClientView, onError: BuildError): EncodedResource | undefined {
    const key = scopeKey(entry, view);
    const last = this.#get(key);
    if (last !== undefined && this.#isCurrent(last, entry)) return last.resource;
    const build = this.#build(entry, view, last?.resource, onError);
    if (key === undefined) this.#fleet = build;
    else {
      this.#byKey ??= new Map();
      this.#byKey.set(key, build);
    }
    return build.resource;
  }

  /** What was built before, whether it is current or not. */
  built(entry: ResourceEntry, view: ClientView): EncodedResource | undefined {
    return this.#get(scopeKey(entry, view))?.resource;
  }

  /** What `encode` would not build again. */
  current(entry: ResourceEntry, view: ClientView): Pick<Build, 'resource'> | undefined {
    const build = this.#get(scopeKey(entry, view));
    return build !== undefined && this.#isCurrent(build, entry) ? build : undefined;
  }

  /** There is a new entry. @param keys those that it may differ for; undefined: all */
  invalidate(keys: KeySet | undefined): void {
    if (keys === undefined) this.#generation += 1;
    else if (this.#byKey !== undefined) {
      for (const key of among(keys, this.#byKey.keys())) {
        const build = this.#byKey.get(key);
        if (build !== undefined) build.generation = outdated;
      }
    }
  }

  forgetKey(key: string): void {
    this.#byKey?.delete(key);
  }

  /** Moves what was built to another one, which counts no stamps. */
  takeBuilds(): Encodings {
    const taken = new Encodings();
    taken.#generation = this.#generation;
    taken.#fleet = this.#fleet;
    taken.#byKey = this.#byKey;
    this.forgetBuilds();
    return taken;
  }

  forgetBuilds(): void {
    this.#fleet = undefined;
    this.#byKey = undefined;
  }

  /** No stream remembers a stamp. */
  forgetAll(): void {
    this.forgetBuilds();
    this.#stamps.clear();
  }

  /**
   * The stamp that content of this version has, or will have once it is built, so that a client's claim needs no string of its
   * own. Undefined when so many versions are remembered that clients could crowd out those that are served.
   */
  stampOf(version: string): number | undefined {
    const known = this.#stamps.get(version);
    if (known !== undefined || this.#stamps.size >= rememberedVersions) return known;
    return this.#stamps.add(version, rememberedVersions);
  }

  versionOf(stamp: number): string {
    return this.#stamps.versionOf(stamp);
  }

  #get(key: string | undefined): Build | undefined {
    return key === undefined ? this.#fleet : this.#byKey?.get(key);
  }

  #isCurrent({ generation, failed }: Build, entry: ResourceEntry): boolean {
    return generation === this.#generation && (failed === undefined || failed === entry);
  }

  #build(entry: ResourceEntry, view: ClientView, last: EncodedResource | undefined, onError: BuildError): Build {
    const generation = this.#generation;
    try {
      const content = encodeContent(entry.typeUrl, entry.build(view));
      const resource = content.version === last?.version ? last : this.#resourceOf(entry, content);
      return { resource, generation, failed: undefined };
    } catch (error) {
      onError(entry, error);
      return { resource: last, generation, failed: entry };
    }
  }

  #resourceOf(entry: ResourceEntry, content: Content): EncodedResource {
    const known = this.#stamps.get(content.version);
    const shared = known === undefined ? undefined : this.#sameElsewhere(content.version);
    if (shared !== undefined) return shared;
    const stamp = known ?? this.#stamps.add(content.version, rememberedVersions + (this.#byKey?.size ?? 0));
    return frameResource(entry, content, stamp);
  }

  /** Nodes and zones often get equal bytes, which they can share. */
  #sameElsewhere(version: string): EncodedResource | undefined {
    for (const { resource } of this.#byKey?.values() ?? []) if (resource?.version === version) return resource;
    return undefined;
  }
}

/** Undefined: all clients get the same. */
function scopeKey({ scope, shareKey }: ResourceEntry, view: ClientView): string | undefined {
  if (scope === 'fleet') return undefined;
  if (shareKey !== undefined) return shareKey(view);
  return scope === 'zone' ? view.zone : view.nodeName;
}
