import type { Chain } from '../objects.ts';
import type { Expression, Rule, Source, Verdict } from '../rule.ts';
import { ruleText } from '../rule-text.ts';
import { chainIn, findElement, setIn, type TableContent } from './content.ts';
import { elementPart, evaluate, evaluateKey, isValue } from './evaluate.ts';
import { addStatus, type Flight, type HookName, type Refusal } from './flight.ts';
import { reversed } from './packet.ts';

/** Deep enough for any table; the kernel allows 16. */
const maxDepth = 16;

/** How a chain was left. */
export type ChainEnd =
  | { readonly kind: 'Continue' }
  | { readonly kind: 'Accept' }
  | { readonly kind: 'Drop' }
  | { readonly kind: 'Reject'; readonly with: Refusal };

/** What an expression does to the course of its rule. `elements` were found on the way. */
type Course =
  | { readonly kind: 'Next' }
  /** A match that did not hold. */
  | { readonly kind: 'Break' }
  | { readonly kind: 'Verdict'; readonly verdict: Verdict }
  | { readonly kind: 'End'; readonly end: ChainEnd };

interface Place {
  readonly flight: Flight;
  readonly table: TableContent;
  readonly hook: HookName;
  readonly depth: number;
}

const next: Course = { kind: 'Next' };
const breaks: Course = { kind: 'Break' };
const accepted: Course = { kind: 'End', end: { kind: 'Accept' } };

/** Executes a base chain and what it leads to. */
export function executeChain(flight: Flight, table: TableContent, chain: Chain, hook: HookName): ChainEnd {
  const end = runChain(chain, { flight, table, hook, depth: 0 });
  return end.kind === 'Return' ? { kind: 'Continue' } : end;
}

type Left = ChainEnd | { readonly kind: 'Return' };

function runChain(chain: Chain, place: Place): Left {
  if (place.depth > maxDepth) throw new Error(`chain ${chain.name} is nested too deeply`);
  for (const rule of chain.rules) {
    const left = runRule(chain, rule, place);
    if (left !== undefined) return left;
  }
  return { kind: 'Continue' };
}

/** Undefined: the chain continues with the next rule. */
function runRule(chain: Chain, rule: Rule, place: Place): Left | undefined {
  const elements: string[] = [];
  for (const expression of rule) {
    const course = executeExpression(expression, place, elements);
    if (course.kind === 'Next') continue;
    if (course.kind === 'Break') return undefined;
    record(chain, rule, place, elements);
    return course.kind === 'End' ? course.end : follow(course.verdict, place);
  }
  record(chain, rule, place, elements);
  return undefined;
}

function record(chain: Chain, rule: Rule, { flight, table, hook }: Place, elements: readonly string[]): void {
  flight.steps.push({ hook, table: table.name.name, chain: chain.name, rule: ruleText(rule), elements });
}

function follow(verdict: Verdict, place: Place): Left | undefined {
  switch (verdict.kind) {
    case 'Accept':
    case 'Drop':
    case 'Return':
      return verdict;
    case 'Jump': {
      const left = runChain(chainIn(place.table, verdict.chain), { ...place, depth: place.depth + 1 });
      return left.kind === 'Continue' || left.kind === 'Return' ? undefined : left;
    }
    case 'Goto': {
      // What lies behind a `goto` is not executed: the end of its chain is the end of this one.
      const left = runChain(chainIn(place.table, verdict.chain), { ...place, depth: place.depth + 1 });
      return left.kind === 'Continue' ? { kind: 'Return' } : left;
    }
  }
}

function executeExpression(expression: Expression, place: Place, elements: string[]): Course {
  const { flight, table } = place;
  switch (expression.kind) {
    case 'Compare': {
      const actual = evaluate(expression.selector, flight);
      if (actual === undefined) return breaks;
      return isValue(actual, expression.value) === (expression.operator === '==') ? next : breaks;
    }
    case 'Flag':
      return hasFlag(flight, expression) === expression.isSet ? next : breaks;
    case 'Lookup': {
      const key = evaluateKey(expression.key, flight);
      if (key === undefined) return breaks;
      const found = findElement(setIn(table, expression.set), key);
      if (found !== undefined) elements.push(`${expression.set}: ${found.key}`);
      return (found !== undefined) === expression.isIn ? next : breaks;
    }
    case 'Verdict':
      return { kind: 'Verdict', verdict: expression.verdict };
    case 'VerdictMap': {
      const value = lookUp(expression.map, evaluateKey(expression.key, flight), place, elements);
      return value === undefined ? breaks : { kind: 'Verdict', verdict: parseVerdict(value) };
    }
    default:
      return executeStatement(expression, place, elements);
  }
}

type Statement = Exclude<Expression, { kind: 'Compare' | 'Flag' | 'Lookup' | 'Verdict' | 'VerdictMap' }>;

function executeStatement(statement: Statement, place: Place, elements: string[]): Course {
  const { flight } = place;
  switch (statement.kind) {
    case 'Dnat':
      return translateDestination(statement.to, place, elements);
    case 'Masquerade':
      return translateSource(flight, { kind: 'Masquerade' });
    case 'Reject':
      return { kind: 'End', end: { kind: 'Reject', with: statement.with } };
    case 'Tproxy':
      if (!flight.host.listensAt(statement.port, flight.packet.family)) return breaks;
      flight.socketPort = statement.port;
      return next;
    case 'SetMark':
      setMark(flight, statement);
      return next;
    case 'SetPriority':
      return setPriority(statement.to, place, elements);
    case 'ChangeElement':
      changeElement(statement, flight);
      return next;
    case 'SetZone':
    case 'Notrack':
    case 'Counter':
      return next;
  }
}

function hasFlag({ connection }: Flight, flag: Extract<Expression, { kind: 'Flag' }>): boolean {
  return flag.of === 'state' ? connection.state === flag.flag : connection.status.includes(flag.flag);
}

function lookUp(
  map: string,
  key: readonly string[] | undefined,
  { table }: Place,
  elements: string[],
): string | undefined {
  const found = key === undefined ? undefined : findElement(setIn(table, map), key);
  if (found !== undefined) elements.push(`${map}: ${found.key} : ${found.value}`);
  return found?.value;
}

function parseVerdict(text: string): Verdict {
  const [word = '', chain = ''] = text.split(' ');
  switch (word) {
    case 'accept':
      return { kind: 'Accept' };
    case 'drop':
      return { kind: 'Drop' };
    case 'return':
      return { kind: 'Return' };
    case 'jump':
      return { kind: 'Jump', chain };
    case 'goto':
      return { kind: 'Goto', chain };
    default:
      throw new Error(`"${text}" is not a verdict`);
  }
}

/** The value of a source as it stands in elements. */
function sourceValue(from: Source, place: Place, elements: string[]): string | undefined {
  switch (from.kind) {
    case 'Selected':
      return elementPart(from.selector, evaluate(from.selector, place.flight));
    case 'Mapped':
      return lookUp(from.map, evaluateKey(from.key, place.flight), place, elements);
    case 'Constant':
      return elementPart({ kind: 'Meta', key: 'priority' }, from.value);
  }
}

function translateDestination(to: Source, place: Place, elements: string[]): Course {
  const value = sourceValue(to, place, elements);
  if (value === undefined) return breaks;
  const { flight } = place;
  const before = flight.packet;
  const [destination = '', port] = value.split(' . ');
  const destinationPort = port === undefined ? before.destinationPort : Number(port);
  flight.packet = { ...before, destination, ...(destinationPort === undefined ? {} : { destinationPort }) };
  flight.translated.destination = true;
  // Without a change the kernel does not mark the connection as translated.
  if (destination !== before.destination || destinationPort !== before.destinationPort) addStatus(flight, 'dnat');
  flight.connection = { ...flight.connection, reply: reversed(flight.packet) };
  return accepted;
}

function translateSource(flight: Flight, translation: Flight['sourceTranslation']): Course {
  flight.sourceTranslation = translation;
  flight.translated.source = true;
  addStatus(flight, 'snat');
  return accepted;
}

function setMark(flight: Flight, { of, mask, value }: Extract<Statement, { kind: 'SetMark' }>): void {
  const merge = (before: number) => ((before & ~mask) | value) >>> 0;
  if (of === 'meta') flight.mark = merge(flight.mark);
  else flight.connection = { ...flight.connection, mark: merge(flight.connection.mark) };
}

function setPriority(to: Source, place: Place, elements: string[]): Course {
  const value = to.kind === 'Selected' ? evaluate(to.selector, place.flight) : sourceValue(to, place, elements);
  if (value === undefined) return breaks;
  place.flight.priority = typeof value === 'number' ? value : parseClassid(value);
  return next;
}

function parseClassid(text: string): number {
  const [major = '0', minor = '0'] = text.split(':');
  return ((Number.parseInt(major, 16) << 16) | Number.parseInt(minor, 16)) >>> 0;
}

function changeElement(statement: Extract<Statement, { kind: 'ChangeElement' }>, flight: Flight): void {
  const key = evaluateKey(statement.key, flight);
  if (key === undefined) return;
  const value =
    statement.value === undefined ? undefined : elementPart(statement.value, evaluate(statement.value, flight));
  const { operation, set, timeoutSeconds } = statement;
  flight.host.changeElement?.({ operation, set, key: key.join(' . '), value, timeoutSeconds });
}
