import type { MessageObject } from '../protos/registry.ts';

/** Which clients get the same bytes: all, all of a zone, or those of one node. */
export type Scope = 'fleet' | 'zone' | 'node';

/** The client of a stream, as far as resources may differ by it. */
export interface ClientView {
  readonly nodeName: string;
  readonly zone: string;
}

/** An xDS resource that is built when the first client asks for it. */
export interface ResourceEntry {
  readonly typeUrl: string;
  readonly name: string;
  /** Whether a client that subscribes to `*` of the type gets it; the others are served by name only. */
  readonly wildcard: boolean;
  readonly scope: Scope;
  /** Pure; clients of one scope get equal messages. */
  readonly build: (client: ClientView) => MessageObject;
}
