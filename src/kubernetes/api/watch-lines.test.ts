import { describe, expect, it } from 'vitest';
import { readWatchLines } from './watch-lines.ts';

function event(type: string, resourceVersion: string): Buffer {
  return Buffer.from(JSON.stringify({ type, object: { kind: 'Service', metadata: { resourceVersion } } }));
}

function endOf(line: Buffer | string) {
  return readWatchLines([Buffer.from(line)], '5').end;
}

describe('readWatchLines', () => {
  it('gives events in order and the version to resume from', () => {
    const told = readWatchLines([event('ADDED', '6'), event('DELETED', '7'), event('BOOKMARK', '9')], '5');
    expect(told.events.map((e) => e.deleted)).toEqual([false, true]);
    expect(told).toMatchObject({ bookmarks: 1, resourceVersion: '9', end: undefined });
  });

  it('reads nothing after the line that ends the watch, and keeps what came before', () => {
    const told = readWatchLines([event('ADDED', '6'), Buffer.from('{'), event('ADDED', '7')], '5');
    expect(told.events).toHaveLength(1);
    expect(told.resourceVersion).toBe('6');
    expect(told.end).toEqual({ kind: 'Unreadable', reason: 'A line of the watch is not a JSON object: "{"' });
  });

  it('reads the status of an ERROR event', () => {
    const status = { code: 410, reason: 'Expired', message: 'too old resource version: 5 (9)' };
    expect(endOf(JSON.stringify({ type: 'ERROR', object: { kind: 'Status', ...status } }))).toEqual({
      kind: 'Error',
      status,
    });
    expect(endOf('{"type":"ERROR","object":"boom"}')).toEqual({
      kind: 'Error',
      status: { code: undefined, reason: '', message: '' },
    });
  });

  it('takes a version that the server does not know yet as expired', () => {
    const object = { code: 504, reason: 'Timeout', details: { causes: [{ reason: 'ResourceVersionTooLarge' }] } };
    expect(endOf(JSON.stringify({ type: 'ERROR', object }))).toMatchObject({ status: { reason: 'Expired' } });
  });

  it.each([
    ['[]', 'is not a JSON object'],
    ['null', 'is not a JSON object'],
    ['{"type":"RENAMED","object":{}}', 'has the unknown type "RENAMED"'],
    ['{"object":{}}', 'has the unknown type undefined'],
    ['{"type":"ADDED","object":{}}', 'of type ADDED has no object with metadata.resourceVersion'],
    ['{"type":"MODIFIED"}', 'of type MODIFIED has no object with metadata.resourceVersion'],
    ['{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":7}}}', 'of type BOOKMARK has no object'],
  ])('ends at %s', (line, reason) => {
    expect(endOf(line)).toMatchObject({ kind: 'Unreadable', reason: expect.stringContaining(reason) });
  });

  it('ends at bytes that are not UTF-8', () => {
    expect(endOf(Buffer.from([0x22, 0xff, 0x22]))).toMatchObject({ kind: 'Unreadable' });
  });

  it('ends where the version goes back, compared as numbers', () => {
    expect(readWatchLines([event('ADDED', '10')], '9').end).toBeUndefined();
    expect(readWatchLines([event('ADDED', '9')], '10').end).toEqual({
      kind: 'Unreadable',
      reason: 'A line of the watch goes back from version 10 to 9',
    });
    expect(readWatchLines([event('BOOKMARK', '10')], '10').end).toBeUndefined();
  });
});
