import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Admission, type AdmissionHolder, type RoundPhase } from './admission.ts';

describe('admission', () => {
  const options = {
    places: 2,
    placesPerPeer: 2,
    waitingBytes: 1_000,
    patienceMs: { Silent: 100, Awaited: 1_000, Done: 20 },
  };

  interface StandIn extends AdmissionHolder {
    phase: RoundPhase;
    unreadBytes: number;
  }

  function holder(log: string[], name: string, host = name): StandIn {
    const turnedAway = () => log.push(`${name} turned away`);
    const roundEnded = () => log.push(`${name} ended`);
    return { host, phase: 'Silent', unreadBytes: 0, admitted: () => log.push(name), turnedAway, roundEnded };
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
    const [a, b, c, d] = [holder(log, 'a'), holder(log, 'b'), holder(log, 'c'), holder(log, 'd')] as const;
    for (const each of [a, b, c, d]) admission.acquire(each);
    expect([log, admission.waiting]).toEqual([['a', 'b'], 2]);
    admission.release(c);
    admission.release(a);
    expect(log).toEqual(['a', 'b', 'a ended', 'd']);
  });

  it('takes the place of one that is silent, later of one that has begun to talk', async () => {
    const log: string[] = [];
    const admission = new Admission({ ...options, places: 1 });
    const [a, b, c] = [holder(log, 'a'), holder(log, 'b'), holder(log, 'c')] as const;
    for (const each of [a, b, c]) admission.acquire(each);
    await vi.advanceTimersByTimeAsync(101);
    expect(log).toEqual(['a', 'a ended', 'b']);
    b.phase = 'Done';
    admission.touch(b);
    await vi.advanceTimersByTimeAsync(15);
    admission.touch(b);
    await vi.advanceTimersByTimeAsync(15);
    expect(log).toEqual(['a', 'a ended', 'b']);
    await vi.advanceTimersByTimeAsync(30);
    expect(log).toEqual(['a', 'a ended', 'b', 'b ended', 'c']);
  });

  it('keeps the place of one whose first round is being worked off, however silent its client is (X6)', async () => {
    const log: string[] = [];
    const admission = new Admission({ ...options, places: 1 });
    const [a, b] = [holder(log, 'a'), holder(log, 'b')] as const;
    admission.acquire(a);
    admission.acquire(b);
    a.phase = 'Working';
    await vi.advanceTimersByTimeAsync(60_000);
    expect(log).toEqual(['a']);
    a.phase = 'Awaited';
    admission.touch(a);
    await vi.advanceTimersByTimeAsync(900);
    expect(log).toEqual(['a']);
    await vi.advanceTimersByTimeAsync(200);
    expect(log).toEqual(['a', 'a ended', 'b']);
  });

  it('leaves places for others than the one peer that asks for all', () => {
    const log: string[] = [];
    const admission = new Admission({ ...options, places: 3 });
    const many = [1, 2, 3, 4].map((index) => holder(log, `greedy ${index}`, 'greedy'));
    for (const each of [...many, holder(log, 'other')]) admission.acquire(each);
    expect(log).toEqual(['greedy 1', 'greedy 2', 'other']);
  });

  it('turns away the latest of the peer that has sent most, when those that wait have sent too much', () => {
    const log: string[] = [];
    const admission = new Admission({ ...options, places: 1 });
    admission.acquire(holder(log, 'first'));
    const waiting = ['greedy', 'other', 'greedy', 'greedy'].map((host, index) => holder(log, `${host} ${index}`, host));
    for (const each of waiting) admission.acquire(each);
    for (const each of waiting) each.unreadBytes = 350;
    vi.advanceTimersByTime(20);
    expect(log).toEqual(['first', 'greedy 3 turned away', 'greedy 2 turned away']);
  });
});
