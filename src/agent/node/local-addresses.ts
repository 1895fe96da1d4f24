import { type ChildProcess, spawn } from 'node:child_process';
import type { Logger } from 'pino';
import { backOffMs } from '../../base/back-off.ts';
import { errorText } from '../../base/error-text.ts';
import { familyOf } from '../../model/address.ts';
import type { IpFamily } from '../../model/service.ts';
import { runTool } from '../tools.ts';

/** Addresses of the node by family, in the order of its interfaces. */
export type LocalAddresses = Readonly<Record<IpFamily, readonly string[]>>;

interface Link {
  readonly addr_info?: readonly {
    readonly local?: string;
    readonly scope?: string;
    readonly tentative?: boolean;
    readonly dadfailed?: boolean;
  }[];
}

/**
 * Addresses that others may reach the node at: neither loopback nor link-local ones, nor those that IPv6 still checks for
 * duplicates, to which nothing can be bound.
 * @param json what `ip -j address show` prints
 */
export function readAddresses(json: string): LocalAddresses {
  const links = JSON.parse(json) as readonly Link[];
  const usable = links.flatMap(({ addr_info: addresses = [] }) =>
    addresses.flatMap(({ local, scope, tentative, dadfailed }) => {
      const isUsable = scope !== 'host' && scope !== 'link' && tentative !== true && dadfailed !== true;
      return local !== undefined && isUsable ? [local] : [];
    }),
  );
  const of = (family: IpFamily) => [...new Set(usable.filter((address) => familyOf(address) === family))];
  return { IPv4: of('IPv4'), IPv6: of('IPv6') };
}

const restartBackOff = { baseMs: 200, capMs: 10_000 };

/**
 * Follows the node's addresses: `ip monitor` prints a line when one changes, and then all are read. What the line says is not used,
 * as its form differs between versions of iproute2.
 */
export class AddressWatch {
  readonly #onChange: (addresses: LocalAddresses) => void;
  readonly #logger: Logger;
  #monitor: ChildProcess | undefined;
  #restart: NodeJS.Timeout | undefined;
  #failures = 0;
  #isStopped = false;
  #isStale = false;
  #reading: Promise<void> | undefined;
  #last = '';

  constructor(onChange: (addresses: LocalAddresses) => void, logger: Logger) {
    this.#onChange = onChange;
    this.#logger = logger;
  }

  /** Resolves once the addresses were read for the first time. */
  async start(): Promise<void> {
    this.#watch();
    await this.#read();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#restart);
    this.#monitor?.kill();
    await this.#reading;
  }

  /** What changes between two monitors is found by reading when one starts. */
  #watch(): void {
    const monitor = spawn('ip', ['monitor', 'address'], { stdio: ['ignore', 'pipe', 'ignore'] });
    this.#monitor = monitor;
    monitor.stdout.on('data', () => {
      this.#failures = 0;
      void this.#read();
    });
    monitor.on('error', () => this.#watchLater());
    monitor.on('exit', () => this.#watchLater());
  }

  #watchLater(): void {
    if (this.#isStopped || this.#restart !== undefined) return;
    this.#failures += 1;
    const delayMs = backOffMs(this.#failures, restartBackOff);
    this.#logger.warn({ delayMs }, "The program that watches the node's addresses ended");
    this.#restart = setTimeout(() => {
      this.#restart = undefined;
      this.#watch();
      void this.#read();
    }, delayMs);
  }

  /** One at a time; a change that comes meanwhile is read after it. */
  #read(): Promise<void> {
    this.#isStale = true;
    this.#reading ??= this.#readAll().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #readAll(): Promise<void> {
    while (this.#isStale && !this.#isStopped) {
      this.#isStale = false;
      try {
        const { output } = await runTool('ip', ['-j', 'address', 'show']);
        this.#tell(readAddresses(output));
      } catch (error) {
        this.#logger.error({ reason: errorText(error) }, "Could not read the node's addresses");
      }
    }
  }

  #tell(addresses: LocalAddresses): void {
    const text = JSON.stringify(addresses);
    if (text === this.#last || this.#isStopped) return;
    this.#last = text;
    this.#onChange(addresses);
  }
}
