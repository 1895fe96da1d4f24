import type { Chain, Hook } from '../objects.ts';
import type { TableContent } from './content.ts';
import type { HookName } from './flight.ts';

/** Of the families ip, ip6 and inet (linux/netfilter_ipv4.h). */
const priorities: Readonly<Record<string, number>> = {
  raw: -300,
  mangle: -150,
  dstnat: -100,
  filter: 0,
  security: 50,
  srcnat: 100,
};

export interface BaseChain {
  readonly table: TableContent;
  readonly chain: Chain;
  readonly type: Hook['type'];
}

/** The base chains of a hook, in the order in which the kernel executes them. */
export function baseChains(tables: readonly TableContent[], hook: HookName): readonly BaseChain[] {
  return tables
    .flatMap((table) => [...table.chains.values()].map((chain) => ({ table, chain, hook: chain.hook })))
    .flatMap(({ table, chain, hook: at }) =>
      at?.hook === hook ? [{ table, chain, type: at.type, priority: priorityOf(at.priority) }] : [],
    )
    .sort((a, b) => a.priority - b.priority);
}

/** @throws Error for what is neither a number nor a known name with an offset, such as `dstnat - 5` */
export function priorityOf(text: string): number {
  const match = /^(-?\d+|[a-z]+)(?:\s*([+-])\s*(\d+))?$/.exec(text);
  const base = match?.[1] ?? '';
  const value = priorities[base] ?? Number(base);
  if (match === null || Number.isNaN(value)) throw new Error(`"${text}" is not a priority`);
  const offset = Number(match[3] ?? 0);
  return match[2] === '-' ? value - offset : value + offset;
}
