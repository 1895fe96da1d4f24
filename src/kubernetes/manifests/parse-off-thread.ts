import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { brokenContent, contentOf, type ManifestContent } from './manifest-content.ts';

export interface ParseTask {
  readonly text: string;
  readonly file: string;
}

/** Below, parsing takes less than starting a thread does. */
const inlineLength = 64 * 1024;
/** Well above the 10 s that 10 MiB of endpoints take on a slow machine. */
const deadlineMs = 120_000;
const memoryMiB = 1024;

/**
 * Parses long texts in a thread of their own: 10 MiB take seconds, in which nobody else would be served. The signal
 * ends it early, with broken content.
 */
export function parseText(task: ParseTask, signal?: AbortSignal): Promise<ManifestContent> {
  if (task.text.length <= inlineLength) return Promise.resolve(contentOf(task.text, task.file));
  return parseOffThread(task, signal);
}

function parseOffThread(task: ParseTask, signal: AbortSignal | undefined): Promise<ManifestContent> {
  // The same folder holds TypeScript in the repository and JavaScript in the package.
  const worker = new Worker(new URL(`./parse-worker${extname(import.meta.url)}`, import.meta.url), {
    workerData: task,
    resourceLimits: { maxOldGenerationSizeMb: memoryMiB },
  });
  return new Promise((resolve) => {
    const end = (content: ManifestContent): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
      worker.terminate().then(() => resolve(content));
    };
    const refuse = (reason: string): void => end(brokenContent(task.file, 1, reason));
    const abort = (): void => refuse('was not parsed completely');
    const timer = setTimeout(() => refuse(`takes longer than ${deadlineMs / 1000} s to parse`), deadlineMs);
    if (signal?.aborted === true) abort();
    signal?.addEventListener('abort', abort, { once: true });
    worker.once('message', (content: ManifestContent) => end(content));
    worker.once('error', (error: Error) => refuse(reasonOf(error)));
  });
}

function reasonOf(error: Error): string {
  const outOfMemory = 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY';
  return outOfMemory ? `takes more than ${memoryMiB} MiB of memory to parse` : `cannot be parsed: ${error.message}`;
}
