import { quote } from '../problem-list.ts';

/** What JSON.parse does not tell of a text that it took. */
export interface JsonShape {
  /** Where the value stands, and the elements of the list `items` in it; from 1. */
  readonly line: number;
  readonly itemLines: ReadonlyMap<number, number>;
  /** The first thing that makes the text unfit. */
  readonly failure: { readonly line: number; readonly reason: string } | undefined;
}

interface Frame {
  /** Of an object: the keys so far. */
  readonly keys: Set<string> | undefined;
  readonly isItems: boolean;
  expectsKey: boolean;
  lastKey: string;
  /** Of a list: the element that stands here. */
  index: number;
}

const codes = { newline: 0x0a, quote: 0x22, comma: 0x2c, openList: 0x5b, closeList: 0x5d, open: 0x7b, close: 0x7d };

/** Walks once over a text that JSON.parse has accepted; only that makes its short cuts right. */
export function scanJson(text: string, maxDepth: number): JsonShape {
  return new JsonScan(text, maxDepth).run();
}

class JsonScan {
  readonly #text: string;
  readonly #maxDepth: number;
  readonly #stack: Frame[] = [];
  readonly #itemLines = new Map<number, number>();
  #line = 1;
  #start: number | undefined;
  #failure: JsonShape['failure'];

  constructor(text: string, maxDepth: number) {
    this.#text = text;
    this.#maxDepth = maxDepth;
  }

  run(): JsonShape {
    for (let at = 0; at < this.#text.length && this.#failure === undefined; at += 1) at = this.#step(at);
    return { line: this.#start ?? 1, itemLines: this.#itemLines, failure: this.#failure };
  }

  /** Gives the last position that it has dealt with. */
  #step(at: number): number {
    switch (this.#text.charCodeAt(at)) {
      case codes.newline:
        this.#line += 1;
        return at;
      case codes.quote:
        return this.#string(at);
      case codes.open:
        this.#push(true);
        return at;
      case codes.openList:
        this.#push(false);
        return at;
      case codes.close:
      case codes.closeList:
        this.#stack.pop();
        return at;
      case codes.comma:
        this.#comma();
        return at;
      default:
        return at;
    }
  }

  #push(isObject: boolean): void {
    const parent = this.#stack.at(-1);
    this.#start ??= this.#line;
    if (parent?.isItems === true) this.#itemLines.set(parent.index, this.#line);
    if (this.#stack.length >= this.#maxDepth) this.#fail(`is nested deeper than ${this.#maxDepth} levels`);
    this.#stack.push({
      keys: isObject ? new Set() : undefined,
      isItems: !isObject && this.#stack.length === 1 && parent?.lastKey === 'items',
      expectsKey: isObject,
      lastKey: '',
      index: 0,
    });
  }

  #comma(): void {
    const frame = this.#stack.at(-1);
    if (frame === undefined) return;
    frame.index += 1;
    frame.expectsKey = frame.keys !== undefined;
  }

  #string(at: number): number {
    const end = endOfString(this.#text, at);
    const frame = this.#stack.at(-1);
    if (frame?.expectsKey === true) this.#key(frame, this.#text.slice(at + 1, end));
    return end;
  }

  #key(frame: Frame, raw: string): void {
    const key = raw.includes('\\') ? String(JSON.parse(`"${raw}"`)) : raw;
    if (frame.keys?.has(key) === true) this.#fail(`the key ${quote(key)} occurs twice in one object`);
    frame.keys?.add(key);
    frame.expectsKey = false;
    frame.lastKey = key;
  }

  #fail(reason: string): void {
    this.#failure ??= { line: this.#line, reason };
  }
}

/** The closing quote: the first that an even number of backslashes precedes. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (text[end - 1 - backslashes] === '\\') backslashes += 1;
    if (backslashes % 2 === 0) return end;
  }
  return text.length;
}
