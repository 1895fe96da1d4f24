import { request } from 'node:http';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HealthServer } from './health-server.ts';

describe("the agent's health server", () => {
  let server: HealthServer;
  let port: number;
  let blockers: Record<string, string>;

  beforeEach(async () => {
    blockers = {};
    server = new HealthServer({ conditions: ['kernel'], blockers: () => blockers, registry: new Registry() });
    port = (await server.listen({ host: '127.0.0.1', port: 0 })).port;
  });

  afterEach(() => server.close());

  const statusOf = (path: string) =>
    new Promise<number | undefined>((resolve, reject) => {
      request({ host: '127.0.0.1', port, path }, (response) => {
        response.resume();
        resolve(response.statusCode);
      })
        .on('error', reject)
        .end();
    });

  it('says whether the node is ready', async () => {
    expect(await statusOf('/readyz')).toBe(200);
    blockers = { kernel: 'nothing has been programmed yet' };
    expect(await statusOf('/readyz')).toBe(503);
    expect(await statusOf('/healthz')).toBe(200);
  });

  it.each(['//', '//[/healthz', '/nothing'])('answers %s with 404', async (path) => {
    expect(await statusOf(path)).toBe(404);
  });
});
