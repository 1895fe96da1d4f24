// Tells how what went through Envoy differs from what went directly, in the words of the table in docs/data-path.md.
import type { Http1Message } from './http1-message.ts';
import type { Http1Outcome } from './http1-run.ts';
import type { Http2Outcome, Http2Received } from './http2-run.ts';

/** Differences of one exchange: in what the server received (request), and the client (answer). */
export function http1Differences(direct: Http1Outcome, proxied: Http1Outcome): readonly string[] {
  const [answer] = proxied.client;
  if (answer === undefined && direct.client.length > 0) return ['closed without an answer'];
  if (proxied.server.length === 0) return [`refused: ${shown(answer?.startLine ?? '')}`];
  return [
    ...ofMessages('request', direct.server, proxied.server),
    ...ofMessages('answer', direct.client, proxied.client),
    ...changed('connection', direct.broken ?? 'answered', proxied.broken ?? 'answered'),
  ];
}

function ofMessages(side: string, direct: readonly Http1Message[], proxied: readonly Http1Message[]): string[] {
  const length = Math.max(direct.length, proxied.length);
  const pairs = Array.from({ length }, (_, index) => [direct[index], proxied[index]] as const);
  return pairs.flatMap(([before, after]) => {
    if (before === undefined) return [`${side}: + ${shown(after?.startLine ?? '')}`];
    if (after === undefined) return [`${side}: − ${shown(before.startLine)}`];
    return ofMessage(side, before, after);
  });
}

/** An answer with another status is another answer: the rest is not compared. */
function ofMessage(side: string, direct: Http1Message, proxied: Http1Message): string[] {
  const line = changed(side, direct.startLine, proxied.startLine);
  if (statusOf(direct.startLine) !== statusOf(proxied.startLine)) return line;
  return [
    ...line,
    ...linesChanged(side, direct.headers, proxied.headers),
    ...changed(`${side} framing`, direct.framing, proxied.framing),
    ...changed(`${side} body`, direct.body, proxied.body),
    ...changed(`${side} chunk extensions`, direct.chunkExtensions.join(), proxied.chunkExtensions.join()),
    ...linesChanged(`${side} trailers`, direct.trailers, proxied.trailers),
  ];
}

function statusOf(startLine: string): string | undefined {
  return /^HTTP\/1\.[01] (\d+)/.exec(startLine)?.[1];
}

export function http2Differences(direct: Http2Outcome, proxied: Http2Outcome): readonly string[] {
  const status = (headers: readonly string[]) => headers.filter((line) => line.startsWith(':status')).at(-1);
  if (direct.server.length > 0 && proxied.server.length === 0) {
    return [`refused: ${status(proxied.client.headers) ?? proxied.client.end}`];
  }
  return [
    ...changed('requests', String(direct.server.length), String(proxied.server.length)),
    ...ofStream('request', direct.server[0], proxied.server[0]),
    ...ofStream('answer', direct.client, proxied.client),
  ];
}

function ofStream(side: string, direct: Http2Received | undefined, proxied: Http2Received | undefined): string[] {
  if (direct === undefined || proxied === undefined) return [];
  return [
    ...linesChanged(side, direct.headers, proxied.headers),
    ...changed(`${side} body`, direct.body, proxied.body),
    ...linesChanged(`${side} trailers`, direct.trailers, proxied.trailers),
    ...changed(`${side} ends`, direct.end, proxied.end),
  ];
}

function changed(what: string, direct: string, proxied: string): string[] {
  return direct === proxied ? [] : [`${what}: ${shown(direct)} → ${shown(proxied)}`];
}

/** Lines that went or came, and whether the others are in another order. */
function linesChanged(what: string, direct: readonly string[], proxied: readonly string[]): string[] {
  const gone = without(direct, proxied);
  const come = without(proxied, direct);
  const lines = [
    ...gone.map((line) => `${what}: − ${shown(line)}`),
    ...come.map((line) => `${what}: + ${shown(line)}`),
  ];
  const isReordered = without(direct, gone).join('\n') !== without(proxied, come).join('\n');
  return isReordered ? [...lines, `${what}: another order`] : lines;
}

/** The lines that are left when each of the others is taken out once. */
function without(lines: readonly string[], others: readonly string[]): readonly string[] {
  const rest = [...others];
  return lines.filter((line) => {
    const at = rest.indexOf(line);
    if (at >= 0) rest.splice(at, 1);
    return at < 0;
  });
}

/** Short, visible, and without what changes from run to run. */
function shown(text: string): string {
  const still = text.replace(/^(date: ).*/i, '$1…');
  const visible = [...still].map((character) => (/[ -~…]/.test(character) ? character : escaped(character))).join('');
  return visible.length > 60 ? `${visible.slice(0, 57)}…` : visible || 'nothing';
}

function escaped(character: string): string {
  return `%${character.charCodeAt(0).toString(16).padStart(2, '0').toUpperCase()}`;
}
