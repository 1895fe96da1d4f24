import { request } from 'node:http';
import { type Flow, openFlow } from './flows.ts';
import type { Fetched, Order, Outcome, Place, Reply } from './protocol.ts';

/** Between two tries of an order that waits. */
const retryMs = 25;
/** A try that has no answer by then does not keep the next one. */
const overlapMs = 300;
const answerMs = 3_000;
/** One endpoint of four is missed by 200 connections in one run of 10^25. */
const mostTries = 200;

/** Does in its own network namespace what a test orders. */
export class Client {
  readonly #sessions = new Map<string, Flow>();

  async follow(order: Order): Promise<Reply> {
    switch (order.kind) {
      case 'Dial':
        return { kind: 'Outcomes', outcomes: await dialAsTold(order) };
      case 'Await':
        return { kind: 'Outcomes', outcomes: [await awaitAnswer(order.to, order.throughProxy, order.withinMs)] };
      case 'Open':
        this.#sessions.set(order.session, openFlow(order.to));
        return { kind: 'Outcomes', outcomes: [] };
      case 'Send':
        return { kind: 'Outcomes', outcomes: [await this.#session(order.session).ask(order.timeoutMs)] };
      case 'Fetch':
        return { kind: 'Fetched', answer: await fetchFrom(order.url, order.timeoutMs) };
    }
  }

  #session(name: string): Flow {
    const flow = this.#sessions.get(name);
    if (flow === undefined) throw new Error(`No session ${name} was opened`);
    return flow;
  }
}

function dialAsTold(order: Extract<Order, { kind: 'Dial' }>): Promise<readonly Outcome[]> {
  return order.pauseMs === undefined ? dial(order) : dialSlowly(order, order.pauseMs);
}

async function dial({ to, count, meet, timeoutMs }: Extract<Order, { kind: 'Dial' }>): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  const missing = new Set(meet);
  while (outcomes.length < count || (missing.size > 0 && outcomes.length < mostTries)) {
    const outcome = await askOnce(to, timeoutMs);
    outcomes.push(outcome);
    if (outcome.kind !== 'Answered') break;
    missing.delete(outcome.by);
  }
  return outcomes;
}

/** With pauses between the connections, until another endpoint than the first answers. */
async function dialSlowly(order: Extract<Order, { kind: 'Dial' }>, pauseMs: number): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  const first = await askOnce(order.to, order.timeoutMs);
  outcomes.push(first);
  while (outcomes.length < order.count) {
    await pause(pauseMs);
    const outcome = await askOnce(order.to, order.timeoutMs);
    outcomes.push(outcome);
    if (outcome.kind !== 'Answered' || first.kind !== 'Answered' || outcome.by !== first.by) break;
  }
  return outcomes;
}

async function askOnce(to: Place, timeoutMs: number): Promise<Outcome> {
  const flow = openFlow(to);
  try {
    return await flow.ask(timeoutMs);
  } finally {
    flow.close();
  }
}

/** A try that is dropped would take its whole time-out: the next one overlaps it. */
async function awaitAnswer(to: Place, throughProxy: boolean, withinMs: number): Promise<Outcome> {
  const deadline = performance.now() + withinMs;
  const seen: { found?: Outcome; last: Outcome } = { last: { kind: 'TimedOut' } };
  while (seen.found === undefined && performance.now() < deadline) {
    const tried = askOnce(to, answerMs).then((outcome) => {
      seen.last = outcome;
      if (outcome.kind === 'Answered' && !(throughProxy && outcome.keepsPort)) seen.found ??= outcome;
    });
    await Promise.race([tried, pause(overlapMs)]);
    if (seen.found === undefined) await pause(retryMs);
  }
  if (seen.found !== undefined) return seen.found;
  return seen.last.kind === 'Answered' ? { kind: 'Failed', error: 'answered, but not through a proxy' } : seen.last;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function fetchFrom(url: string, timeoutMs: number): Promise<Fetched> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { agent: false, timeout: timeoutMs }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      const headers = Object.fromEntries(
        Object.entries(response.headers).map(([name, value]) => [name, String(value)] as const),
      );
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers, body }));
    });
    asked.on('timeout', () => asked.destroy(new Error('ETIMEDOUT')));
    asked.on('error', reject);
    asked.end();
  });
}
