import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Answer = (response: ServerResponse, request: Seen) => void;

export interface Seen {
  readonly resource: string;
  readonly watch: boolean;
  readonly query: URLSearchParams;
  readonly authorization: string | undefined;
}

/** Answers each list and watch by script; what has no script left lists nothing and watches in silence. */
export class ScriptedServer {
  readonly seen: Seen[] = [];
  readonly #happened: () => void;
  readonly #scripts = new Map<string, Answer[]>();
  readonly #server = createServer((request, response) => this.#answer(request, response));

  /** `happened` is called after each request. */
  constructor(happened: () => void) {
    this.#happened = happened;
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  lists(...answers: Answer[]): void {
    this.#scripts.set('services list', answers);
  }

  watches(...answers: Answer[]): void {
    this.#scripts.set('services watch', answers);
  }

  of(kind: 'list' | 'watch'): readonly Seen[] {
    return this.seen.filter((seen) => seen.resource === 'services' && seen.watch === (kind === 'watch'));
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '/', 'http://test');
    const watch = url.searchParams.get('watch') === 'true';
    const resource = url.pathname.split('/').at(-1) ?? '';
    const { authorization } = request.headers;
    const seen = { resource, watch, query: url.searchParams, authorization };
    this.seen.push(seen);
    const answer = this.#scripts.get(`${resource} ${watch ? 'watch' : 'list'}`)?.shift();
    (answer ?? (watch ? stream() : list('1')))(response, seen);
    this.#happened();
  }
}

export function service(name: string, resourceVersion = '1', ip = '10.0.0.1') {
  return { metadata: { namespace: 'shop', name, resourceVersion }, spec: { clusterIP: ip } };
}

export function event(type: string, object: object): string {
  return `${JSON.stringify({ type, object })}\n`;
}

export function bookmark(resourceVersion: string): string {
  return event('BOOKMARK', { metadata: { resourceVersion } });
}

export function list(resourceVersion: string, items: readonly unknown[] = [], next = ''): Answer {
  return (response) => response.end(JSON.stringify({ metadata: { resourceVersion, continue: next }, items }));
}

export function status(code: number, reason: string, message: string, headers: Record<string, string> = {}): Answer {
  return (response) => {
    response.writeHead(code, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify({ kind: 'Status', code, reason, message }));
  };
}

/** Sends the parts and leaves the watch open. */
export function stream(...parts: readonly (string | Buffer)[]): Answer {
  return (response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    for (const part of parts) response.write(part);
  };
}

export function closing(...parts: readonly string[]): Answer {
  return (response) => response.end(parts.join(''));
}

/** Sends the parts and resets the connection when they are out. */
export function dropping(...parts: readonly string[]): Answer {
  return (response) => response.write(parts.join(''), () => response.socket?.destroy());
}
