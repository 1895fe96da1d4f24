import fc from 'fast-check';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { aFrontend, tableOptions } from '../../../test/support/frontends.ts';
import { NftError } from '../../nftables/nft-error.ts';
import type { NftRunner } from '../../nftables/runner.ts';
import { FamilyTable } from './family-table.ts';
import { KernelSync } from './kernel-sync.ts';
import type { RefusedService } from './refused-services.ts';

/** Refuses what adds an element with one of these addresses, as the kernel would. */
class PickyNft implements NftRunner {
  readonly committed: string[] = [];
  readonly bad = new Set<string>();
  checks = 0;
  isBroken = false;

  run(text: string): Promise<void> {
    return this.#judge(text).then(() => void this.committed.push(text));
  }

  check(text: string): Promise<void> {
    this.checks += 1;
    return this.#judge(text);
  }

  #judge(text: string): Promise<void> {
    const added = text.split('\n').filter((line) => line.startsWith('add element'));
    const line = added.find((one) => [...this.bad].some((address) => one.includes(` ${address} `)));
    if (line !== undefined) return Promise.reject(new NftError('Could not process rule: Invalid argument', line));
    return this.isBroken ? Promise.reject(new NftError('broken', undefined)) : Promise.resolve();
  }
}

function setUp() {
  const table = new FamilyTable(tableOptions('ip', { cidrs: ['10.244.1.0/24'] }));
  const nft = new PickyNft();
  const refused: RefusedService[] = [];
  const accepted: string[] = [];
  const kernel = new KernelSync([table], nft, pino({ level: 'silent' }), {
    refused: (service) => refused.push(service),
    accepted: ({ service }) => accepted.push(service),
  });
  kernel.start();
  return { table, nft, kernel, refused, accepted };
}

const addressOf = (index: number) => `10.96.${index >> 8}.${index & 255}`;

function put(table: FamilyTable, index: number, port = 80): void {
  table.elements.put(`default/s${index}`, [aFrontend({ address: addressOf(index), port })]);
}

describe('Services that the kernel refuses', () => {
  it('are left out of a change, and the others of it are programmed', async () => {
    const { table, nft, kernel, refused } = setUp();
    put(table, 1);
    await kernel.flush();
    nft.bad.add(addressOf(2));
    for (const index of [2, 3]) put(table, index);
    await kernel.flush();
    expect(kernel.state.kind).toBe('Following');
    expect(kernel.refusedCount).toBe(1);
    expect(refused).toMatchObject([{ service: 'default/s2', family: 'ip', reason: /Invalid argument/ }]);
    expect(nft.committed.at(-1)).toContain(addressOf(3));
    expect(nft.committed.at(-1)).not.toContain(addressOf(2));
  });

  it('do not keep later changes from the kernel', async () => {
    const { table, nft, kernel } = setUp();
    nft.bad.add(addressOf(1));
    put(table, 1);
    await kernel.flush();
    put(table, 2);
    const before = nft.checks;
    await kernel.flush();
    expect(nft.committed.at(-1)).toContain(addressOf(2));
    expect(nft.checks).toBe(before);
  });

  it('are programmed as soon as they change to something that the kernel accepts', async () => {
    const { table, nft, kernel } = setUp();
    nft.bad.add(addressOf(1));
    put(table, 1);
    await kernel.flush();
    table.elements.put('default/s1', [aFrontend({ address: addressOf(7) })]);
    await kernel.flush();
    expect(kernel.refusedCount).toBe(0);
    expect(nft.committed.at(-1)).toContain(addressOf(7));
  });

  it('are forgotten when they are deleted', async () => {
    const { table, nft, kernel } = setUp();
    nft.bad.add(addressOf(1));
    put(table, 1);
    await kernel.flush();
    table.elements.put('default/s1', []);
    await kernel.flush();
    expect(kernel.refusedCount).toBe(0);
  });

  it('are tried again later, at growing intervals, and taken back when they are accepted', async () => {
    const { table, nft, kernel, accepted } = setUp();
    nft.bad.add(addressOf(1));
    put(table, 1);
    await kernel.flush();
    const now = performance.now();
    const checksAt = async (afterMs: number) => {
      const before = nft.checks;
      await kernel.retryRefused(now + afterMs);
      return nft.checks - before;
    };
    expect([await checksAt(1_000), await checksAt(31_000), await checksAt(62_000)]).toEqual([0, 1, 0]);
    nft.bad.clear();
    expect(await checksAt(100_000)).toBe(1);
    expect(accepted).toEqual(['default/s1']);
    expect(kernel.refusedCount).toBe(0);
    expect(nft.committed.at(-1)).toContain(addressOf(1));
  });

  it('are none when nft refuses everything', async () => {
    const { table, nft, kernel } = setUp();
    nft.isBroken = true;
    put(table, 1);
    const flushed = kernel.flush();
    await kernel.stop();
    await flushed;
    expect(kernel.refusedCount).toBe(0);
    expect(kernel.state).toMatchObject({ kind: 'Unknown', failures: 1, reason: 'broken' });
  });

  it('are exactly those at fault, whichever they are, and few checks find them', async () => {
    const arbitrary = fc.array(fc.integer({ min: 0, max: 199 }), { maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(arbitrary, async (bad) => {
        const { table, nft, kernel, refused } = setUp();
        for (const index of bad) nft.bad.add(addressOf(index));
        for (let index = 0; index < 200; index += 1) put(table, index);
        await kernel.flush();
        const names = bad.map((index) => `default/s${index}`);
        expect(new Set(refused.map(({ service }) => service))).toEqual(new Set(names));
        expect(nft.checks).toBeLessThanOrEqual(new Set(bad).size * 18);
        expect(nft.committed).toHaveLength(1);
      }),
      { numRuns: 20 },
    );
  });
});
