import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EnvoyProcess, type EnvoyProcessOptions } from './envoy-process.ts';

const logger = pino({ level: 'silent' });

describe('the process of Envoy', () => {
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'fairlead-envoy-process-'));
  });

  afterEach(() => rmSync(directory, { recursive: true }));

  const optionsFor = (script: string, change: Partial<EnvoyProcessOptions> = {}): EnvoyProcessOptions => {
    const envoy = join(directory, 'envoy');
    writeFileSync(envoy, `#!/bin/sh\n${script}\n`);
    chmodSync(envoy, 0o755);
    return { envoy, bootstrap: 'b', args: [], logFile: join(directory, 'log'), leave: false, onChange() {}, ...change };
  };

  const untilLogged = async () => {
    while (readFileSync(join(directory, 'log'), 'utf8') === '') await new Promise((resolve) => setImmediate(resolve));
  };

  it('kills an Envoy that does not end when asked', async () => {
    const child = new EnvoyProcess(optionsFor("trap '' TERM; echo ready; while :; do sleep 1; done"), logger, 50);
    child.start();
    await untilLogged();
    const { pid = 0 } = child;
    await child.stop();
    expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  });

  it('ends at once when the program is not there', async () => {
    const child = new EnvoyProcess({ ...optionsFor(''), envoy: join(directory, 'missing') }, logger);
    child.start();
    await child.stop();
    expect(child.pid).toBeUndefined();
  });
});
