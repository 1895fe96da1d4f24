import { type Document, isMap, isNode, isSeq, LineCounter, parseDocument } from 'yaml';

type Path = readonly PropertyKey[];

/** A YAML file of configuration: its content, and the lines of its fields. */
export interface YamlFile {
  /** An empty file is an empty object. */
  readonly value: unknown;
  /** `FILE:LINE` of a field; of one that is absent, the line of the object that lacks it. */
  readonly where: (path: Path) => string;
}

export type YamlReading =
  | { readonly kind: 'Read'; readonly file: YamlFile }
  /** What is wrong, each with file and line. */
  | { readonly kind: 'Broken'; readonly mistakes: readonly string[] };

export function readYaml(text: string, name: string): YamlReading {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  if (document.errors.length > 0) {
    const mistakes = document.errors.map((error) => {
      return `${name}:${lines.linePos(error.pos[0]).line}: ${firstLine(error.message)}`;
    });
    return { kind: 'Broken', mistakes };
  }
  try {
    // Beyond its limit of aliases the parser throws.
    const value: unknown = document.toJS({ maxAliasCount: 100 }) ?? {};
    return { kind: 'Read', file: { value, where: (path) => `${name}:${lineOf(document, lines, path)}` } };
  } catch (error) {
    return { kind: 'Broken', mistakes: [`${name}: ${(error as Error).message}`] };
  }
}

function lineOf(document: Document, lines: LineCounter, path: Path): number {
  for (let length = path.length; length > 0; length -= 1) {
    const key = keyAt(document, path.slice(0, length));
    if (key !== undefined) return lines.linePos(key).line;
  }
  return 1;
}

/** Where a field's name, or an item of a list, begins in the text. */
function keyAt(document: Document, path: Path): number | undefined {
  const parent = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
  if (isSeq(parent)) return startOf(parent.items[Number(path.at(-1))]);
  if (!isMap(parent)) return undefined;
  return startOf(parent.items.find(({ key }) => String(key) === path.at(-1))?.key);
}

function startOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}

/** The parser's messages go on with an excerpt of the text, announced by a colon. */
function firstLine(text: string): string {
  return (text.split('\n', 1)[0] ?? text).replace(/:$/, '');
}
