import type { Expression, Key, NumberRange, Rule, Selector, Side, Source, Value, Verdict } from './rule.ts';

/** A rule as nft takes it, without table and chain. */
export function ruleText(rule: Rule): string {
  return rule.map(expressionText).join(' ');
}

/** A verdict as it stands in a rule or is the value of an element. */
export function verdictText(verdict: Verdict): string {
  switch (verdict.kind) {
    case 'Accept':
    case 'Drop':
    case 'Return':
      return verdict.kind.toLowerCase();
    case 'Jump':
    case 'Goto':
      return `${verdict.kind.toLowerCase()} ${verdict.chain}`;
  }
}

/** A value of `meta priority`, as `MAJOR:MINOR`: nft takes no plain numbers in elements. */
export function classidText(value: number): string {
  return `${(value >>> 16).toString(16)}:${(value & 0xffff).toString(16)}`;
}

function expressionText(expression: Expression): string {
  switch (expression.kind) {
    case 'Compare':
    case 'Flag':
    case 'Lookup':
      return matchText(expression);
    case 'Verdict':
      return verdictText(expression.verdict);
    case 'VerdictMap':
      return `${keyText(expression.key)} vmap @${expression.map}`;
    default:
      return statementText(expression);
  }
}

function matchText(match: Extract<Expression, { kind: 'Compare' | 'Flag' | 'Lookup' }>): string {
  switch (match.kind) {
    case 'Compare': {
      const { selector, operator, value } = match;
      // Without `==` nft takes what follows a mask for a part of it.
      const sign = operator === '!=' || selector.kind === 'Masked' ? ` ${operator}` : '';
      return `${selectorText(selector)}${sign} ${valueText(selector, value)}`;
    }
    case 'Flag':
      return `ct ${match.of} ${match.isSet ? '' : '! '}${match.flag}`;
    case 'Lookup':
      return `${keyText(match.key)} ${match.isIn ? '' : '!= '}@${match.set}`;
  }
}

type Statement = Exclude<Expression, { kind: 'Compare' | 'Flag' | 'Lookup' | 'Verdict' | 'VerdictMap' }>;

function statementText(statement: Statement): string {
  switch (statement.kind) {
    case 'Dnat':
      return `dnat ${statement.family} to ${sourceText(statement.to)}`;
    case 'Masquerade':
      return masqueradeText(statement);
    case 'Reject':
      return statement.with === 'tcp reset' ? 'reject with tcp reset' : 'reject';
    case 'Tproxy':
      return `tproxy to :${statement.port}`;
    case 'SetMark':
      return markText(statement);
    case 'SetPriority':
      return `meta priority set ${sourceText(statement.to)}`;
    case 'SetZone':
      return `ct ${statement.direction} zone set ${statement.zone}`;
    case 'Notrack':
      return 'notrack';
    case 'Counter':
      return 'counter';
    case 'ChangeElement':
      return changeText(statement);
  }
}

function masqueradeText({ isFullyRandom, ports }: Extract<Statement, { kind: 'Masquerade' }>): string {
  const range = ports === undefined ? '' : ` to :${rangeText(ports)}`;
  return `masquerade${range}${isFullyRandom ? ' fully-random' : ''}`;
}

function markText({ of, mask, value }: Extract<Statement, { kind: 'SetMark' }>): string {
  return `${of} mark set ${of} mark & ${hex(~mask)} | ${hex(value)}`;
}

function changeText({
  operation,
  set,
  key,
  value,
  timeoutSeconds,
}: Extract<Statement, { kind: 'ChangeElement' }>): string {
  const timeout = timeoutSeconds === undefined ? '' : ` timeout ${timeoutSeconds}s`;
  const data = value === undefined ? '' : ` : ${selectorText(value)}`;
  return `${operation} @${set} { ${keyText(key)}${timeout}${data} }`;
}

function sourceText(source: Source): string {
  switch (source.kind) {
    case 'Selected':
      return selectorText(source.selector);
    case 'Mapped':
      return `${keyText(source.key)} map @${source.map}`;
    case 'Constant':
      return classidText(source.value);
  }
}

function keyText(key: Key): string {
  return key.map(selectorText).join(' . ');
}

function selectorText(selector: Selector): string {
  switch (selector.kind) {
    case 'Address':
      return `${selector.family} ${addressSide(selector.side)}`;
    case 'AddressTail':
      return `@nh,${selector.side === 'source' ? 96 : 224},96`;
    case 'Port':
      return `${selector.header} ${selector.side === 'source' ? 'sport' : 'dport'}`;
    case 'Meta':
      return selector.key.endsWith('ifname') ? selector.key : `meta ${selector.key}`;
    case 'Ct':
      return `ct ${selector.key}`;
    case 'CtAddress':
      return `ct ${selector.direction} ${selector.family} ${addressSide(selector.side)}`;
    case 'CtPort':
      return `ct ${selector.direction} proto-${selector.side === 'source' ? 'src' : 'dst'}`;
    case 'FibType':
      return `fib ${addressSide(selector.side)} type`;
    case 'Random':
      return `numgen random mod ${selector.modulus}`;
    case 'Masked':
      return `${selectorText(selector.of)} & ${hex(selector.mask)}`;
  }
}

function addressSide(side: Side): string {
  return side === 'source' ? 'saddr' : 'daddr';
}

function valueText(selector: Selector, value: Value): string {
  if (typeof value === 'object') return rangeText(value);
  if (typeof value === 'number') return isBits(selector) ? hex(value) : String(value);
  return isName(selector) ? `"${value}"` : value;
}

function isBits(selector: Selector): boolean {
  return selector.kind === 'Masked' || ('key' in selector && selector.key === 'mark');
}

function isName(selector: Selector): boolean {
  return selector.kind === 'Meta' && selector.key.endsWith('ifname');
}

function rangeText({ from, to }: NumberRange): string {
  return `${from}-${to}`;
}

function hex(value: number): string {
  return `0x${(value >>> 0).toString(16)}`;
}
