import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';

const probeMs = 3_000;

/**
 * Hears of the kernel's commits from the kernel itself (`nft monitor`). The end of the nft that made one comes some 10 ms
 * later: when it closes its socket, the kernel first waits until no packet can be using what was replaced (an RCU
 * grace period), which delays nobody but nft.
 */
export class CommitWatch {
  readonly #monitor: ChildProcess;
  #heard: ((at: number) => void) | undefined;

  private constructor(monitor: ChildProcess) {
    this.#monitor = monitor;
    if (monitor.stdout === null) throw new Error('nft monitor has no output');
    createInterface({ input: monitor.stdout }).on('line', (line) => {
      if (line.startsWith('# new generation')) this.#heard?.(performance.now());
    });
  }

  /**
   * @param probe makes a commit; repeated until the monitor hears one. Not at once: the monitor begins by reading all
   * that the kernel has, and begins anew when it changes meanwhile.
   */
  static async start(command: readonly string[], probe: () => Promise<unknown>): Promise<CommitWatch> {
    const [file = 'nft', ...args] = command;
    const watch = new CommitWatch(spawn(file, [...args, 'monitor'], { stdio: ['ignore', 'pipe', 'inherit'] }));
    for (;;) {
      const heard = watch.next();
      await probe();
      if (await Promise.race([heard, delay(probeMs)])) return watch;
    }
  }

  /** When the next commit is heard of, in `performance.now()`. */
  next(): Promise<number> {
    return new Promise((resolve) => {
      this.#heard = resolve;
    });
  }

  stop(): void {
    this.#monitor.kill();
  }
}
