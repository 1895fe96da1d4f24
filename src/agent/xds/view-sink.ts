import type { Logger } from 'pino';
import type { FamilyTable } from '../kernel/family-table.ts';
import { type KernelPort, kernelPortsOf } from '../kernel/kernel-port.ts';
import { MalformedViewError } from './malformed-view.ts';
import { decodeServiceView } from './read-service-view.ts';
import type { FrontendKind, ServiceView } from './service-view.ts';
import type { Rejections, ViewResponse } from './view-protocol.ts';

/** A family that the node has, with its table. */
export interface Families {
  readonly IPv4: FamilyTable | undefined;
  readonly IPv6: FamilyTable | undefined;
}

/** Writes what the controller sends into the tables, and counts what they cannot hold yet. */
export class ViewSink {
  readonly #families: Families;
  readonly #logger: Logger;
  readonly #observe: (view: ServiceView) => void;
  /** By key, only Services that have frontends of such kinds. */
  readonly #unprogrammed = new Map<string, readonly FrontendKind[]>();

  /** @param observe is told of every view, and, without frontends, of those that are gone */
  constructor(families: Families, logger: Logger, observe: (view: ServiceView) => void = () => {}) {
    this.#families = families;
    this.#logger = logger;
    this.#observe = observe;
  }

  /** Frontends that are known and not in the kernel. */
  unprogrammed(kind: FrontendKind): number {
    return [...this.#unprogrammed.values()].flat().filter((other) => other === kind).length;
  }

  /** @returns the reasons, by name, why Services were not taken; what is malformed keeps its last good content */
  apply({ resources, removed }: Pick<ViewResponse, 'resources' | 'removed'>): Rejections {
    const rejected = new Map<string, string>();
    for (const name of removed) this.#put({ key: name, frontends: [], healthCheck: undefined, endpointsChangedMs: 0 });
    for (const { name, body } of resources) {
      try {
        this.#put(decodeServiceView(name, body));
      } catch (error) {
        if (!(error instanceof MalformedViewError)) throw error;
        rejected.set(name, error.message);
        this.#logger.warn({ service: name, reason: error.message }, 'Rejected a Service from the controller');
      }
    }
    return rejected;
  }

  #put(view: ServiceView): void {
    this.#observe(view);
    const others = view.frontends.map(({ kind }) => kind).filter((kind) => kind !== 'ClusterIP');
    if (others.length === 0) this.#unprogrammed.delete(view.key);
    else this.#unprogrammed.set(view.key, others);
    this.#program(view.key, kernelPortsOf(view));
  }

  /** A view with one family removes the other family's ports. */
  #program(key: string, ports: readonly KernelPort[]): void {
    for (const family of ['IPv4', 'IPv6'] as const) {
      this.#families[family]?.elements.put(
        key,
        ports.filter((port) => port.family === family),
      );
    }
  }
}
