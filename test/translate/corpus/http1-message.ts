// Reads what came over a connection as HTTP/1.x messages, byte by byte (latin1), without judging them.

export interface Http1Message {
  readonly startLine: string;
  /** As they came: `Name: value`. */
  readonly headers: readonly string[];
  readonly framing: 'None' | 'Length' | 'Chunked' | 'Close' | 'Tunnel';
  readonly body: string;
  readonly trailers: readonly string[];
  /** Whatever follows the size of a chunk. */
  readonly chunkExtensions: readonly string[];
  readonly isComplete: boolean;
}

interface Read {
  readonly message: Http1Message;
  readonly end: number;
}

/** @param methods of the requests that answers belong to; undefined when the bytes are requests */
export function messagesOf(bytes: string, methods: readonly string[] | undefined, hasEnded: boolean): Http1Message[] {
  const messages: Http1Message[] = [];
  const waiting = methods === undefined ? undefined : [...methods];
  for (let at = 0; at < bytes.length; ) {
    if (methods === undefined && bytes.startsWith('\r\n', at)) {
      at += 2;
      continue;
    }
    const read = messageAt(bytes, at, waiting === undefined ? undefined : (waiting[0] ?? 'GET'), hasEnded);
    messages.push(read.message);
    if (!isInterim(read.message.startLine)) waiting?.shift();
    at = read.end;
  }
  return messages;
}

export function isInterim(startLine: string): boolean {
  return /^HTTP\/1\.[01] 1(?!01)\d\d/.test(startLine);
}

function messageAt(bytes: string, start: number, method: string | undefined, hasEnded: boolean): Read {
  const headEnd = bytes.indexOf('\r\n\r\n', start);
  if (headEnd < 0) return { message: incomplete(bytes.slice(start)), end: bytes.length };
  const [startLine = '', ...headers] = bytes.slice(start, headEnd).split('\r\n');
  const framing = framingOf(startLine, headers, method);
  const body = bodyAt(bytes, headEnd + 4, framing, headers, hasEnded);
  return { message: { startLine, headers, framing, ...body.part }, end: body.end };
}

function incomplete(startLine: string): Http1Message {
  const nothing = { headers: [], body: '', trailers: [], chunkExtensions: [] };
  return { startLine, framing: 'None', isComplete: false, ...nothing };
}

export function headerOf(headers: readonly string[], name: string): string | undefined {
  const found = headers.find((line) => line.toLowerCase().startsWith(`${name}:`));
  return found?.slice(name.length + 1).trim();
}

function framingOf(startLine: string, headers: readonly string[], method: string | undefined): Http1Message['framing'] {
  if (method === undefined && startLine.startsWith('CONNECT ')) return 'Tunnel';
  const status = /^HTTP\/1\.[01] (\d+)/.exec(startLine)?.[1] ?? '';
  if (status === '101' || (method === 'CONNECT' && status.startsWith('2'))) return 'Tunnel';
  if (method !== undefined && (method === 'HEAD' || /^(1..|204|304)$/.test(status))) return 'None';
  if (/chunked/i.test(headerOf(headers, 'transfer-encoding') ?? '')) return 'Chunked';
  if (headerOf(headers, 'content-length') !== undefined) return 'Length';
  return method === undefined ? 'None' : 'Close';
}

interface Body {
  readonly part: Pick<Http1Message, 'body' | 'trailers' | 'chunkExtensions' | 'isComplete'>;
  readonly end: number;
}

function bodyAt(
  bytes: string,
  start: number,
  framing: Http1Message['framing'],
  headers: readonly string[],
  hasEnded: boolean,
): Body {
  if (framing === 'Chunked') return chunksAt(bytes, start);
  const length = lengthOf(framing, headers, bytes.length - start);
  const body = bytes.slice(start, start + length);
  const isComplete = framing === 'Close' ? hasEnded : body.length === length;
  return { part: { body, trailers: [], chunkExtensions: [], isComplete }, end: start + body.length };
}

function lengthOf(framing: Http1Message['framing'], headers: readonly string[], rest: number): number {
  if (framing === 'None') return 0;
  return framing === 'Length' ? Number.parseInt(headerOf(headers, 'content-length') ?? '0', 10) : rest;
}

function chunksAt(bytes: string, start: number): Body {
  let body = '';
  const chunkExtensions: string[] = [];
  for (let at = start; ; ) {
    const lineEnd = bytes.indexOf('\r\n', at);
    const [, digits = '', extension = ''] = /^([0-9a-fA-F]+)(.*)$/.exec(bytes.slice(at, Math.max(lineEnd, at))) ?? [];
    const size = Number.parseInt(digits, 16);
    const dataEnd = lineEnd + 2 + size;
    if (extension !== '') chunkExtensions.push(extension);
    if (size === 0) return trailersAt(bytes, lineEnd, body, chunkExtensions);
    if (Number.isNaN(size) || lineEnd < 0 || dataEnd + 2 > bytes.length) {
      return { part: { body, trailers: [], chunkExtensions, isComplete: false }, end: bytes.length };
    }
    body += bytes.slice(lineEnd + 2, dataEnd);
    at = dataEnd + 2;
  }
}

/** From the end of the line of the last chunk, whose size is 0. */
function trailersAt(bytes: string, lineEnd: number, body: string, chunkExtensions: readonly string[]): Body {
  const end = bytes.indexOf('\r\n\r\n', lineEnd);
  const trailers = end > lineEnd ? bytes.slice(lineEnd + 2, end).split('\r\n') : [];
  return { part: { body, trailers, chunkExtensions, isComplete: end >= 0 }, end: end < 0 ? bytes.length : end + 4 };
}
