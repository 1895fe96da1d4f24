import type { Logger } from 'pino';
import { formatHostPort, type HostPort } from '../../base/host-port.ts';
import type { HttpServer } from '../../base/http-server.ts';
import { listenError } from '../../model/errors.ts';

export interface ListenerOptions {
  readonly server: HttpServer;
  readonly address: HostPort;
  /** For the log. */
  readonly what: string;
  /** A failure ends the agent. */
  readonly isRequired: boolean;
  readonly onFailure: (reason: string) => void;
  readonly logger: Logger;
  readonly retryMs?: number;
}

/** As kube-proxy has it. */
const defaultRetryMs = 5_000;

/** Binds the address of a server, again and again while another program has it: on a node that is switched, kube-proxy. */
export class PersistentListener {
  readonly #options: ListenerOptions;
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(options: ListenerOptions) {
    this.#options = options;
  }

  /**
   * Resolves after the first try: undefined when it failed.
   * @throws FairleadError ADDRESS_IN_USE, ADDRESS_INVALID, NOT_PERMITTED if it is required
   */
  async start(): Promise<HostPort | undefined> {
    try {
      return await this.#listen();
    } catch (error) {
      const failure = listenError(error as NodeJS.ErrnoException, formatHostPort(this.#options.address));
      if (this.#options.isRequired) throw failure;
      this.#options.onFailure(failure.message);
      this.#options.logger.error({ reason: failure.message }, `Could not serve ${this.#options.what}`);
      this.#retryLater();
      return undefined;
    }
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#options.server.close();
  }

  async #listen(): Promise<HostPort> {
    const { server, address, logger, what } = this.#options;
    const bound = await server.listen(address);
    logger.info({ address: formatHostPort(bound) }, `Started to serve ${what}`);
    return bound;
  }

  #retryLater(): void {
    if (this.#isStopped) return;
    const retry = () => this.#listen().catch(() => this.#retryLater());
    this.#timer = setTimeout(retry, this.#options.retryMs ?? defaultRetryMs);
  }
}
