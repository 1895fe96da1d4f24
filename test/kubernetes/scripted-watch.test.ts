import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { bookmark, closing, dropping, event, list, service, status, stream } from '../support/scripted-server.ts';
import { ScriptedRun } from './scripted-run.ts';

let run: ScriptedRun;

beforeEach(async () => {
  run = await ScriptedRun.open();
});

afterEach(() => run.close());

describe('watching', () => {
  it('tells the events of one chunk as one batch', async () => {
    run.server.lists(list('5', [service('a')]));
    run.server.watches(
      stream(
        event('ADDED', service('b', '6')) +
          event('MODIFIED', service('b', '7', '10.0.0.9')) +
          event('DELETED', service('a', '8')),
      ),
    );
    run.start();
    await run.until(() => run.recorder.batches.length === 2);
    expect(run.recorder.batches[1]?.map((update) => [update.key, update.value !== undefined])).toEqual([
      ['shop/b', true],
      ['shop/b', true],
      ['shop/a', false],
    ]);
    expect(run.names).toEqual(['shop/b']);
    expect(run.source.stats().get('services')).toMatchObject({ events: 3, objects: 1, lists: 1, watches: 1 });
  });

  it.each([
    ['an ERROR event', stream(event('ERROR', { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' }))],
    ['its answer', status(410, 'Expired', 'too old resource version')],
  ])('lists again when the version expired, told by %s, and tells the difference as one batch', async (_, expired) => {
    run.server.lists(
      list('5', [service('a'), service('b')]),
      list('50', [service('b', '40', '10.0.0.7'), service('c', '41')]),
    );
    run.server.watches(expired);
    run.start();
    await run.until(() => run.server.of('watch').length === 2);
    expect(run.recorder.batches).toHaveLength(2);
    expect(run.names).toEqual(['shop/b', 'shop/c']);
    expect(run.recorder.changes[1]?.changed.Service).toEqual(new Set(['shop/a', 'shop/b', 'shop/c']));
    expect(run.server.of('watch')[1]?.query.get('resourceVersion')).toBe('50');
  });

  it('gets an event again that was cut off by a broken connection', async () => {
    const second = event('ADDED', service('b', '7'));
    run.server.lists(list('5'));
    run.server.watches(dropping(event('ADDED', service('a', '6')) + second.slice(0, 20)), stream(second));
    run.start();
    await run.until(() => run.names.length === 2);
    expect(run.server.of('watch').map(({ query }) => query.get('resourceVersion'))).toEqual(['5', '6']);
    expect(run.server.of('list')).toHaveLength(1);
    expect(run.problems).toEqual([]);
  });

  it('gets an event again that was cut off by an orderly end', async () => {
    const second = event('ADDED', service('b', '7'));
    run.server.lists(list('5'));
    run.server.watches(closing(event('ADDED', service('a', '6')), second.slice(0, -5)), stream(second));
    run.start();
    await run.until(() => run.names.length === 2);
    expect(run.server.of('watch').map(({ query }) => query.get('resourceVersion'))).toEqual(['5', '6']);
  });

  it('resumes after a half-open connection from the last bookmark', async () => {
    run.server.lists(list('5', [service('a')]));
    run.server.watches(stream(bookmark('90')), stream(event('ADDED', service('b', '91'))));
    run.start({ watchIdleMs: 300 });
    await run.until(() => run.names.length === 2);
    expect(run.server.of('watch')[1]?.query.get('resourceVersion')).toBe('90');
    expect(run.server.of('list')).toHaveLength(1);
    expect(run.logged('Watch was interrupted')[0]?.['reason']).toContain('No data was received for 300 ms');
  });

  it('reopens streams of bookmarks only without listing or waiting', async () => {
    run.server.lists(list('5', [service('a')]));
    run.server.watches(closing(bookmark('6'), bookmark('7')), closing(bookmark('8')), stream(bookmark('9')));
    run.start({ backOffBaseMs: 3_600_000, backOffCapMs: 3_600_000 });
    await run.until(() => run.server.of('watch').length === 3);
    expect(run.server.of('watch').map(({ query }) => query.get('resourceVersion'))).toEqual(['5', '7', '8']);
    expect(run.server.of('list')).toHaveLength(1);
    expect(run.recorder.batches).toHaveLength(1);
  });

  it('changes nothing at events that come twice', async () => {
    const twice = event('MODIFIED', service('a', '6', '10.0.0.5'));
    run.server.lists(list('5', [service('a')]));
    run.server.watches(stream(twice + twice, event('ADDED', service('b', '7'))));
    run.start();
    await run.until(() => run.names.length === 2);
    expect(run.recorder.model.services.get('shop/a')?.clusterIPs).toEqual(['10.0.0.5']);
    expect(run.problems).toEqual([]);
    expect(run.server.of('list')).toHaveLength(1);
  });

  it.each([
    ['a line that is not JSON', '{"type":"ADDED","object":{\n'],
    ['an unknown type', event('RENAMED', service('b', '6'))],
    ['a version that goes back', event('ADDED', service('b', '4'))],
    ['a line that is too long', event('ADDED', service('b'.repeat(3_000), '6'))],
  ])('lists again after %s, and says so until then', async (_, line) => {
    let answer = () => {};
    run.server.lists(list('5', [service('a')]), (response, seen) => {
      answer = () => list('9', [service('c')])(response, seen);
    });
    run.server.watches(stream(line));
    run.start({ maxLineBytes: 2_000 });
    await run.until(() => run.server.of('list').length === 2);
    expect(run.problems).toEqual([
      expect.stringMatching(/^Watch services: A line of the watch .*; all services were listed again$/),
    ]);
    expect(run.names).toEqual(['shop/a']);
    answer();
    await run.until(() => run.names.includes('shop/c'));
    expect(run.names).toEqual(['shop/c']);
    expect(run.problems).toEqual([]);
  });

  it('keeps what it knows and resumes while the server fails', async () => {
    const failing = stream(event('ERROR', { kind: 'Status', code: 500, reason: 'InternalError', message: 'etcd' }));
    run.server.lists(list('5', [service('a')]));
    run.server.watches(
      status(500, 'InternalError', 'etcd is away'),
      failing,
      (response) => response.socket?.destroy(),
      stream(event('ADDED', service('b', '6'))),
    );
    run.start();
    await run.until(() => run.names.length === 2);
    expect(run.server.of('list')).toHaveLength(1);
    expect(run.server.of('watch').map(({ query }) => query.get('resourceVersion'))).toEqual(['5', '5', '5', '5']);
    expect(run.logged('Could not watch objects').map((line) => line['reason'])).toEqual([
      `API server ${run.address} answered 500 InternalError: etcd is away`,
      `API server ${run.address} answered 500 InternalError: etcd`,
      expect.stringContaining('could not be reached'),
    ]);
    expect(run.source.stats().get('services')).toMatchObject({ errors: 3, lastError: undefined });
  });

  it('lists when the server fails every watch, so that changes are learned of', async () => {
    const failing = () => status(500, 'InternalError', 'unable to decode');
    run.server.lists(list('5', [service('a')]), list('6', [service('b')]), list('7', [service('c')]));
    run.server.watches(...Array.from({ length: 6 }, failing));
    run.start();
    await run.until(() => run.names.includes('shop/c'));
    expect(run.names).toEqual(['shop/c']);
    expect(run.server.of('list')).toHaveLength(3);
    expect(run.server.of('watch').slice(0, 6)).toHaveLength(6);
  });

  it('follows by lists where watches are forbidden', async () => {
    run.server.lists(list('5', [service('a')]), list('6', [service('b')]), list('7', [service('c')]));
    run.server.watches(status(403, 'Forbidden', 'cannot watch'), status(403, 'Forbidden', 'cannot watch'));
    run.start();
    await run.until(() => run.names.includes('shop/c'));
    expect(run.logged('Lost track of objects; they are listed again')[0]?.['reason']).toContain(
      '403 Forbidden: cannot watch',
    );
  });

  it('lists again when the listener failed to take a batch', async () => {
    run.server.lists(list('5', [service('a')]), list('6', [service('b')]));
    run.server.watches((response, seen) => {
      vi.spyOn(run.recorder, 'update').mockImplementationOnce(() => {
        throw new Error('The listener broke');
      });
      stream(event('ADDED', service('b', '6')))(response, seen);
    });
    run.start();
    await run.until(() => run.names.includes('shop/b'));
    expect(run.names).toEqual(['shop/b']);
    expect(run.server.of('list')).toHaveLength(2);
  });
});
