import { EventEmitter } from 'node:events';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { surviveExceptions } from './exceptions.ts';

describe('an exception that nothing catches (X7)', () => {
  function started(write: (line: string) => void) {
    const process = new EventEmitter();
    const seen = { exceptions: 0, exits: [] as number[] };
    const onException = () => {
      seen.exceptions += 1;
    };
    const logger = pino({ errorKey: 'error', serializers: { error: pino.stdSerializers.err } }, { write });
    surviveExceptions(process, { logger, onException, exit: (code) => seen.exits.push(code) });
    return { process, seen };
  }

  it('is logged and counted, and the process continues', () => {
    const lines: string[] = [];
    const { process, seen } = started((line) => lines.push(line));
    process.emit('uncaughtException', new Error('of the stand-in'), 'unhandledRejection');
    expect(seen).toEqual({ exceptions: 1, exits: [] });
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      msg: 'An exception was not caught',
      origin: 'unhandledRejection',
      error: { message: 'of the stand-in' },
    });
  });

  it('is fatal when there are too many of them', () => {
    const { process, seen } = started(() => undefined);
    for (let index = 0; index < 20; index += 1) process.emit('uncaughtException', new Error('again'));
    expect(seen.exits).toEqual([]);
    process.emit('uncaughtException', new Error('again'));
    expect(seen.exits).toEqual([1]);
  });

  it('is fatal when it cannot be told', () => {
    const { process, seen } = started(() => {
      throw new Error('standard error is closed');
    });
    process.emit('uncaughtException', new Error('of the stand-in'));
    expect(seen.exits).toEqual([1]);
  });
});
