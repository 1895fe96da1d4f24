import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Admission, type AdmissionHolder } from './admission.ts';
import { Scheduler, type Sender } from './scheduler.ts';

describe('the scheduler', () => {
  function sender(log: string[], name: string, times: number, isUrgent = false): Sender {
    let left = times;
    return {
      waiting: undefined,
      hasUrgentWork: isUrgent,
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
      fill(new Scheduler({ sliceMs, prepare, onIdle: () => resolve(log) }), log);
    });
  }

  it('lets all send in turn, the urgent first', async () => {
    const log = await run(1_000, (scheduler, sent) => {
      scheduler.add(sender(sent, 'a', 2));
      scheduler.add(sender(sent, 'b', 2));
      scheduler.add(sender(sent, 'u', 2, true));
    });
    expect(log.join('')).toBe('|uuabab');
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

  it('takes one that becomes urgent out of the ordinary', async () => {
    const log = await run(1_000, (scheduler, sent) => {
      const first = sender(sent, 'a', 1);
      const second = { ...sender(sent, 'b', 1), hasUrgentWork: false };
      scheduler.add(first);
      scheduler.add(second);
      second.hasUrgentWork = true;
      scheduler.add(second);
    });
    expect(log.join('')).toBe('|ba');
  });

  it('keeps the order of more senders than were ever there before, and while some leave', async () => {
    const names = Array.from({ length: 500 }, (_, index) => `${index}`);
    const log = await run(1_000, (scheduler, sent) => {
      for (const name of names) scheduler.add(sender(sent, name, 2));
    });
    expect(log).toEqual(['|', ...names, ...names]);
  });

  it('forgets one that is removed', async () => {
    const log = await run(1_000, (scheduler, sent) => {
      const gone = sender(sent, 'gone', 1);
      scheduler.add(gone);
      scheduler.remove(gone);
    });
    expect(log).toEqual(['|']);
  });
});

describe('admission', () => {
  const options = { places: 2, idleMs: 20, silentMs: 100 };

  function holder(log: string[], name: string): AdmissionHolder {
    return { admitted: () => log.push(name) };
  }

  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('lets in as many as there are places, and the next when one leaves', () => {
    const log: string[] = [];
    const admission = new Admission(options);
    const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name) => holder(log, name)) as [
      AdmissionHolder,
      AdmissionHolder,
      AdmissionHolder,
      AdmissionHolder,
    ];
    for (const each of [a, b, c, d]) admission.acquire(each);
    expect(log).toEqual(['a', 'b']);
    admission.release(c);
    admission.release(a);
    expect(log).toEqual(['a', 'b', 'd']);
  });

  it('takes the place of one that is silent, later of one that has begun to talk', async () => {
    const log: string[] = [];
    const admission = new Admission({ ...options, places: 1 });
    const [a, b, c] = ['a', 'b', 'c'].map((name) => holder(log, name)) as [
      AdmissionHolder,
      AdmissionHolder,
      AdmissionHolder,
    ];
    for (const each of [a, b, c]) admission.acquire(each);
    await vi.advanceTimersByTimeAsync(101);
    expect(log).toEqual(['a', 'b']);
    admission.touch(b);
    await vi.advanceTimersByTimeAsync(15);
    admission.touch(b);
    await vi.advanceTimersByTimeAsync(15);
    expect(log).toEqual(['a', 'b']);
    await vi.advanceTimersByTimeAsync(10);
    expect(log).toEqual(['a', 'b', 'c']);
  });
});
