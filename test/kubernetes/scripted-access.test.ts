import { readFileSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bookmark, dropping, event, list, service, status, stream } from '../support/scripted-server.ts';
import { ScriptedRun } from './scripted-run.ts';

let run: ScriptedRun;

beforeEach(async () => {
  run = await ScriptedRun.open();
});

afterEach(() => run.close());

describe('credentials', () => {
  it('reads a token file again as soon as the server refuses its token', async () => {
    const token = join(run.folder, 'token');
    writeFileSync(token, 'old\n');
    run.server.lists(
      (response, seen) => {
        writeFileSync(token, 'new\n');
        status(401, 'Unauthorized', 'Unauthorized')(response, seen);
      },
      list('5', [service('a')]),
    );
    run.start({ backOffBaseMs: 3_600_000, backOffCapMs: 3_600_000 }, { tokenFile: 'token' });
    await run.until(() => run.names.length === 1);
    expect(run.server.of('list').map((seen) => seen.authorization)).toEqual(['Bearer old', 'Bearer new']);
    expect(run.logged('Could not list objects')).toEqual([]);
  });

  it('says that credentials were refused and tries again', async () => {
    const refused = status(401, 'Unauthorized', 'Unauthorized');
    run.server.lists(refused, refused, list('5', [service('a')]));
    run.start({}, { token: 'wrong' });
    await run.until(() => run.names.length === 1);
    expect(run.logged('Could not list objects')).toMatchObject([
      { reason: `API server ${run.address} answered 401 Unauthorized: Unauthorized` },
    ]);
  });

  it('keeps watching what it knows while its kubeconfig is broken', async () => {
    const path = run.kubeconfig;
    let kubeconfig = '';
    run.server.lists(list('5', [service('a')]));
    run.server.watches(
      (response, seen) => {
        kubeconfig = readFileSync(path, 'utf8');
        writeFileSync(path, kubeconfig.slice(0, 40));
        dropping(bookmark('6'))(response, seen);
      },
      stream(event('ADDED', service('b', '7'))),
    );
    run.start();
    await run.until(() => run.logged('Could not watch objects').length > 1);
    expect(run.logged('Could not watch objects')[1]?.['reason']).toContain(`Kubeconfig ${path} cannot be used`);
    writeFileSync(path, kubeconfig);
    await run.until(() => run.names.length === 2);
    expect(run.server.of('list')).toHaveLength(1);
  });

  it('says why an exec plugin failed', async () => {
    run.start(
      {},
      {
        exec: { apiVersion: 'client.authentication.k8s.io/v1', command: 'sh', args: ['-c', 'echo locked >&2; exit 1'] },
      },
    );
    await run.until(() => run.logged('Could not list objects').length > 0);
    expect(run.logged('Could not list objects')[0]?.['reason']).toBe(
      `Credentials for API server ${run.address} could not be obtained: locked`,
    );
  });
});

describe('stop', () => {
  it('ends open watches, and tells nothing after', async () => {
    run.server.lists(list('5', [service('a')]));
    let open: ServerResponse | undefined;
    run.server.watches((response, seen) => {
      open = response;
      stream()(response, seen);
    });
    run.start();
    await run.until(() => run.recorder.isSynced && run.source.stats().get('services')?.watches === 1);
    const closed = new Promise((resolve) => open?.on('close', resolve));
    await run.source.stop();
    await closed;
    expect(run.recorder.batches).toHaveLength(1);
  });

  it('ends lists that wait for an answer, and waits between tries', async () => {
    run.server.lists(status(500, '', ''));
    run.start({ backOffBaseMs: 3_600_000, backOffCapMs: 3_600_000 });
    await run.until(() => run.logged('Could not list objects').length === 1);
    await run.source.stop();
    run.server.lists(() => {});
    run.start();
    await run.until(() => run.server.of('list').length === 2);
    await run.source.stop();
    expect(run.logged('Could not list objects')).toHaveLength(1);
  });

  it('ends while an exec plugin hangs', async () => {
    run.start({}, { exec: { command: 'sh', args: ['-c', 'exec sleep 5'] } });
    await run.source.stop();
    expect(run.recorder.batches).toEqual([]);
  });
});
