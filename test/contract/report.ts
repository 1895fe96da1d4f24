import type { Column } from './results.ts';
import type { Section } from './scenario.ts';

/** The columns side by side, as Markdown: every row, and below each table why a cell is not a tick. */
export function report(sections: readonly Section[], columns: readonly Column[]): string {
  const header = `${tableRow(['', ...columns.map(({ name }) => name)])}\n${tableRow(['---', ...columns.map(() => '---')])}`;
  return sections
    .map(({ title, scenarios }) => {
      const names = scenarios.map(({ name }) => name);
      const rows = names.map((name) => tableRow([name, ...columns.map((column) => cell(column, name))]));
      return [`## ${title}`, '', header, ...rows, ...notes(names, columns)].join('\n');
    })
    .join('\n\n');
}

function tableRow(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

function cell({ rows, differences }: Column, name: string): string {
  const findings = rows[name];
  if (findings === undefined) return 'not run';
  if (findings.length === 0) return 'yes';
  return differences[name] === undefined ? 'NO' : 'differs';
}

function notes(names: readonly string[], columns: readonly Column[]): readonly string[] {
  const texts = columns.flatMap(({ name: column, differences, rows }) =>
    names
      .filter((name) => (rows[name] ?? []).length > 0)
      .map((name) => `- ${column}, "${name}": ${differences[name] ?? (rows[name] ?? []).join('; ')}`),
  );
  return texts.length === 0 ? [] : ['', ...texts];
}
