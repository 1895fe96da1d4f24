import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { ServiceHealth } from './service-health.ts';

let isHealthy = true;
let failures: string[] = [];
let health: ServiceHealth;

beforeEach(() => {
  isHealthy = true;
  failures = [];
  health = new ServiceHealth({
    isHealthy: () => isHealthy,
    onFailure: (service, port) => failures.push(`${service} ${port}`),
    logger: pino({ level: 'silent' }),
    retryMs: 10,
  });
});

afterEach(() => health.close());

/** A port that is free now; `end` frees it. */
async function holdPort(): Promise<{ readonly port: number; readonly end: () => Promise<void> }> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, resolve));
  const end = () => new Promise<void>((resolve) => void server.close(() => resolve()));
  return { port: (server.address() as AddressInfo).port, end };
}

async function freePort(): Promise<number> {
  const { port, end } = await holdPort();
  await end();
  return port;
}

/** Asks until it is answered: ports are opened in the background. */
async function ask(url: string, init: RequestInit = {}): Promise<Response> {
  for (;;) {
    const response = await fetch(url, init).catch(() => undefined);
    if (response !== undefined) return response;
  }
}

describe('health-check node ports', () => {
  it("answer byte for byte as kube-proxy's, on any path and method, over both families", async () => {
    const port = await freePort();
    health.set('ns/web', { port, readyLocal: 2 });
    health.setAddresses({ kind: 'All' });
    for (const host of ['127.0.0.1', '[::1]']) {
      const response = await ask(`http://${host}:${port}/any`, { method: 'POST' });
      expect(await response.text()).toBe(
        '{\n\t"service": {\n\t\t"namespace": "ns",\n\t\t"name": "web"\n\t},\n\t"localEndpoints": 2,\n\t"serviceProxyHealthy": true\n}',
      );
      const { headers, status } = response;
      const names = ['content-type', 'x-content-type-options', 'x-load-balancing-endpoint-weight'];
      expect([status, ...names.map((name) => headers.get(name))]).toEqual([200, 'application/json', 'nosniff', '2']);
    }
  });

  it('fail without ready endpoints, and while the proxy is not healthy', async () => {
    const port = await freePort();
    health.setAddresses({ kind: 'Some', addresses: ['127.0.0.1'] });
    health.set('ns/web', { port, readyLocal: 0 });
    const url = `http://127.0.0.1:${port}/`;
    expect((await ask(url)).status).toBe(503);
    health.set('ns/web', { port, readyLocal: 1 });
    expect((await ask(url)).status).toBe(200);
    isHealthy = false;
    const response = await ask(url);
    expect([response.status, await response.json()]).toMatchObject([503, { serviceProxyHealthy: false }]);
  });

  it('are closed when the Service goes, and follow the addresses of the node', async () => {
    const port = await freePort();
    health.set('ns/web', { port, readyLocal: 1 });
    health.setAddresses({ kind: 'Some', addresses: ['127.0.0.1'] });
    await ask(`http://127.0.0.1:${port}/`);
    health.setAddresses({ kind: 'Some', addresses: ['::1'] });
    await ask(`http://[::1]:${port}/`);
    await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow();
    health.set('ns/web', undefined);
    await expect(fetch(`http://[::1]:${port}/`)).rejects.toThrow();
  });

  it('are tried again while another program has the port, and told once', async () => {
    const { port, end } = await holdPort();
    onTestFinished(end);
    health.setAddresses({ kind: 'All' });
    health.set('ns/web', { port, readyLocal: 1 });
    await expect.poll(() => failures).toEqual([`ns/web ${port}`]);
    expect(health.failed).toBe(1);
    await end();
    expect((await ask(`http://127.0.0.1:${port}/`)).status).toBe(200);
    await expect.poll(() => health.failed).toBe(0);
    expect(failures).toHaveLength(1);
  });
});
