import { expect, it } from 'vitest';
import { FirstRound } from './first-round.ts';

it('is over when each type was answered whole, or there was nothing to answer', () => {
  const round = new FirstRound();
  expect([round.requested('a'), round.requested('b'), round.requested('a')]).toEqual([true, true, false]);
  round.sent('a', true);
  round.nothingToSend(false);
  expect(round.isOver).toBe(false);
  round.sent('a', false);
  expect(round.isOver).toBe(true);
});

it('is over when the last part filled a response', () => {
  const round = new FirstRound();
  round.requested('a');
  round.sent('a', true);
  round.nothingToSend(true);
  expect(round.isOver).toBe(true);
});

it('begins again with a new type', () => {
  const round = new FirstRound();
  round.requested('a');
  round.nothingToSend(true);
  round.requested('b');
  expect(round.isOver).toBe(false);
});
