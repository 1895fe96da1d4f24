import { parentPort, workerData } from 'node:worker_threads';
import { contentOf } from './manifest-content.ts';
import type { ParseTask } from './parse-off-thread.ts';

const { text, file } = workerData as ParseTask;
parentPort?.postMessage(contentOf(text, file));
