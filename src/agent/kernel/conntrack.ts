import type { Logger } from 'pino';
import type { Marks } from '../../base/marks.ts';
import { runTool } from '../tools.ts';

/** The seam to conntrack's table. */
export interface Conntrack {
  /**
   * Forgets redirected connections whose SYN nobody has answered, so that the SYN that the client sends again begins a new connection,
   * which the gates judge anew. Those that were answered (state SYN_RECV and later) cannot be handed over: the client has, or is about to
   * get, the sequence numbers of the node's socket.
   */
  forgetUnanswered(): Promise<void>;
}

/** Runs the `conntrack` program, which the kernel filters for by mark (Linux 2.6.37). */
export class ConntrackCommand implements Conntrack {
  readonly #marks: Marks;
  readonly #logger: Logger;

  constructor(marks: Marks, logger: Logger) {
    this.#marks = marks;
    this.#logger = logger;
  }

  async forgetUnanswered(): Promise<void> {
    const { redirect, mask } = this.#marks;
    try {
      for (const family of ['ipv4', 'ipv6']) {
        const filter = ['--proto', 'tcp', '--state', 'SYN_SENT', '--mark', `${redirect}/${mask}`];
        const { code, output } = await runTool('conntrack', ['--delete', '--family', family, ...filter]);
        // Ends with code 1 as well if there was nothing to delete.
        if (code !== 0 && !/\b0 flow entries/.test(output)) throw new Error(output.trim());
      }
    } catch (error) {
      const reason = (error as Error).message;
      this.#logger.warn({ reason }, 'Could not take unanswered connections from Envoy');
    }
  }
}
