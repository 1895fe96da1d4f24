import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { doubted, type FileState, gone, observed, remaining, unknownFile } from './file-state.ts';

const content = { entries: [], problems: [], broken: true };
const patience = 5000;

describe('a file', () => {
  it('is unsettled from when it differs until it is as it was taken', () => {
    const settled: FileState = { kind: 'Settled', stamp: 'a' };
    expect(observed(settled, 'a', 1)).toEqual(settled);
    const changed = observed(settled, 'b', 10);
    expect(changed).toEqual({
      kind: 'Unsettled',
      taken: 'a',
      stamp: 'b',
      since: 10,
      stampSince: 10,
      content: undefined,
    });
    expect(observed(changed, 'b', 20)).toBe(changed);
    expect(observed(changed, 'c', 30)).toMatchObject({ taken: 'a', stamp: 'c', since: 10, stampSince: 30 });
    expect(observed(changed, 'a', 40)).toEqual(settled);
    expect(observed(changed, gone, 40)).toMatchObject({ stamp: gone });
    expect(observed(unknownFile, gone, 40)).toEqual(unknownFile);
  });

  it('keeps what was read of it only as long as it stays the same', () => {
    const changed = observed({ kind: 'Settled', stamp: 'a' }, 'b', 10);
    const read = doubted(changed, content);
    expect(observed(read, 'b', 20)).toMatchObject({ content });
    expect(observed(read, 'c', 20)).toMatchObject({ content: undefined });
  });

  it('must stay the same for the time required, by our clock or the file system', () => {
    const changed = observed(unknownFile, 'a', 100);
    expect(remaining(changed, 20, patience, { now: 100, age: 0 })).toBe(20);
    expect(remaining(changed, 20, patience, { now: 115, age: 0 })).toBe(5);
    expect(remaining(changed, 20, patience, { now: 120, age: 0 })).toBe(0);
    expect(remaining(changed, 20, patience, { now: 100, age: 15 })).toBe(5);
    expect(remaining(changed, 20, patience, { now: 100, age: 3_600_000 })).toBe(0);
  });

  it('starts again with each change, but not for ever', () => {
    let state = unknownFile;
    for (let now = 0; now < patience; now += 10) {
      state = observed(state, `stamp ${now}`, now);
      expect(remaining(state, 20, patience, { now, age: 0 })).toBe(20);
    }
    state = observed(state, 'last', patience);
    expect(remaining(state, 20, patience, { now: patience, age: 0 })).toBe(0);
  });

  it('never waits longer than what is required', () => {
    const looks = fc.array(fc.tuple(fc.constantFrom('a', 'b', gone), fc.nat(50)), { maxLength: 20 });
    fc.assert(
      fc.property(looks, fc.nat(300), fc.nat(1000), (steps, required, age) => {
        let state = unknownFile;
        let now = 0;
        for (const [stamp, pause] of steps) {
          now += pause;
          state = observed(state, stamp, now);
          const wait = remaining(state, required, patience, { now, age });
          expect(wait).toBeGreaterThanOrEqual(0);
          expect(wait).toBeLessThanOrEqual(required);
          if (state.kind === 'Settled') expect(wait).toBe(0);
        }
      }),
    );
  });
});
