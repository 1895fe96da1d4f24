import { describe, expect, it } from 'vitest';
import type { Rank } from '../streams/ranks.ts';
import { noQueue, Scheduler, type Sender } from './scheduler.ts';

describe('the scheduler', () => {
  const quiet = { prepare: () => false, onPrepareError: () => undefined };

  function sender(log: string[], name: string, times: number, isUrgent = false): Sender {
    let left = times;
    return {
      queued: noQueue,
      hasWorkOf: (rank) => rank === (isUrgent ? 'endpoints' : 'others'),
      failed: () => undefined,
      pump: () => {
        log.push(name);
        left -= 1;
        return left > 0;
      },
    };
  }

  function run(sliceMs: number, fill: (scheduler: Scheduler, log: string[]) => void): Promise<string[]> {
    const log: string[] = [];
    return new Promise((resolve) => {
      const prepare = () => {
        log.push('|');
        return false;
      };
      fill(new Scheduler({ ...quiet, sliceMs, prepare, onIdle: () => resolve(log) }), log);
    });
  }

  it('lets all send in turn, the urgent first', async () => {
    const log = await run(1_000, (scheduler, sent) => {
      scheduler.add(sender(sent, 'a', 2));
      scheduler.add(sender(sent, 'b', 2));
      scheduler.add(sender(sent, 'u', 2, true));
    });
    expect(log.slice(0, 2)).toEqual(['|', 'u']);
    expect(log.filter((entry) => entry !== 'u').join('')).toBe('|abab');
  });

  it('gives way to others after a slice', async () => {
    const log = await run(0, (scheduler, sent) => {
      scheduler.add(sender(sent, 'a', 1));
      scheduler.add(sender(sent, 'b', 1));
      setImmediate(() => sent.push('other'));
    });
    expect(log.filter((entry) => entry === '|').length).toBeGreaterThan(1);
    expect(log.filter((entry) => entry !== '|')).toEqual(['a', 'other', 'b']);
  });

  it('gives each rank its share while a thousand have endpoints to send all the time (X4)', async () => {
    const pumps = { endpoints: 0, others: 0, views: 0 };
    const busy = (own: Rank, isOver: () => boolean): Sender => ({
      queued: noQueue,
      hasWorkOf: (rank) => rank === own,
      failed: () => undefined,
      pump: () => {
        pumps[own] += 1;
        for (const start = performance.now(); performance.now() - start < 0.1; );
        return !isOver();
      },
    });
    await new Promise<void>((resolve) => {
      const scheduler = new Scheduler({ ...quiet, sliceMs: 4, onIdle: resolve });
      const isOver = () => pumps.others >= 200 || pumps.endpoints >= 5_000;
      for (let index = 0; index < 1_000; index += 1) scheduler.add(busy('endpoints', isOver));
      for (let index = 0; index < 1_000; index += 1) scheduler.add(busy('views', isOver));
      for (let index = 0; index < 10; index += 1) scheduler.add(busy('others', isOver));
    });
    expect(pumps.others).toBeGreaterThanOrEqual(200);
    expect(pumps.endpoints).toBeLessThan(2_500);
    expect(pumps.views).toBeLessThan(2_500);
  });

  it('keeps one place in each queue that has work for a sender', async () => {
    const pumped: Rank[] = [];
    await new Promise<void>((resolve) => {
      const scheduler = new Scheduler({ ...quiet, sliceMs: 1_000, onIdle: resolve });
      let hasEndpoints = false;
      const both = {
        queued: noQueue,
        hasWorkOf: (rank: Rank) => rank === 'others' || (rank === 'endpoints' && hasEndpoints),
        failed: () => undefined,
        pump: (_deadline: number, rank: Rank) => {
          pumped.push(rank);
          return false;
        },
      };
      for (let round = 0; round < 100; round += 1) {
        hasEndpoints = round % 2 === 1;
        scheduler.add(both);
      }
      expect(scheduler.length).toBe(2);
    });
    expect([...pumped].sort()).toEqual(['endpoints', 'others']);
  });

  it('ends one that throws, and continues with the others (X7)', async () => {
    const failures: unknown[] = [];
    const broken: Sender = {
      queued: noQueue,
      hasWorkOf: (rank) => rank === 'others',
      failed: (error) => failures.push(error),
      pump: () => {
        throw new Error('of the stand-in');
      },
    };
    const log = await run(1_000, (scheduler, sent) => {
      scheduler.add(broken);
      scheduler.add(sender(sent, 'a', 2));
    });
    expect(log.join('')).toBe('|aa');
    expect(failures).toEqual([new Error('of the stand-in')]);
  });

  it('continues when what comes before the sending throws (X7)', async () => {
    const log: string[] = [];
    const failures: unknown[] = [];
    let isBroken = true;
    await new Promise<void>((resolve) => {
      const prepare = () => {
        if (!isBroken) return false;
        isBroken = false;
        throw new Error('of the stand-in');
      };
      const onPrepareError = (error: unknown) => failures.push(error);
      const scheduler = new Scheduler({ sliceMs: 1_000, prepare, onPrepareError, onIdle: resolve });
      scheduler.add(sender(log, 'a', 1));
    });
    expect(log).toEqual(['a']);
    expect(failures).toEqual([new Error('of the stand-in')]);
  });

  it('keeps the order of more senders than were ever there before, and while some leave', async () => {
    const names = Array.from({ length: 500 }, (_, index) => `${index}`);
    const log = await run(1_000, (scheduler, sent) => {
      for (const name of names) scheduler.add(sender(sent, name, 2));
    });
    expect(log).toEqual(['|', ...names, ...names]);
  });
});
