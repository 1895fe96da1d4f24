import { describe, expect, it } from 'vitest';
import { errorText } from './error-text.ts';

describe('errorText', () => {
  it('gives the message', () => expect(errorText(new Error('no such file'))).toBe('no such file'));

  it('gives the name where there is no message', () => expect(errorText(new TypeError(''))).toBe('TypeError'));

  it('joins the parts of an AggregateError', () => {
    expect(errorText(new AggregateError([new Error('refused ::1'), new Error('refused 127.0.0.1')]))).toBe(
      'refused ::1; refused 127.0.0.1',
    );
  });

  it('prints what is not an error', () => expect(errorText('plain')).toBe('plain'));
});
