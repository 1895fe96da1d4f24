#!/usr/bin/env node
/**
 * Load from inside a pod. Prints each attempt as a line of JSON when it is over, or one report at the end
 * (`--report`). Ends by its bounds, or by SIGTERM; what is under way is waited for.
 *
 *   node test/testbed/load.ts --target 10.96.0.10:80 --rate 100 --duration 5000 --report
 */
import { parseArgs } from 'node:util';
import type { Attempt, LoadOptions } from './load/attempt.ts';
import { paced } from './load/pacer.ts';
import { report } from './load/report.ts';
import { senderFor } from './load/senders.ts';
import { now } from './wait.ts';

const { values } = parseArgs({
  options: {
    protocol: { type: 'string', default: 'http' },
    target: { type: 'string' },
    path: { type: 'string', default: '/' },
    connections: { type: 'string', default: 'new' },
    rate: { type: 'string', default: '50' },
    concurrency: { type: 'string', default: '64' },
    count: { type: 'string', default: '0' },
    duration: { type: 'string', default: '0' },
    timeout: { type: 'string', default: '5000' },
    report: { type: 'boolean', default: false },
  },
});

const options = readOptions();
const ended = new AbortController();
process.once('SIGTERM', () => ended.abort());
if (options.durationMs > 0) setTimeout(() => ended.abort(), options.durationMs).unref();

const kept: Attempt[] = [];
const send = senderFor(options);
await paced(options, attempt, ended.signal);
if (values.report) process.stdout.write(`${JSON.stringify(report(kept), undefined, 2)}\n`);

async function attempt(): Promise<void> {
  const startedAt = now();
  const finding = await send();
  const done: Attempt = { startedAt, endedAt: now(), ...finding };
  if (values.report) kept.push(done);
  else process.stdout.write(`${JSON.stringify(done)}\n`);
}

function readOptions(): LoadOptions {
  const { target, path } = values;
  if (target === undefined) throw new Error('--target ADDRESS:PORT is missing');
  return {
    target,
    path,
    protocol: oneOf('protocol', values.protocol, ['http', 'http2', 'tcp', 'udp']),
    connections: oneOf('connections', values.connections, ['new', 'keep-alive']),
    rate: Number(values.rate),
    concurrency: Number(values.concurrency),
    count: Number(values.count),
    durationMs: Number(values.duration),
    timeoutMs: Number(values.timeout),
  };
}

function oneOf<T extends string>(name: string, value: string, choices: readonly T[]): T {
  const choice = choices.find((known) => known === value);
  if (choice === undefined) throw new Error(`--${name} is neither of ${choices.join(', ')}`);
  return choice;
}
