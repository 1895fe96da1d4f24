import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';

const folder = resolve(import.meta.dirname, '../../.cache/contract');

/** What came of all rows on one proxy. */
export interface Column {
  readonly name: string;
  /** What was found wrong, by row. */
  readonly rows: Readonly<Record<string, readonly string[]>>;
  /** Why a row does not hold. */
  readonly differences: Readonly<Record<string, string>>;
}

/** Keeps a column for the report, which puts it beside those of other runs. */
export function writeColumn(column: Column): void {
  mkdirSync(folder, { recursive: true });
  const name = column.name.toLowerCase().replaceAll(/[^a-z]+/g, '-');
  writeFileSync(resolve(folder, `${name}.json`), JSON.stringify(column, undefined, 2));
}

export function readColumns(): readonly Column[] {
  if (!existsSync(folder)) return [];
  const files = readdirSync(folder).sort().reverse();
  return files.map((file) => JSON.parse(readFileSync(resolve(folder, file), 'utf8')) as Column);
}
