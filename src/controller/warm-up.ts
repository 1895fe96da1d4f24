import { setImmediate } from 'node:timers/promises';
import type { ClientView } from '../resources/resource-entry.ts';
import type { ResourceCache } from '../xds/cache/resource-cache.ts';

export interface WarmUpResult {
  readonly resources: number;
  readonly bytes: number;
  /** False: there are more than were wanted; clients make the rest be built. */
  readonly isComplete: boolean;
}

/** Health checks and the source get their turn in between. */
const sliceMs = 8;

/** What is built here does not look at the view. */
const nobody: ClientView = { nodeName: '', zone: '' };

/**
 * Builds what every client with a wildcard gets alike, so that the nodes of a replica that was lost, which all come at
 * once, do not wait for it.
 * @param maxBytes of encoded resources
 * @throws the reason of the signal, when it is aborted
 */
export async function warmUp(cache: ResourceCache, maxBytes: number, signal?: AbortSignal): Promise<WarmUpResult> {
  await propagateAll(cache, signal);
  let bytes = 0;
  let resources = 0;
  let sliceEnd = performance.now() + sliceMs;
  for (const slot of cache.wildcardSlots()) {
    if (bytes >= maxBytes) return { resources, bytes, isComplete: false };
    bytes += slot.encode(nobody)?.deltaField.length ?? 0;
    resources += 1;
    if (performance.now() < sliceEnd) continue;
    await turn(signal);
    sliceEnd = performance.now() + sliceMs;
  }
  return { resources, bytes, isComplete: true };
}

/** What is announced while nobody has it is not kept. */
async function propagateAll(cache: ResourceCache, signal: AbortSignal | undefined): Promise<void> {
  while (cache.hasPending) {
    cache.propagate(performance.now() + sliceMs);
    await turn(signal);
  }
}

async function turn(signal: AbortSignal | undefined): Promise<void> {
  await setImmediate();
  signal?.throwIfAborted();
}
