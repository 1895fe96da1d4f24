import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { KubernetesKind } from '../../src/kubernetes/kinds.ts';
import { event, list, service, status, stream } from '../support/scripted-server.ts';
import { ScriptedRun } from './scripted-run.ts';

let run: ScriptedRun;

beforeEach(async () => {
  run = await ScriptedRun.open();
});

afterEach(() => run.close());

describe('listing', () => {
  it('asks for pages with the selectors of the contract and watches from the version of the list', async () => {
    run.server.lists(
      list('20', [service('a')], 'token-1'),
      list('20', [service('b')], 'token-2'),
      list('20', [service('c')]),
    );
    run.start();
    await run.until(() => run.server.of('watch').length === 1 && run.recorder.isSynced);
    const pages = run.server.of('list').map(({ query }) => [query.get('limit'), query.get('continue')]);
    expect(pages).toEqual([
      ['500', null],
      ['500', 'token-1'],
      ['500', 'token-2'],
    ]);
    expect(run.names).toEqual(['shop/a', 'shop/b', 'shop/c']);
    expect(run.recorder.batches).toHaveLength(1);
    const watch = run.server.of('watch')[0]?.query;
    expect(watch?.get('resourceVersion')).toBe('20');
    expect(watch?.get('allowWatchBookmarks')).toBe('true');
    expect(Number(watch?.get('timeoutSeconds'))).toBeGreaterThanOrEqual(300);
    expect(Number(watch?.get('timeoutSeconds'))).toBeLessThanOrEqual(600);
    const selectors = new Map([
      ['services', '!service.kubernetes.io/service-proxy-name'],
      ['endpointslices', '!service.kubernetes.io/headless'],
    ]);
    for (const { resource, query } of run.server.seen) {
      expect(query.get('labelSelector')).toBe(selectors.get(resource) ?? null);
      expect(query.get('fieldSelector')).toBe(null);
    }
  });

  it('is synced only when every kind was listed, and names those that were not', async () => {
    let answer = () => {};
    run.server.lists((response, seen) => {
      answer = () => list('5', [service('a')])(response, seen);
    });
    run.start();
    expect(run.source.blockers()).toEqual(['services', 'endpointslices', 'nodes']);
    await run.until(() => run.server.seen.filter((seen) => seen.watch).length === 2);
    expect(run.source.blockers()).toEqual(['services']);
    expect(run.recorder.isSynced).toBe(false);
    answer();
    await run.until(() => run.recorder.isSynced);
    expect(run.source.blockers()).toEqual([]);
    expect(run.names).toEqual(['shop/a']);
  });

  it('does not wait for an optional kind that there is not, and reads it once there is', async () => {
    const none = status(404, 'NotFound', 'the server could not find the requested resource');
    run.server.lists(none, none, none, list('5', [service('a')]));
    const optional = ({ kind }: KubernetesKind) => (kind === 'Service' ? ({ presence: 'Optional' } as const) : {});
    run.start({ absentPollMs: 20 }, {}, optional);
    await run.until(() => run.recorder.isSynced);
    expect(run.server.of('list').length).toBeLessThan(4);
    expect(run.names).toEqual([]);
    await run.until(() => run.names.includes('shop/a') && run.source.stats().get('services')?.lists === 1);
    expect(
      run.logged('Found no objects of an optional kind; they are looked for again from time to time'),
    ).toHaveLength(1);
    expect(run.logged('Could not list objects')).toEqual([]);
    expect(run.source.stats().get('services')).toMatchObject({ errors: 0 });
  });

  it('believes neither one 404 nor a failure of the server to be the absence of a kind', async () => {
    const absent = status(404, 'NotFound', '');
    run.server.lists(absent, status(503, 'ServiceUnavailable', 'starting'), list('5', [service('a')]));
    const optional = ({ kind }: KubernetesKind) => (kind === 'Service' ? ({ presence: 'Optional' } as const) : {});
    run.start({}, {}, optional);
    await run.until(() => run.recorder.isSynced);
    expect(run.names).toEqual(['shop/a']);
  });

  it.each([
    [404, []],
    [403, ['shop/a']],
  ])(
    'drops what it knew of an optional kind when that is gone (404), not when it may not be read: %i',
    async (code, names) => {
      const refused = status(code, '', '');
      run.server.lists(list('5', [service('a')]), refused, refused, refused);
      run.server.watches(status(code, '', ''));
      const optional = ({ kind }: KubernetesKind) => (kind === 'Service' ? ({ presence: 'Optional' } as const) : {});
      run.start({ absentPollMs: 20 }, {}, optional);
      await run.until(() => run.server.of('list').length >= 4);
      await run.until(() => run.names.length === names.length);
      expect(run.names).toEqual(names);
    },
  );

  it('lists all at once when a page token expires, and tells nothing of the broken list', async () => {
    run.server.lists(
      list('20', [service('a')], 'token'),
      status(410, 'Expired', 'The provided continue parameter is too old'),
      list('30', [service('b')]),
    );
    run.start();
    await run.until(() => run.server.of('watch').length === 1);
    expect(run.server.of('list').map(({ query }) => query.get('limit'))).toEqual(['500', '500', null]);
    expect(run.recorder.batches).toHaveLength(1);
    expect(run.names).toEqual(['shop/b']);
    expect(run.server.of('watch')[0]?.query.get('resourceVersion')).toBe('30');
  });

  it('takes a list that comes a few bytes at a time', async () => {
    const text = Buffer.from(JSON.stringify({ metadata: { resourceVersion: '3' }, items: [service('zürich')] }));
    run.server.lists((response) => {
      const send = (at: number) => {
        if (at >= text.length) response.end();
        else response.write(text.subarray(at, at + 5), () => setImmediate(send, at + 5));
      };
      send(0);
    });
    run.start();
    await run.until(() => run.names.length === 1);
    expect(run.names).toEqual(['shop/zürich']);
  });

  it('repeats a list that hangs', async () => {
    run.server.lists(
      () => {},
      (response) => response.write('{"metadata":'),
      list('3', [service('a')]),
    );
    run.start({ listIdleMs: 200 });
    await run.until(() => run.names.length === 1);
    expect(run.logged('Could not list objects').map((line) => line['reason'])).toEqual([
      `API server ${run.address} could not be reached: No data was received for 200 ms`,
      `API server ${run.address} could not be reached: No data was received for 200 ms`,
    ]);
  });

  it('waits as long as the server asks for (429)', async () => {
    run.server.lists(status(429, 'TooManyRequests', 'slow down', { 'retry-after': '1' }), list('3', [service('a')]));
    run.start();
    await run.until(() => run.names.length === 1);
    expect(run.logged('Could not list objects')).toMatchObject([{ retryMs: 1000, level: 50 }]);
  });

  it('says what was refused, and by whom', async () => {
    const message = 'services is forbidden: User "u" cannot list resource "services"';
    run.server.lists(status(403, 'Forbidden', message), list('3', [service('a')]));
    run.start();
    await run.until(() => run.source.stats().get('services')?.lists === 1);
    expect(run.logged('Could not list objects')).toMatchObject([
      { server: run.address, reason: `API server ${run.address} answered 403 Forbidden: ${message}` },
    ]);
    expect(run.source.stats().get('services')).toMatchObject({ errors: 1, objects: 1 });
  });

  it.each(['<html>login</html>', '[]', '{"metadata":{}}', '{"metadata":{"resourceVersion":"1"},"items":{}}'])(
    'repeats a list that is none: %s',
    async (body) => {
      run.server.lists((response) => response.end(body), list('3', [service('a')]));
      run.start();
      await run.until(() => run.names.length === 1);
      expect(run.logged('Could not list objects')).toHaveLength(1);
    },
  );

  it('refuses a page that is too large', async () => {
    run.server.lists((response) => response.end('x'.repeat(5_000)), list('3', [service('a')]));
    run.start({ maxPageBytes: 4_000 });
    await run.until(() => run.names.length === 1);
    expect(run.logged('Could not list objects')[0]?.['reason']).toContain('a response longer than 4000 bytes');
  });

  it('names the address that does not answer', async () => {
    await run.server.close();
    run.start();
    await run.until(() => run.logged('Could not list objects').length > 1);
    expect(run.logged('Could not list objects')[0]?.['reason']).toContain(
      `API server ${run.address} could not be reached`,
    );
    expect(run.logged('Could not list objects')[0]?.['reason']).toContain('ECONNREFUSED');
    expect(run.source.blockers()).toContain('services');
  });

  it('reports objects it cannot use and continues with the others', async () => {
    run.server.lists(
      list('3', [null, { metadata: {} }, service('poison'), service('odd', '1', 'bad'), service('good')]),
    );
    run.server.watches(
      stream(event('MODIFIED', service('odd', '4', '10.0.0.2')), event('DELETED', service('poison', '5'))),
    );
    run.start();
    await run.until(() => run.recorder.batches.length === 2);
    expect(run.names).toEqual(['shop/good', 'shop/odd']);
    expect(run.problems).toEqual([
      'Service (unnamed) metadata.name: is missing; the object was left out',
      'Service (unnamed) metadata.name: is missing; the object was left out',
    ]);
  });
});
