import { apiVersion, type FieldPath, fieldAt, fieldPaths, kind, type Values } from './fields.ts';

/** As they stand in a file: nested, without what is unset. For /configz. */
export function configurationObject(values: Values): object {
  const root: Record<string, unknown> = { apiVersion, kind };
  for (const path of fieldPaths) {
    const written = writtenValue(path, values[path]);
    if (written !== undefined) put(root, path.split('.'), written);
  }
  return root;
}

function writtenValue(path: FieldPath, value: unknown): unknown {
  return value === undefined ? undefined : fieldAt(path).type.write(value as never);
}

function put(object: Record<string, unknown>, [key = '', ...rest]: readonly string[], value: unknown): void {
  if (rest.length > 0) object[key] ??= {};
  if (rest.length === 0) object[key] = value;
  else put(object[key] as Record<string, unknown>, rest, value);
}

/** A file that says the same, with a line about each field. */
export function configurationText(values: Values): string {
  const lines = [`apiVersion: ${apiVersion}`, `kind: ${kind}`];
  const groups = new Set<string>();
  for (const path of fieldPaths) {
    const [group, name] = path.includes('.') ? (path.split('.') as [string, string]) : [undefined, path];
    if (group !== undefined && !groups.has(group)) lines.push(`${group}:`);
    if (group !== undefined) groups.add(group);
    const indent = group === undefined ? '' : '  ';
    const written = writtenValue(path, values[path]);
    lines.push(`${indent}# ${fieldAt(path).about}`);
    lines.push(written === undefined ? `${indent}# ${name}:` : `${indent}${name}: ${scalar(written)}`);
  }
  return `${lines.join('\n')}\n`;
}

/** JSON is YAML; texts stay in quotes, so that none is taken for a number or a list. */
function scalar(value: unknown): string {
  return JSON.stringify(value);
}
