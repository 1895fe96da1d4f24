import { request } from 'node:http';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HttpServer } from './http-server.ts';
import { readyz } from './readiness.ts';

describe('the server of health, metrics and dumps', () => {
  let server: HttpServer;
  let port: number;
  let blockers: Record<string, string>;
  const logged: string[] = [];

  beforeEach(async () => {
    blockers = {};
    const routes = {
      '/healthz': () => ({ status: 200, text: 'ok\n' }),
      '/readyz': (query: URLSearchParams) => readyz(['kernel', 'list'], blockers, query),
      '/numbers': () => ({ status: 200, json: { numbers: [1, 2].values() } }),
      '/broken': () => {
        throw new Error('out of order');
      },
    };
    server = new HttpServer(routes, pino({}, { write: (line: string) => void logged.push(line) }));
    port = (await server.listen({ host: '127.0.0.1', port: 0 })).port;
  });

  afterEach(() => server.close());

  const answerTo = (path: string, method = 'GET') =>
    new Promise<{ readonly status: number | undefined; readonly text: string }>((resolve, reject) => {
      request({ host: '127.0.0.1', port, path, method }, async (response) => {
        const text = (await response.setEncoding('utf8').toArray()).join('');
        resolve({ status: response.statusCode, text });
      })
        .on('error', reject)
        .end();
    });

  it('says whether the process is ready, and with verbose each condition', async () => {
    expect(await answerTo('/readyz')).toEqual({ status: 200, text: 'ok\n' });
    const passed = '[+]kernel ok\n[+]list ok\nreadyz check passed\n';
    expect(await answerTo('/readyz?verbose')).toEqual({ status: 200, text: passed });
    blockers = { kernel: 'nothing has been programmed yet' };
    const failed = '[-]kernel failed: nothing has been programmed yet\n[+]list ok\nreadyz check failed\n';
    expect(await answerTo('/readyz')).toEqual({ status: 503, text: failed });
    expect((await answerTo('/healthz')).status).toBe(200);
  });

  it.each(['//', '//[/healthz', '/nothing', '/toString'])('answers %s with 404', async (path) => {
    expect(await answerTo(path)).toMatchObject({ status: 404, text: expect.stringContaining('/readyz') });
  });

  it('writes JSON with what iterables hold, and no body for HEAD', async () => {
    expect((await answerTo('/numbers')).text.replace(/\s/g, '')).toBe('{"numbers":[1,2]}');
    expect(await answerTo('/numbers', 'HEAD')).toEqual({ status: 200, text: '' });
  });

  it('is read-only, and answers what throws with 500', async () => {
    expect((await answerTo('/healthz', 'POST')).status).toBe(405);
    expect((await answerTo('/broken')).status).toBe(500);
    expect(logged.join('')).toContain('Could not answer an HTTP request');
  });

  it('rejects with the error of the socket when the address is in use', async () => {
    const second = new HttpServer({}, pino({ enabled: false }));
    await expect(second.listen({ host: '127.0.0.1', port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });
});
