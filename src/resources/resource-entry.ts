import type { MessageObject } from '../protos/registry.ts';
import type { KeySet } from './key-set.ts';
import type { ResourceName } from './resource-name.ts';

/** Which clients get the same bytes: all, all of a zone, or those of one node. */
export type Scope = 'fleet' | 'zone' | 'node';

/** The client of a stream, as far as resources may differ by it. */
export interface ClientView {
  readonly nodeName: string;
  readonly zone: string;
}

/** An xDS resource that is built when the first client asks for it. */
export interface ResourceEntry extends ResourceName {
  /** Whether a client that subscribes to `*` of the type gets it; the others are sent by name only. */
  readonly wildcard: boolean;
  readonly scope: Scope;
  /**
   * Of scope node: nodes for which it is equal get the same bytes, which are then kept once for all of them. Never a node's
   * name: it has a slash.
   */
  readonly shareKey?: ((client: ClientView) => string) | undefined;
  /** Pure; clients of one scope get equal messages. */
  readonly build: (client: ClientView) => MessageObject;
  /** Sent again, even if unchanged, after a client was sent this one in a new version. */
  readonly refreshes?: readonly ResourceName[];
  /**
   * Of scope node or zone: the nodes or zones for which this one may build another message than the entry that it
   * replaces; undefined: any.
   */
  readonly changedKeys?: (previous: ResourceEntry) => KeySet | undefined;
}
