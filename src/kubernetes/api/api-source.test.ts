import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ModelChange, ModelStore, type ModelUpdate } from '../../model/model.ts';
import { formatProblem, type Problem } from '../../model/problem.ts';
import type { Conversion } from '../convert.ts';
import type { SourceListener } from '../source.ts';
import { ApiSource } from './api-source.ts';
import { isRecord } from './json.ts';
import type { ReflectorLimits } from './limits.ts';

type Answer = (response: ServerResponse, request: Seen) => void;

interface Seen {
  readonly resource: string;
  readonly watch: boolean;
  readonly query: URLSearchParams;
  readonly authorization: string | undefined;
}

/** Wakes whoever waits for a condition each time that something happened. */
class Happenings {
  readonly #waiting = new Set<() => void>();

  notify(): void {
    for (const wake of [...this.#waiting]) wake();
  }

  until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const check = () => {
        if (!condition()) return;
        this.#waiting.delete(check);
        resolve();
      };
      this.#waiting.add(check);
      check();
    });
  }
}

/** Answers each list and watch by script; what has no script left lists nothing and watches in silence. */
class ScriptedServer {
  readonly seen: Seen[] = [];
  readonly #happenings: Happenings;
  readonly #scripts = new Map<string, Answer[]>();
  readonly #server = createServer((request, response) => this.#answer(request, response));

  constructor(happenings: Happenings) {
    this.#happenings = happenings;
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
    this.#happenings.notify();
  }
}

function service(name: string, resourceVersion = '1', ip = '10.0.0.1') {
  return { metadata: { namespace: 'shop', name, resourceVersion }, spec: { clusterIP: ip } };
}

function event(type: string, object: object): string {
  return `${JSON.stringify({ type, object })}\n`;
}

function bookmark(resourceVersion: string): string {
  return event('BOOKMARK', { metadata: { resourceVersion } });
}

function list(resourceVersion: string, items: readonly unknown[] = [], next = ''): Answer {
  return (response) => response.end(JSON.stringify({ metadata: { resourceVersion, continue: next }, items }));
}

function status(code: number, reason: string, message: string, headers: Record<string, string> = {}): Answer {
  return (response) => {
    response.writeHead(code, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify({ kind: 'Status', code, reason, message }));
  };
}

/** Sends the parts and leaves the watch open. */
function stream(...parts: readonly (string | Buffer)[]): Answer {
  return (response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    for (const part of parts) response.write(part);
  };
}

function closing(...parts: readonly string[]): Answer {
  return (response) => response.end(parts.join(''));
}

/** Sends the parts and resets the connection when they are out. */
function dropping(...parts: readonly string[]): Answer {
  return (response) => response.write(parts.join(''), () => response.socket?.destroy());
}

/** Stands in for the real conversion: enough of a Service to tell them apart. */
function convert(object: unknown): Conversion {
  if (!isRecord(object) || !isRecord(object['metadata'])) return { update: undefined, problems: [] };
  const { namespace, name } = object['metadata'];
  const key = `${namespace}/${name}`;
  if (object['kind'] !== 'Service') return { update: undefined, problems: [] };
  if (name === 'poison') throw new Error('No such number');
  const clusterIP = isRecord(object['spec']) ? String(object['spec']['clusterIP']) : '';
  const problems = clusterIP === 'bad' ? [{ object: key, field: 'spec.clusterIP', reason: 'is no address' }] : [];
  const value = {
    namespace: String(namespace),
    name: String(name),
    createdAt: '',
    clusterIPs: [clusterIP],
    ports: [],
    internalTrafficPolicy: 'Cluster',
    sessionAffinity: { kind: 'None' },
    policy: {},
  } as const;
  return { update: { kind: 'Service', key, value }, problems };
}

class Recorder implements SourceListener {
  readonly store = new ModelStore();
  readonly batches: (readonly ModelUpdate[])[] = [];
  readonly changes: ModelChange[] = [];
  readonly allProblems = new Map<string, readonly Problem[]>();
  syncs = 0;
  failNext = false;
  readonly #happenings: Happenings;

  constructor(happenings: Happenings) {
    this.#happenings = happenings;
  }

  update(updates: readonly ModelUpdate[]): void {
    if (this.failNext) {
      this.failNext = false;
      throw new Error('The listener broke');
    }
    this.batches.push(updates);
    const change = this.store.apply(updates);
    if (change !== undefined) this.changes.push(change);
    this.#happenings.notify();
  }

  problems(origin: string, problems: readonly Problem[]): void {
    if (problems.length === 0) this.allProblems.delete(origin);
    else this.allProblems.set(origin, problems);
    this.#happenings.notify();
  }

  synced(): void {
    this.syncs += 1;
    this.#happenings.notify();
  }

  get names(): readonly string[] {
    return [...this.store.services.keys()].sort();
  }

  get problemTexts(): readonly string[] {
    return [...this.allProblems.values()].flat().map(formatProblem);
  }
}

let happenings: Happenings;
let server: ScriptedServer;
let address: string;
let folder: string;
let recorder: Recorder;
let logs: Record<string, unknown>[];
let source: ApiSource;

beforeEach(async () => {
  happenings = new Happenings();
  server = new ScriptedServer(happenings);
  address = await server.listen();
  folder = mkdtempSync(join(tmpdir(), 'fairlead-api-'));
  recorder = new Recorder(happenings);
  logs = [];
});

afterEach(async () => {
  await source.stop();
  await server.close();
  rmSync(folder, { recursive: true });
});

function start(limits: Partial<ReflectorLimits> = {}, user: object = {}): void {
  const path = join(folder, 'kubeconfig');
  const kubeconfig = {
    clusters: [{ name: 'c', cluster: { server: address, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  };
  writeFileSync(path, JSON.stringify(kubeconfig));
  const logger = pino(
    { level: 'debug' },
    {
      write: (line: string) => {
        logs.push(JSON.parse(line));
        happenings.notify();
      },
    },
  );
  source = new ApiSource({
    origin: { kind: 'kubeconfig', path },
    logger,
    convert,
    limits: { backoffBaseMs: 10, backoffCapMs: 50, ...limits },
  });
  source.start(recorder);
}

const logged = (msg: string) => logs.filter((line) => line['msg'] === msg && line['resource'] === 'services');

describe('listing', () => {
  it('asks for pages with the selectors of the contract and watches from the version of the list', async () => {
    server.lists(
      list('20', [service('a')], 'token-1'),
      list('20', [service('b')], 'token-2'),
      list('20', [service('c')]),
    );
    start();
    await happenings.until(() => server.of('watch').length === 1 && recorder.syncs === 1);
    const pages = server.of('list').map(({ query }) => [query.get('limit'), query.get('continue')]);
    expect(pages).toEqual([
      ['500', null],
      ['500', 'token-1'],
      ['500', 'token-2'],
    ]);
    expect(recorder.names).toEqual(['shop/a', 'shop/b', 'shop/c']);
    expect(recorder.batches).toHaveLength(1);
    const watch = server.of('watch')[0]?.query;
    expect(watch?.get('resourceVersion')).toBe('20');
    expect(watch?.get('allowWatchBookmarks')).toBe('true');
    expect(Number(watch?.get('timeoutSeconds'))).toBeGreaterThanOrEqual(300);
    expect(Number(watch?.get('timeoutSeconds'))).toBeLessThanOrEqual(600);
    const labels = '!service.kubernetes.io/service-proxy-name,!service.kubernetes.io/headless';
    for (const { resource, query } of server.seen) {
      expect(query.get('labelSelector')).toBe(resource === 'nodes' ? null : labels);
      expect(query.get('fieldSelector')).toBe(resource === 'services' ? 'spec.clusterIP!=None' : null);
    }
  });

  it('is synced only when every kind was listed, and names those that were not', async () => {
    let answer = () => {};
    server.lists((response, seen) => {
      answer = () => list('5', [service('a')])(response, seen);
    });
    start();
    expect(source.blockers()).toEqual(['services', 'endpointslices', 'nodes']);
    await happenings.until(() => server.seen.filter((seen) => seen.watch).length === 2);
    expect(source.blockers()).toEqual(['services']);
    expect(recorder.syncs).toBe(0);
    answer();
    await happenings.until(() => recorder.syncs === 1);
    expect(source.blockers()).toEqual([]);
    expect(recorder.names).toEqual(['shop/a']);
  });

  it('lists all at once when a page token expires, and tells nothing of the broken list', async () => {
    server.lists(
      list('20', [service('a')], 'token'),
      status(410, 'Expired', 'The provided continue parameter is too old'),
      list('30', [service('b')]),
    );
    start();
    await happenings.until(() => server.of('watch').length === 1);
    expect(server.of('list').map(({ query }) => query.get('limit'))).toEqual(['500', '500', null]);
    expect(recorder.batches).toHaveLength(1);
    expect(recorder.names).toEqual(['shop/b']);
    expect(server.of('watch')[0]?.query.get('resourceVersion')).toBe('30');
  });

  it('takes a list that comes a few bytes at a time', async () => {
    const text = Buffer.from(JSON.stringify({ metadata: { resourceVersion: '3' }, items: [service('zürich')] }));
    server.lists((response) => {
      const send = (at: number) => {
        if (at >= text.length) response.end();
        else response.write(text.subarray(at, at + 5), () => setImmediate(send, at + 5));
      };
      send(0);
    });
    start();
    await happenings.until(() => recorder.names.length === 1);
    expect(recorder.names).toEqual(['shop/zürich']);
  });

  it('repeats a list that hangs', async () => {
    server.lists(
      () => {},
      (response) => response.write('{"metadata":'),
      list('3', [service('a')]),
    );
    start({ listIdleMs: 200 });
    await happenings.until(() => recorder.names.length === 1);
    expect(logged('Failed to list objects').map((line) => line['reason'])).toEqual([
      `API server ${address} could not be reached: No byte came for 200 ms`,
      `API server ${address} could not be reached: No byte came for 200 ms`,
    ]);
  });

  it('waits as long as the server asks for (429)', async () => {
    server.lists(status(429, 'TooManyRequests', 'slow down', { 'retry-after': '1' }), list('3', [service('a')]));
    start();
    await happenings.until(() => recorder.names.length === 1);
    expect(logged('Failed to list objects')).toMatchObject([{ retryInMs: 1000, level: 50 }]);
  });

  it('says what was refused, and by whom', async () => {
    const message = 'services is forbidden: User "u" cannot list resource "services"';
    server.lists(status(403, 'Forbidden', message), list('3', [service('a')]));
    start();
    await happenings.until(() => recorder.names.length === 1);
    expect(logged('Failed to list objects')).toMatchObject([
      { server: address, reason: `API server ${address} answered 403 Forbidden: ${message}` },
    ]);
    expect(source.stats().get('services')).toMatchObject({ errors: 1, lists: 1, objects: 1 });
  });

  it.each(['<html>login</html>', '[]', '{"metadata":{}}', '{"metadata":{"resourceVersion":"1"},"items":{}}'])(
    'repeats a list that is none: %s',
    async (body) => {
      server.lists((response) => response.end(body), list('3', [service('a')]));
      start();
      await happenings.until(() => recorder.names.length === 1);
      expect(logged('Failed to list objects')).toHaveLength(1);
    },
  );

  it('refuses a page that is too large', async () => {
    server.lists((response) => response.end('x'.repeat(5_000)), list('3', [service('a')]));
    start({ maxPageBytes: 4_000 });
    await happenings.until(() => recorder.names.length === 1);
    expect(logged('Failed to list objects')[0]?.['reason']).toContain('an answer longer than 4000 bytes');
  });

  it('names the address that does not answer', async () => {
    await server.close();
    start();
    await happenings.until(() => logged('Failed to list objects').length > 1);
    expect(logged('Failed to list objects')[0]?.['reason']).toContain(`API server ${address} could not be reached`);
    expect(logged('Failed to list objects')[0]?.['reason']).toContain('ECONNREFUSED');
    expect(source.blockers()).toContain('services');
    server = new ScriptedServer(happenings);
    await server.listen();
  });

  it('reports objects it cannot use and goes on with the others', async () => {
    server.lists(list('3', [null, { metadata: {} }, service('poison'), service('odd', '1', 'bad'), service('good')]));
    server.watches(
      stream(event('MODIFIED', service('odd', '4', '10.0.0.2')), event('DELETED', service('poison', '5'))),
    );
    start();
    await happenings.until(() => recorder.batches.length === 2);
    expect(recorder.names).toEqual(['shop/good', 'shop/odd']);
    expect(recorder.problemTexts).toEqual([
      'Service (unnamed) metadata.name: is missing; the object was skipped',
      'Service (unnamed) metadata.name: is missing; the object was skipped',
    ]);
  });
});

describe('watching', () => {
  it('tells the events of one chunk as one batch', async () => {
    server.lists(list('5', [service('a')]));
    server.watches(
      stream(
        event('ADDED', service('b', '6')) +
          event('MODIFIED', service('b', '7', '10.0.0.9')) +
          event('DELETED', service('a', '8')),
      ),
    );
    start();
    await happenings.until(() => recorder.batches.length === 2);
    expect(recorder.batches[1]?.map((update) => [update.key, update.value !== undefined])).toEqual([
      ['shop/b', true],
      ['shop/b', true],
      ['shop/a', false],
    ]);
    expect(recorder.names).toEqual(['shop/b']);
    expect(source.stats().get('services')).toMatchObject({ events: 3, objects: 1, lists: 1, watches: 1 });
  });

  it.each([
    ['an ERROR event', stream(event('ERROR', { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' }))],
    ['its answer', status(410, 'Expired', 'too old resource version')],
  ])('lists anew when the version expired, told by %s, and tells the difference as one batch', async (_, expired) => {
    server.lists(
      list('5', [service('a'), service('b')]),
      list('50', [service('b', '40', '10.0.0.7'), service('c', '41')]),
    );
    server.watches(expired);
    start();
    await happenings.until(() => server.of('watch').length === 2);
    expect(recorder.batches).toHaveLength(2);
    expect(recorder.names).toEqual(['shop/b', 'shop/c']);
    expect(recorder.changes[1]?.services).toEqual(new Set(['shop/a', 'shop/b', 'shop/c']));
    expect(server.of('watch')[1]?.query.get('resourceVersion')).toBe('50');
  });

  it('gets an event again that was cut off by a broken connection', async () => {
    const second = event('ADDED', service('b', '7'));
    server.lists(list('5'));
    server.watches(dropping(event('ADDED', service('a', '6')) + second.slice(0, 20)), stream(second));
    start();
    await happenings.until(() => recorder.names.length === 2);
    expect(server.of('watch').map(({ query }) => query.get('resourceVersion'))).toEqual(['5', '6']);
    expect(server.of('list')).toHaveLength(1);
    expect(recorder.problemTexts).toEqual([]);
  });

  it('gets an event again that was cut off by an orderly end', async () => {
    const second = event('ADDED', service('b', '7'));
    server.lists(list('5'));
    server.watches(closing(event('ADDED', service('a', '6')), second.slice(0, -5)), stream(second));
    start();
    await happenings.until(() => recorder.names.length === 2);
    expect(server.of('watch').map(({ query }) => query.get('resourceVersion'))).toEqual(['5', '6']);
  });

  it('resumes after a half-open connection from the last bookmark', async () => {
    server.lists(list('5', [service('a')]));
    server.watches(stream(bookmark('90')), stream(event('ADDED', service('b', '91'))));
    start({ watchIdleMs: 300 });
    await happenings.until(() => recorder.names.length === 2);
    expect(server.of('watch')[1]?.query.get('resourceVersion')).toBe('90');
    expect(server.of('list')).toHaveLength(1);
    expect(logged('Watch was interrupted')[0]?.['reason']).toContain('No byte came for 300 ms');
  });

  it('reopens streams of bookmarks only without listing or waiting', async () => {
    server.lists(list('5', [service('a')]));
    server.watches(closing(bookmark('6'), bookmark('7')), closing(bookmark('8')), stream(bookmark('9')));
    start({ backoffBaseMs: 3_600_000, backoffCapMs: 3_600_000 });
    await happenings.until(() => server.of('watch').length === 3);
    expect(server.of('watch').map(({ query }) => query.get('resourceVersion'))).toEqual(['5', '7', '8']);
    expect(server.of('list')).toHaveLength(1);
    expect(recorder.batches).toHaveLength(1);
  });

  it('changes nothing at events that come twice', async () => {
    const twice = event('MODIFIED', service('a', '6', '10.0.0.5'));
    server.lists(list('5', [service('a')]));
    server.watches(stream(twice + twice, event('ADDED', service('b', '7'))));
    start();
    await happenings.until(() => recorder.names.length === 2);
    expect(recorder.store.services.get('shop/a')?.clusterIPs).toEqual(['10.0.0.5']);
    expect(recorder.problemTexts).toEqual([]);
    expect(server.of('list')).toHaveLength(1);
  });

  it.each([
    ['a line that is not JSON', '{"type":"ADDED","object":{\n'],
    ['an unknown type', event('RENAMED', service('b', '6'))],
    ['a version that goes back', event('ADDED', service('b', '4'))],
    ['a line that is too long', event('ADDED', service('b'.repeat(3_000), '6'))],
  ])('lists anew after %s, and says so until then', async (_, line) => {
    let answer = () => {};
    server.lists(list('5', [service('a')]), (response, seen) => {
      answer = () => list('9', [service('c')])(response, seen);
    });
    server.watches(stream(line));
    start({ maxLineBytes: 2_000 });
    await happenings.until(() => server.of('list').length === 2);
    expect(recorder.problemTexts).toEqual([
      expect.stringMatching(/^Watch of services: A line of the watch .*; all services were listed anew$/),
    ]);
    expect(recorder.names).toEqual(['shop/a']);
    answer();
    await happenings.until(() => recorder.names.includes('shop/c'));
    expect(recorder.names).toEqual(['shop/c']);
    expect(recorder.problemTexts).toEqual([]);
  });

  it('keeps what it knows and resumes while the server fails', async () => {
    const failing = stream(event('ERROR', { kind: 'Status', code: 500, reason: 'InternalError', message: 'etcd' }));
    server.lists(list('5', [service('a')]));
    server.watches(
      status(500, 'InternalError', 'etcd is away'),
      status(503, '', ''),
      failing,
      (response) => response.socket?.destroy(),
      stream(event('ADDED', service('b', '6'))),
    );
    start();
    await happenings.until(() => recorder.names.length === 2);
    expect(server.of('list')).toHaveLength(1);
    expect(server.of('watch').map(({ query }) => query.get('resourceVersion'))).toEqual(['5', '5', '5', '5', '5']);
    expect(logged('Failed to watch objects').map((line) => line['reason'])).toEqual([
      `API server ${address} answered 500 InternalError: etcd is away`,
      `API server ${address} answered 503`,
      `API server ${address} answered 500 InternalError: etcd`,
      expect.stringContaining('could not be reached'),
    ]);
    expect(source.stats().get('services')).toMatchObject({ errors: 4, lastError: undefined });
  });

  it('follows by lists where watches are forbidden', async () => {
    server.lists(list('5', [service('a')]), list('6', [service('b')]), list('7', [service('c')]));
    server.watches(status(403, 'Forbidden', 'cannot watch'), status(403, 'Forbidden', 'cannot watch'));
    start();
    await happenings.until(() => recorder.names.includes('shop/c'));
    expect(logged('Lost track of objects, listing them anew')[0]?.['reason']).toContain('403 Forbidden: cannot watch');
  });

  it('lists anew when the listener failed to take a batch', async () => {
    server.lists(list('5', [service('a')]), list('6', [service('b')]));
    server.watches((response, seen) => {
      recorder.failNext = true;
      stream(event('ADDED', service('b', '6')))(response, seen);
    });
    start();
    await happenings.until(() => recorder.names.includes('shop/b'));
    expect(recorder.names).toEqual(['shop/b']);
    expect(server.of('list')).toHaveLength(2);
  });
});

describe('credentials', () => {
  it('reads a token file again as soon as the server refuses its token', async () => {
    const token = join(folder, 'token');
    writeFileSync(token, 'old\n');
    server.lists(
      (response, seen) => {
        writeFileSync(token, 'new\n');
        status(401, 'Unauthorized', 'Unauthorized')(response, seen);
      },
      list('5', [service('a')]),
    );
    start({ backoffBaseMs: 3_600_000, backoffCapMs: 3_600_000 }, { tokenFile: 'token' });
    await happenings.until(() => recorder.names.length === 1);
    expect(server.of('list').map((seen) => seen.authorization)).toEqual(['Bearer old', 'Bearer new']);
    expect(logged('Failed to list objects')).toEqual([]);
  });

  it('says that credentials were refused and tries again', async () => {
    const refused = status(401, 'Unauthorized', 'Unauthorized');
    server.lists(refused, refused, list('5', [service('a')]));
    start({}, { token: 'wrong' });
    await happenings.until(() => recorder.names.length === 1);
    expect(logged('Failed to list objects')).toMatchObject([
      { reason: `API server ${address} answered 401 Unauthorized: Unauthorized` },
    ]);
  });

  it('says why an exec plugin failed', async () => {
    start(
      {},
      {
        exec: { apiVersion: 'client.authentication.k8s.io/v1', command: 'sh', args: ['-c', 'echo locked >&2; exit 1'] },
      },
    );
    await happenings.until(() => logged('Failed to list objects').length > 0);
    expect(logged('Failed to list objects')[0]?.['reason']).toBe(
      `Credentials for API server ${address} could not be had: locked`,
    );
  });
});

describe('stop', () => {
  it('ends open watches, and tells nothing after', async () => {
    server.lists(list('5', [service('a')]));
    let open: ServerResponse | undefined;
    server.watches((response, seen) => {
      open = response;
      stream()(response, seen);
    });
    start();
    await happenings.until(() => recorder.syncs === 1 && source.stats().get('services')?.watches === 1);
    const closed = new Promise((resolve) => open?.on('close', resolve));
    await source.stop();
    await closed;
    expect(recorder.batches).toHaveLength(1);
  });

  it('ends lists that wait for an answer, and waits between tries', async () => {
    server.lists(status(500, '', ''));
    start({ backoffBaseMs: 3_600_000, backoffCapMs: 3_600_000 });
    await happenings.until(() => logged('Failed to list objects').length === 1);
    await source.stop();
    server.lists(() => {});
    start();
    await happenings.until(() => server.of('list').length === 2);
    await source.stop();
    expect(logged('Failed to list objects')).toHaveLength(1);
  });

  it('ends while an exec plugin hangs', async () => {
    start({}, { exec: { command: 'sh', args: ['-c', 'exec sleep 5'] } });
    await source.stop();
    expect(recorder.batches).toEqual([]);
  });
});
