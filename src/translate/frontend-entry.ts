import type { MessageObject } from '../protos/registry.ts';
import type { ResourceEntry, Scope } from '../resources/resource-entry.ts';
import type { Frontend } from './frontends.ts';

/**
 * A resource of one frontend that is the same for all clients and sent by name only. There are several for each Service,
 * and of most nothing is ever built: what they have in common is in the class, and no closure holds the rest.
 */
export abstract class FrontendEntry implements ResourceEntry {
  abstract readonly typeUrl: string;
  readonly frontend: Frontend;

  constructor(frontend: Frontend) {
    this.frontend = frontend;
  }

  get name(): string {
    return this.frontend.name;
  }

  get wildcard(): boolean {
    return false;
  }

  get scope(): Scope {
    return 'fleet';
  }

  abstract build(): MessageObject;
}
