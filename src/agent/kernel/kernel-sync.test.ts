import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { aFrontend, tableOptions } from '../../../test/support/frontends.ts';
import { NftError } from '../../nftables/nft-error.ts';
import type { NftRunner } from '../../nftables/runner.ts';
import { FamilyTable } from './family-table.ts';
import { KernelSync } from './kernel-sync.ts';

const logger = pino({ level: 'silent' });

/** Records transactions; each commits when the test says so. */
class SteppedNft implements NftRunner {
  readonly texts: string[] = [];
  #running: PromiseWithResolvers<void> | undefined;
  readonly #started: PromiseWithResolvers<void>[] = [];

  /** Resolves when the transaction of this number (from 0) begins. */
  started(index: number): Promise<void> {
    this.#started[index] ??= Promise.withResolvers();
    return this.#started[index].promise;
  }

  run(text: string): Promise<void> {
    if (this.#running !== undefined) throw new Error('two transactions at one time');
    this.texts.push(text);
    void this.started(this.texts.length - 1);
    this.#started[this.texts.length - 1]?.resolve();
    this.#running = Promise.withResolvers();
    return this.#running.promise;
  }

  check(): Promise<void> {
    return Promise.resolve();
  }

  settle(error?: Error): void {
    const running = this.#running;
    this.#running = undefined;
    if (error === undefined) running?.resolve();
    else running?.reject(error);
  }
}

function setUp() {
  const table = new FamilyTable(tableOptions('ip', { cidrs: ['10.244.1.0/24'] }));
  const nft = new SteppedNft();
  return { table, nft, kernel: new KernelSync([table], nft, logger) };
}

function put(table: FamilyTable, owner: string, address: string): void {
  table.elements.put(owner, [aFrontend({ address })]);
}

/** The first transaction is committed, and a second one with a Service is running. */
async function afterFirst() {
  const world = setUp();
  const { kernel, nft, table } = world;
  kernel.start();
  const first = kernel.flush();
  nft.settle();
  await first;
  put(table, 'a/a', '10.96.0.1');
  return { ...world, second: kernel.flush() };
}

describe('bringing tables into the kernel', () => {
  it('does nothing until it may', async () => {
    const { kernel, nft, table } = setUp();
    put(table, 'a/a', '10.96.0.1');
    await kernel.flush();
    expect(nft.texts).toEqual([]);
    expect(kernel.state.kind).toBe('Idle');
  });

  it('replaces everything first, then sends differences', async () => {
    const { kernel, nft, second } = await afterFirst();
    nft.settle();
    await second;
    expect(nft.texts.map((text) => text.includes('delete table'))).toEqual([true, false]);
    await kernel.flush();
    expect(nft.texts).toHaveLength(2);
  });

  it('puts what comes while a transaction runs into the next one', async () => {
    const { kernel, nft, table } = setUp();
    kernel.start();
    const first = kernel.flush();
    put(table, 'a/a', '10.96.0.1');
    const second = kernel.flush();
    put(table, 'b/b', '10.96.0.2');
    const third = kernel.flush();
    nft.settle();
    await nft.started(1);
    nft.settle();
    await Promise.all([first, second, third]);
    expect(nft.texts).toHaveLength(2);
    expect(nft.texts[1]).toContain('10.96.0.1');
    expect(nft.texts[1]).toContain('10.96.0.2');
  });

  it('replaces everything after an error, and keeps trying', async () => {
    const { kernel, nft, table } = setUp();
    kernel.start();
    put(table, 'a/a', '10.96.0.1');
    const flushed = kernel.flush();
    const failure = new NftError('Could not process rule: No such file or directory', 'delete element …');
    nft.settle(failure);
    await nft.started(1);
    expect(kernel.state).toMatchObject({ kind: 'Unknown', failures: 1 });
    nft.settle();
    await flushed;
    expect(nft.texts[1]).toContain('delete table');
    expect(nft.texts[1]).toContain('10.96.0.1');
    expect(kernel.state.kind).toBe('Following');
  });

  it('replaces everything when somebody changed the tables while a transaction ran', async () => {
    const { kernel, nft, second } = await afterFirst();
    kernel.invalidate('changed');
    const third = kernel.flush();
    nft.settle();
    await nft.started(2);
    nft.settle();
    await Promise.all([second, third]);
    expect(nft.texts.map((text) => text.includes('delete table'))).toEqual([true, false, true]);
  });

  it('misses no change that comes while it finds that there was nothing to do', async () => {
    for (const ticks of [0, 1, 2, 3, 4, 5]) {
      const { kernel, nft, table } = setUp();
      kernel.start();
      const first = kernel.flush();
      nft.settle();
      await first;
      void kernel.flush();
      for (let tick = 0; tick < ticks; tick += 1) await Promise.resolve();
      put(table, 'a/a', '10.96.0.1');
      const last = kernel.flush();
      await Promise.race([nft.started(1), last]);
      nft.settle();
      await last;
      expect(nft.texts.at(-1), `after ${ticks} ticks`).toContain('10.96.0.1');
    }
  });

  it('stops while it waits to try again', async () => {
    const { kernel, nft } = setUp();
    kernel.start();
    const flushed = kernel.flush();
    nft.settle(new NftError('no', undefined));
    await kernel.stop();
    await flushed;
    expect(nft.texts).toHaveLength(1);
  });
});
