import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { backOffMs } from '../../base/back-off.ts';
import { errorText } from '../../base/error-text.ts';
import { ApiError } from './api-error.ts';
import { type AccessOrigin, ClusterAccess } from './cluster-access.ts';
import { EventBudget } from './event-budget.ts';
import { type ApiRequest, readBody, request } from './transport.ts';

/** What an Event is about. */
export type EventSubject =
  | { readonly kind: 'Node'; readonly name: string }
  | { readonly kind: 'Service'; readonly namespace: string; readonly name: string };

export interface EventInput {
  readonly severity: 'Normal' | 'Warning';
  readonly reason: string;
  readonly note: string;
  readonly subject: EventSubject;
  /** Node of the agent that reports it. */
  readonly nodeName: string;
}

/** An Event that was written and that a repetition counts up. */
interface Written {
  readonly path: string;
  readonly writtenAt: number;
  count: number;
}

/** Kubernetes' own limit of a note in events.k8s.io/v1. */
const longestNote = 1_024;

/** All nodes may report at once; an Event is no reason to let memory grow. */
const mostWaiting = 10_000;
const mostRemembered = 4_096;

/** As client-go: what repeats within ten minutes is one Event with a count. */
const repetitionMs = 600_000;

const idleMs = 30_000;
const bodyBytes = 64 * 1024;
const retryBackOff = { baseMs: 1_000, capMs: 30_000 };
const mostTries = 5;

/**
 * Writes Events, one request at a time. Never blocks who reports: what exceeds the room, or the rate of one subject, is dropped and
 * counted.
 */
export class EventWriter {
  dropped = 0;
  readonly #access: ClusterAccess;
  readonly #logger: Logger;
  readonly #budget = new EventBudget();
  readonly #written = new Map<string, Written>();
  readonly #ended = new AbortController();
  #waiting: EventInput[] = [];
  #run: Promise<void> | undefined;

  /** Throws FairleadError KUBECONFIG_INVALID when the origin cannot be used. */
  constructor(origin: AccessOrigin, logger: Logger) {
    this.#access = new ClusterAccess(origin);
    this.#logger = logger;
  }

  write(event: EventInput): void {
    const isAllowed = this.#waiting.length < mostWaiting && this.#budget.take(subjectText(event), Date.now());
    if (!isAllowed || this.#ended.signal.aborted) {
      this.dropped += 1;
      return;
    }
    this.#waiting.push(event);
    this.#run ??= this.#drain().finally(() => {
      this.#run = undefined;
    });
  }

  async stop(): Promise<void> {
    this.#ended.abort();
    await this.#run;
    this.#access.close();
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0 && !this.#ended.signal.aborted) {
      const waiting = this.#waiting;
      this.#waiting = [];
      for (const event of waiting) await this.#writeOne(event);
    }
  }

  async #writeOne(event: EventInput): Promise<void> {
    for (let tries = 1; !this.#ended.signal.aborted; tries += 1) {
      try {
        return await this.#send(event);
      } catch (error) {
        const { reason, nodeName } = event;
        if (tries === mostTries || !(error instanceof ApiError) || !error.transient) {
          this.dropped += 1;
          this.#logger.warn({ reason, nodeName, error: errorText(error) }, 'Could not write an Event');
          return;
        }
        await delay(backOffMs(tries, retryBackOff), undefined, { signal: this.#ended.signal }).catch(() => {});
      }
    }
  }

  async #send(event: EventInput): Promise<void> {
    const key = keyOf(event);
    const before = this.#written.get(key);
    if (before === undefined || Date.now() - before.writtenAt > repetitionMs) return this.#create(key, event);
    const body = { count: before.count + 1, lastTimestamp: now() };
    try {
      const patch = { contentType: 'application/merge-patch+json', text: JSON.stringify(body) };
      await this.#ask({ method: 'PATCH', path: before.path, body: patch });
      before.count += 1;
    } catch (error) {
      // The server keeps Events for an hour by default, and less where it is told so.
      if (!(error instanceof ApiError) || error.status !== 404) throw error;
      await this.#create(key, event);
    }
  }

  async #create(key: string, event: EventInput): Promise<void> {
    const object = objectOf(event);
    const { namespace, name } = object.metadata;
    const path = `/api/v1/namespaces/${namespace}/events`;
    const body = { contentType: 'application/json', text: JSON.stringify(object) };
    await this.#ask({ method: 'POST', path, body });
    this.#written.delete(key);
    this.#written.set(key, { path: `${path}/${name}`, writtenAt: Date.now(), count: 1 });
    const [oldest] = this.#written.keys();
    if (this.#written.size > mostRemembered && oldest !== undefined) this.#written.delete(oldest);
  }

  async #ask(asked: ApiRequest): Promise<void> {
    const response = await request(this.#access, asked, { signal: this.#ended.signal, idleMs });
    await readBody(this.#access.server, response, bodyBytes);
  }
}

function now(): string {
  return new Date().toISOString().replace(/\.\d+Z$/, 'Z');
}

function subjectText({ subject, nodeName }: EventInput): string {
  const namespace = subject.kind === 'Service' ? subject.namespace : '';
  return [nodeName, subject.kind, namespace, subject.name].join(' ');
}

function keyOf(event: EventInput): string {
  return [subjectText(event), event.reason, event.note].join(' ');
}

let lastNumber = 0;

/** Events of a node are in `default`, and have its name as its UID, where `kubectl describe node` looks for them. */
function objectOf({ severity, reason, note, subject, nodeName }: EventInput) {
  lastNumber += 1;
  const namespace = subject.kind === 'Service' ? subject.namespace : 'default';
  const suffix = `${Date.now().toString(16)}${lastNumber.toString(16)}`;
  const about = { apiVersion: 'v1', kind: subject.kind, name: subject.name };
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { namespace, name: `${subject.name.slice(0, 200)}.${suffix}` },
    involvedObject: subject.kind === 'Service' ? { ...about, namespace } : { ...about, uid: subject.name },
    reason,
    message: note.slice(0, longestNote),
    type: severity,
    source: { component: 'fairlead-agent', host: nodeName },
    reportingComponent: 'fairlead-agent',
    reportingInstance: nodeName,
    firstTimestamp: now(),
    lastTimestamp: now(),
    count: 1,
  };
}
