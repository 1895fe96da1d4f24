import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LineSplitter } from './line-splitter.ts';

function split(chunks: readonly Buffer[]): readonly string[] {
  const splitter = new LineSplitter(1_000_000);
  return chunks.flatMap((chunk) => splitter.push(chunk)).map((line) => line.toString('utf8'));
}

describe('LineSplitter', () => {
  it('gives the same lines however the bytes are cut', () => {
    const text = fc.array(fc.string({ unit: 'grapheme', minLength: 1 }).map((line) => line.replaceAll('\n', ' ')));
    fc.assert(
      fc.property(text, fc.array(fc.nat(200)), (lines, cuts) => {
        const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''));
        const edges = [0, ...cuts.filter((cut) => cut < bytes.length).sort((a, b) => a - b), bytes.length];
        const chunks = edges.slice(1).map((edge, index) => bytes.subarray(edges[index], edge));
        expect(split(chunks)).toEqual(lines);
      }),
    );
  });

  it('keeps a character whole that two chunks cut apart', () => {
    const bytes = Buffer.from('{"name":"zürich-東京-🌍"}\n');
    expect(split([...bytes].map((byte) => Buffer.from([byte])))).toEqual(['{"name":"zürich-東京-🌍"}']);
  });

  it('leaves out empty lines and keeps what has not ended', () => {
    expect(split([Buffer.from('\n\na\n\nb')])).toEqual(['a']);
  });

  it('refuses a line that is longer than allowed, whether it ends or not', () => {
    expect(() => new LineSplitter(3).push(Buffer.from('abcd\n'))).toThrow('longer than 3 bytes');
    const splitter = new LineSplitter(3);
    expect(splitter.push(Buffer.from('abc'))).toEqual([]);
    expect(() => splitter.push(Buffer.from('d'))).toThrow('longer than 3 bytes');
  });
});
