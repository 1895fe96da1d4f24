import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { initialState, type Outcome, type ReflectorState, transition } from './reflector-state.ts';

const pacing = { baseMs: 500, capMs: 30_000, absentPollMs: 60_000 };

function follow(outcomes: readonly Outcome[], from: ReflectorState = initialState): ReflectorState {
  return outcomes.reduce((state, outcome) => transition(state, outcome, pacing, 0), from);
}

const listed: Outcome = { kind: 'Listed', resourceVersion: '7' };
const lost: Outcome = { kind: 'Lost', reason: 'expired', healthy: false };
const failed: Outcome = { kind: 'Failed', reason: 'refused', healthy: false };
const waited: Outcome = { kind: 'Waited' };

describe('transition', () => {
  it('lists in pages first and then watches from the version of the list', () => {
    expect(initialState).toEqual({ kind: 'Listing', paged: true, failures: 0, absences: 0 });
    expect(follow([listed])).toEqual({ kind: 'Watching', resourceVersion: '7', failures: 0, refusals: 0 });
  });

  it('lists all at once after a continue token expired', () => {
    expect(follow([{ kind: 'PageExpired' }])).toEqual({ kind: 'Listing', paged: false, failures: 0, absences: 0 });
  });

  it('watches on from where a healthy watch ended, without waiting', () => {
    const ended: Outcome = { kind: 'Ended', resourceVersion: '9', healthy: true };
    expect(follow([listed, ended])).toEqual({ kind: 'Watching', resourceVersion: '9', failures: 0, refusals: 0 });
  });

  it('waits before it repeats a watch that ended at once', () => {
    const state = follow([listed, { kind: 'Ended', resourceVersion: '7', healthy: false }]);
    const resume = { kind: 'Watching', resourceVersion: '7', failures: 1, refusals: 0 };
    expect(state).toEqual({ kind: 'Waiting', failures: 1, delayMs: 250, resume });
    expect(follow([waited], state)).toEqual(resume);
  });

  it('lists at once when it lost track, and waits when that repeats', () => {
    expect(follow([listed, lost])).toEqual({ kind: 'Listing', paged: true, failures: 1, absences: 0 });
    expect(follow([listed, lost, listed, lost])).toMatchObject({ kind: 'Waiting', failures: 2, delayMs: 500 });
  });

  it('resumes a failed watch from the version it had got to', () => {
    const state = follow([listed, { ...failed, resourceVersion: '8' }, waited]);
    expect(state).toEqual({ kind: 'Watching', resourceVersion: '8', failures: 1, refusals: 0 });
  });

  it('starts counting failures again after a healthy watch', () => {
    const state = follow([failed, waited, failed, waited, listed, { ...failed, healthy: true }]);
    expect(state).toMatchObject({ kind: 'Waiting', failures: 1 });
  });

  it('lists when the server failed three watches in a row, and only then', () => {
    const refused: Outcome = { ...failed, refused: true };
    const twice = [listed, refused, waited, refused, waited];
    expect(follow(twice)).toMatchObject({ kind: 'Watching', refusals: 2 });
    expect(follow([...twice, failed, waited])).toMatchObject({ kind: 'Watching', refusals: 2 });
    expect(follow([...twice, { ...refused, healthy: true }, waited])).toMatchObject({ kind: 'Watching', refusals: 1 });
    const listing = follow([...twice, refused, waited]);
    expect(listing).toMatchObject({ kind: 'Listing', paged: true, failures: 3 });
    expect(follow([listed], listing)).toMatchObject({ kind: 'Watching', failures: 3, refusals: 0 });
  });

  it('asks again soon for a kind that is absent, and rarely once that is believed', () => {
    const absent: Outcome = { kind: 'Absent', reason: '404' };
    expect(follow([absent])).toMatchObject({ kind: 'Waiting', failures: 0, delayMs: 250 });
    expect(follow([absent, waited, absent])).toMatchObject({ kind: 'Waiting', failures: 0, delayMs: 30_000 });
    expect(follow([absent, waited, absent, waited, absent])).toMatchObject({ kind: 'Waiting', delayMs: 30_000 });
    expect(follow([absent, waited, absent, waited, listed])).toMatchObject({ kind: 'Watching', failures: 0 });
    expect(follow([absent, waited, failed, waited])).toMatchObject({ kind: 'Listing', absences: 1 });
  });

  it('keeps paging as it was when a list fails', () => {
    const state = follow([{ kind: 'PageExpired' }, failed, waited]);
    expect(state).toEqual({ kind: 'Listing', paged: false, failures: 1, absences: 0 });
  });

  it('waits as long as the server asks, up to a minute', () => {
    expect(follow([{ ...failed, retryAfterMs: 4_000 }])).toMatchObject({ delayMs: 4_000 });
    expect(follow([{ ...failed, retryAfterMs: 3_600_000 }])).toMatchObject({ delayMs: 60_000 });
    expect(follow([{ ...failed, retryAfterMs: 1 }])).toMatchObject({ delayMs: 250 });
  });

  it('stops from every state and stays stopped', () => {
    for (const before of [[], [listed], [failed]]) {
      expect(follow([...before, { kind: 'Stopped' }, listed, lost, waited])).toEqual({ kind: 'Stopped' });
    }
  });

  it('never continues without a wait after two failures in a row', () => {
    const trouble = fc.constantFrom<Outcome>(failed, lost, { kind: 'Ended', resourceVersion: '1', healthy: false });
    fc.assert(
      fc.property(fc.array(trouble, { minLength: 2 }), (outcomes) => {
        let state: ReflectorState = { kind: 'Watching', resourceVersion: '1', failures: 0, refusals: 0 };
        for (const outcome of outcomes) {
          const next = transition(state, outcome, pacing, 0);
          if (state.kind === 'Watching' && state.failures > 0) expect(next.kind).toBe('Waiting');
          state = next.kind === 'Waiting' ? transition(next, waited, pacing, 0) : next;
          if (state.kind === 'Listing') state = transition(state, listed, pacing, 0);
        }
      }),
    );
  });
});
