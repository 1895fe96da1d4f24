import type { Answered, Fetched, Outcome } from './host/protocol.ts';
import { addressesOfNode, type Family, type HostName, hostAddresses } from './lab/plan.ts';
import type { Expectation, FetchExpectation, Seen } from './scenario.ts';

/** How many connections tell that nobody else answers, nor another one the next time. */
export function connectionsFor(expect: Expectation): number {
  switch (expect.kind) {
    case 'Answered':
      return expect.by.length === 1 ? 12 : 30;
    case 'Sticky':
    case 'Changing':
      return 15;
    default:
      return 1;
  }
}

/** Who must answer; a random choice may take some more connections to meet all. */
export function endpointsToMeet(expect: Expectation): readonly string[] {
  return expect.kind === 'Answered' ? expect.by : [];
}

/** What is wrong with the outcomes, or nothing. */
export function judge(
  expect: Expectation,
  outcomes: readonly Outcome[],
  client: { readonly host: HostName; readonly family: Family },
): string | undefined {
  const holds = holdsFor(expect, outcomes) && addressHolds(expect, outcomes, client);
  return holds ? undefined : `expected ${expectationText(expect)}, was ${outcomesText(outcomes)}`;
}

function holdsFor(expect: Expectation, outcomes: readonly Outcome[]): boolean {
  const last = outcomes.at(-1);
  const by = answerers(outcomes);
  switch (expect.kind) {
    case 'Answered':
      return last?.kind === 'Answered' && sameMembers(by, expect.by);
    case 'Sticky':
      return last?.kind === 'Answered' && by.length === 1 && expect.by.includes(by[0] ?? '');
    case 'Changing':
      return by.length > 1 && by.every((one) => expect.by.includes(one));
    case 'NotAnswered':
      return last !== undefined && last.kind !== 'Answered';
    default:
      return outcomes.length > 0 && outcomes.every(({ kind }) => kind === expect.kind);
  }
}

/** An endpoint that is the client itself is a case of its own: it sees its node. */
function addressHolds(
  expect: Expectation,
  outcomes: readonly Outcome[],
  client: { readonly host: HostName; readonly family: Family },
): boolean {
  if (expect.kind !== 'Answered' || expect.seenAs === 'anything') return true;
  const right = addressesOf(expect.seenAs, client);
  const foreign = answersOf(outcomes).filter(({ by }) => by !== client.host || expect.by.length === 1);
  return foreign.every(({ seenAs }) => right.includes(seenAs));
}

function addressesOf(seen: Exclude<Seen, 'anything'>, client: { readonly host: HostName; readonly family: Family }) {
  if (seen !== 'client') return addressesOfNode[seen];
  return [hostAddresses[client.host][client.family]];
}

function answersOf(outcomes: readonly Outcome[]): readonly Answered[] {
  return outcomes.filter((outcome) => outcome.kind === 'Answered');
}

function answerers(outcomes: readonly Outcome[]): readonly string[] {
  return [...new Set(answersOf(outcomes).map(({ by }) => by))].sort();
}

function sameMembers(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((one) => right.includes(one));
}

function expectationText(expect: Expectation): string {
  switch (expect.kind) {
    case 'Answered':
      return `answers of ${expect.by.join(', ')} to ${expect.seenAs}`;
    case 'Changing':
      return `answers of more than one of ${expect.by.join(', ')}`;
    case 'Sticky':
      return `answers of always the same of ${expect.by.join(', ')}`;
    default:
      return expect.kind;
  }
}

function outcomesText(outcomes: readonly Outcome[]): string {
  const texts = outcomes.map((outcome) => {
    if (outcome.kind === 'Answered') return `answer of ${outcome.by} to ${outcome.seenAs}`;
    return outcome.kind === 'Failed' ? outcome.error : outcome.kind;
  });
  return [...new Set(texts)].join(', ');
}

/** What is wrong with the answer of a node, or nothing. */
export function judgeFetch(expect: FetchExpectation, answer: Fetched | undefined): string | undefined {
  if (expect.kind === 'Unreachable') {
    return answer === undefined ? undefined : `expected no connection, was status ${answer.status}`;
  }
  if (answer === undefined) return `expected status ${expect.status}, was no connection`;
  const { status, headers = {}, body, includes = [] } = expect;
  const wrong = [
    ...(answer.status === status ? [] : [`expected status ${status}, was ${answer.status}`]),
    ...Object.entries(headers)
      .filter(([name, value]) => answer.headers[name] !== value)
      .map(([name, value]) => `expected header ${name}: ${value}, was ${answer.headers[name]}`),
    ...(body === undefined || body === answer.body ? [] : [`expected body ${body}, was ${answer.body}`]),
    ...includes.filter((text) => !answer.body.includes(text)).map((text) => `expected "${text}" in the body`),
  ];
  return wrong.length === 0 ? undefined : wrong.join('; ');
}
