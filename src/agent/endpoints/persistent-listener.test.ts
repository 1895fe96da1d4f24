import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { HttpServer } from '../../base/http-server.ts';
import { PersistentListener } from './persistent-listener.ts';

const logger = pino({ level: 'silent' });

describe('an address that another program holds', () => {
  it('is bound once it is free, and the failure is told once', async () => {
    const holder = createServer();
    await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve));
    const { port } = holder.address() as AddressInfo;
    const failures: string[] = [];
    const options = {
      server: new HttpServer({ '/': () => ({ status: 200, text: 'here' }) }, logger),
      address: { host: '127.0.0.1', port },
      what: '/',
      onFailure: (reason: string) => failures.push(reason),
      logger,
      retryMs: 10,
    };
    await expect(new PersistentListener({ ...options, isRequired: true }).start()).rejects.toThrow(/EADDRINUSE/);
    const listener = new PersistentListener({ ...options, isRequired: false });
    expect(await listener.start()).toBeUndefined();
    await new Promise<void>((resolve) => void holder.close(() => resolve()));
    await expect
      .poll(() =>
        fetch(`http://127.0.0.1:${port}/`).then(
          (answer) => answer.text(),
          () => '',
        ),
      )
      .toBe('here');
    expect(failures).toEqual([expect.stringContaining(`127.0.0.1:${port}`)]);
    await listener.stop();
  });
});
