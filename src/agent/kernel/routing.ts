import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Marks } from '../../base/marks.ts';
import type { IpFamily } from '../../model/service.ts';

export type IpCommand = (args: readonly string[]) => Promise<string>;

/** Before the main table and what CNIs usually add, behind the table of local addresses. */
const rulePriority = 90;

/** Routes of the table lead to the node itself; only marked packets look into it. */
export const defaultRouteTable = 15_001;

interface Rule {
  readonly priority: number;
  readonly fwmark?: string;
  readonly fwmask?: string;
  readonly table?: string;
}

const execute = promisify(execFile);

export const ip: IpCommand = async (args) => (await execute('ip', args, { timeout: 10_000 })).stdout;

/**
 * Sends packets with the redirect mark to local sockets. What is there already stays; rules with other marks that point to the
 * table (an earlier agent's) are removed.
 */
export async function ensureRouting(run: IpCommand, family: IpFamily, marks: Marks, table: number): Promise<void> {
  const flag = flagOf(family);
  await run([flag, 'route', 'replace', 'local', 'default', 'dev', 'lo', 'table', String(table)]);
  const rules = await rulesInto(run, flag, table);
  const wanted = rules.find((rule) => isWanted(rule, marks));
  if (wanted === undefined) {
    const mark = `${hex(marks.redirect)}/${hex(marks.mask)}`;
    await run([flag, 'rule', 'add', 'fwmark', mark, 'lookup', String(table), 'pref', String(rulePriority)]);
  }
  for (const rule of rules) if (rule !== wanted) await deleteRule(run, flag, rule);
}

/** Removes every rule that points to the table, and its routes; it is not an error if there are none. */
export async function removeRouting(run: IpCommand, family: IpFamily, table: number): Promise<void> {
  const flag = flagOf(family);
  for (const rule of await rulesInto(run, flag, table)) await deleteRule(run, flag, rule);
  const routes = await run([flag, 'route', 'show', 'table', 'all', 'type', 'local']);
  if (new RegExp(`\\btable ${table}\\b`).test(routes)) await run([flag, 'route', 'flush', 'table', String(table)]);
}

async function rulesInto(run: IpCommand, flag: string, table: number): Promise<readonly Rule[]> {
  const rules = JSON.parse((await run([flag, '-j', 'rule', 'list'])) || '[]') as readonly Rule[];
  return rules.filter((rule) => rule.table === String(table));
}

function isWanted({ priority, fwmark, fwmask = '0xffffffff' }: Rule, { redirect, mask }: Marks): boolean {
  return priority === rulePriority && Number(fwmark) === redirect && Number(fwmask) === mask;
}

async function deleteRule(run: IpCommand, flag: string, { priority, fwmark, fwmask, table = '' }: Rule): Promise<void> {
  const mark = fwmark === undefined ? [] : ['fwmark', fwmask === undefined ? fwmark : `${fwmark}/${fwmask}`];
  await run([flag, 'rule', 'del', 'pref', String(priority), ...mark, 'lookup', table]);
}

function flagOf(family: IpFamily): string {
  return family === 'IPv4' ? '-4' : '-6';
}

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}
