import type { Logger } from 'pino';
import { errorText } from '../../base/error-text.ts';
import type { IpFamily } from '../../model/service.ts';
import type { Ended } from '../tools.ts';
import { conntrackFamily, parseFlow, type UdpFlow, type UdpFlows } from './udp-flows.ts';

export interface UdpCleanupOptions {
  readonly families: readonly IpFamily[];
  readonly flows: UdpFlows;
  /** Runs `conntrack` with these arguments. */
  readonly conntrack: (args: readonly string[]) => Promise<Ended>;
  readonly observe: (family: IpFamily, pass: { readonly durationMs: number; readonly deleted: number }) => void;
  readonly logger: Logger;
}

/**
 * Removes UDP flows to endpoints that may not have them any more: connection tracking keeps a flow at its endpoint for as long as datagrams
 * follow one another. TCP connections are never touched. One pass runs at a time, after the kernel has the new endpoints, or a client's
 * next datagram would go to the old one again.
 */
export class UdpCleanup {
  readonly #options: UdpCleanupOptions;
  #running: Promise<void> | undefined;

  constructor(options: UdpCleanupOptions) {
    this.#options = options;
  }

  /** Resolves once flows of everything that the kernel has now are clean. */
  async run(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
    if (!this.#options.flows.takeChanged()) return;
    this.#running = this.#pass().finally(() => {
      this.#running = undefined;
    });
    await this.#running;
  }

  async #pass(): Promise<void> {
    const removed = this.#options.flows.takeRemoved();
    for (const family of this.#options.families) {
      try {
        await this.#passOf(family, removed);
      } catch (error) {
        this.#options.logger.warn(
          { reason: errorText(error), family },
          'Could not remove UDP flows to former endpoints',
        );
      }
    }
  }

  async #passOf(family: IpFamily, removed: ReadonlySet<string>): Promise<void> {
    const { conntrack, flows, observe } = this.#options;
    const start = performance.now();
    const base = ['--family', conntrackFamily(family), '--proto', 'udp'];
    const { code, output } = await conntrack(['--dump', ...base]);
    if (code !== 0) throw new Error(output.trim());
    const stale = new Map<string, readonly string[]>();
    for (const line of output.split('\n')) {
      const flow = parseFlow(line);
      if (flow === undefined || !flows.isStale(flow, removed)) continue;
      const filter = filterOf(flow);
      stale.set(filter.join(' '), filter);
    }
    let deleted = 0;
    for (const filter of stale.values()) deleted += deletedIn(await conntrack(['--delete', ...base, ...filter]));
    observe(family, { durationMs: performance.now() - start, deleted });
  }
}

/** All flows of one address to one former endpoint: one command, however many clients it had. */
function filterOf({ destination, port, answering, answeringPort }: UdpFlow): readonly string[] {
  const original = ['--orig-dst', destination, '--orig-port-dst', String(port)];
  return [...original, '--reply-src', answering, '--reply-port-src', String(answeringPort)];
}

/** The program ends with code 1 as well when a flow had ended by itself. */
function deletedIn({ output }: Ended): number {
  return Number(/(\d+) flow entries have been deleted/.exec(output)?.[1] ?? 0);
}
