import type { MessageObject } from '../protos/registry.ts';
import type { ResourceEntry, Scope } from '../resources/resource-entry.ts';

/**
 * A resource of one frontend or backend that is the same for all clients and sent by name only. There are several for each
 * Service, and of most nothing is ever built: what they have in common is in the class, and no closure holds the rest.
 */
export abstract class NamedEntry<S extends { readonly name: string }> implements ResourceEntry {
  abstract readonly typeUrl: string;
  readonly subject: S;

  constructor(subject: S) {
    this.subject = subject;
  }

  get name(): string {
    return this.subject.name;
  }

  get wildcard(): boolean {
    return false;
  }

  get scope(): Scope {
    return 'fleet';
  }

  abstract build(): MessageObject;
}
