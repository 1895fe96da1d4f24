#!/usr/bin/env node
/**
 * The demo: two simulated nodes, real Envoys, the control plane, and a story that asserts every claim.
 * Exit code 0: all held; 1: not; 130: interrupted. Everything it made is removed in each case.
 *
 *   make demo            KEEP=1 make demo: leave it running, with commands to try
 */
import { join } from 'node:path';
import { runDemo } from './demo.ts';
import { obstacles } from './preflight.ts';
import { Reporter } from './reporter.ts';
import { repository } from './work-directory.ts';

const envoy = process.env['ENVOY'] ?? join(repository, '.cache/bin/envoy');
const reporter = new Reporter(process.stdout, process.env);

const found = obstacles(envoy);
for (const obstacle of found) reporter.failure(obstacle);
process.exitCode = found.length > 0 ? 1 : await demo();

function demo(): Promise<number> {
  const interruption = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => interruption.abort());
  reporter.title('Fairlead: Services in, Envoy out');
  const keep = (process.env['KEEP'] ?? '') !== '' && process.env['KEEP'] !== '0';
  const prefix = process.env['DEMO_PREFIX'] ?? 'fl-';
  return runDemo({ prefix, envoy, keep, interrupted: interruption.signal }, reporter);
}
