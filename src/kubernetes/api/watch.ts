import type { IncomingMessage } from 'node:http';
import { errorText } from '../../base/error-text.ts';
import { acceptOf, pathOf } from '../kinds.ts';
import { ApiError, statusError } from './api-error.ts';
import { LineSplitter } from './line-splitter.ts';
import type { ReflectorContext } from './reflector-context.ts';
import type { Outcome, Watching } from './reflector-state.ts';
import { get, readChunks } from './transport.ts';
import { readWatchLines, type WatchEnd, type WatchLines } from './watch-lines.ts';

/** Where an open watch has got to. */
interface Progress {
  resourceVersion: string;
  told: boolean;
  readonly openedAt: number;
}

/** Watches from a version on and passes each chunk's events on as one batch, until the watch ends in some way. */
export async function runWatch(context: ReflectorContext, state: Watching, signal: AbortSignal): Promise<Outcome> {
  const progress: Progress = { resourceVersion: state.resourceVersion, told: false, openedAt: performance.now() };
  try {
    const response = await open(context, state.resourceVersion, signal);
    context.counters.watches += 1;
    context.counters.lastError = undefined;
    context.logger.debug({ resource: context.kind.resource, resourceVersion: state.resourceVersion }, 'Watch opened');
    return await read(context, response, progress);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return afterError(error, progress, context);
  }
}

function open(context: ReflectorContext, resourceVersion: string, signal: AbortSignal): Promise<IncomingMessage> {
  const { kind, limits, access } = context;
  const [shortest, longest] = limits.watchSeconds;
  const query = new URLSearchParams({
    ...kind.selectors,
    watch: 'true',
    allowWatchBookmarks: 'true',
    resourceVersion,
    timeoutSeconds: String(Math.round(shortest + Math.random() * (longest - shortest))),
  });
  return get(access, `${pathOf(kind)}?${query}`, {
    signal,
    idleMs: limits.watchIdleMs,
    ...acceptOf(kind, 'PartialObjectMetadata'),
  });
}

async function read(context: ReflectorContext, response: IncomingMessage, progress: Progress): Promise<Outcome> {
  const splitter = new LineSplitter(context.limits.maxLineBytes);
  for await (const chunk of readChunks(context.access.server, response)) {
    const lines = split(splitter, chunk);
    if (lines === undefined) return unreadable(context, progress, 'A line of the watch is too long');
    const told = readWatchLines(lines, progress.resourceVersion);
    passOn(context, told, progress);
    if (told.end !== undefined) return afterEnd(told.end, progress, context);
  }
  // A line that was cut off is sent again: the version to resume from lies before it.
  return { kind: 'Ended', resourceVersion: progress.resourceVersion, healthy: isHealthy(progress, context) };
}

function split(splitter: LineSplitter, chunk: Buffer): readonly Buffer[] | undefined {
  try {
    return splitter.push(chunk);
  } catch {
    return undefined;
  }
}

function passOn(context: ReflectorContext, told: WatchLines, progress: Progress): void {
  const { counters, feed } = context;
  if (told.events.length + told.bookmarks > 0) {
    progress.told = true;
    counters.lastEventAt = Date.now();
  }
  counters.events += told.events.length;
  counters.bookmarks += told.bookmarks;
  feed.apply(told.events);
  progress.resourceVersion = told.resourceVersion;
}

function afterEnd(end: WatchEnd, progress: Progress, context: ReflectorContext): Outcome {
  if (end.kind === 'Unreadable') return unreadable(context, progress, end.reason);
  return afterError(statusError(context.access.server, end.status.code ?? 500, end.status), progress, context);
}

function unreadable(context: ReflectorContext, progress: Progress, reason: string): Outcome {
  context.feed.reportLost(reason);
  return { kind: 'Lost', reason, healthy: isHealthy(progress, context) };
}

/** A temporary failure is tried again from where the watch had got to; anything else needs a new list. */
function afterError(error: ApiError, progress: Progress, context: ReflectorContext): Outcome {
  const healthy = isHealthy(progress, context);
  const reason = errorText(error);
  if (error.expired || !error.transient) return { kind: 'Lost', reason, healthy };
  const { resourceVersion } = progress;
  const refused = (error.status ?? 0) >= 500;
  return { kind: 'Failed', reason, healthy, resourceVersion, refused, retryAfterMs: error.retryAfterMs };
}

function isHealthy(progress: Progress, context: ReflectorContext): boolean {
  return progress.told || performance.now() - progress.openedAt >= context.limits.healthyMs;
}
