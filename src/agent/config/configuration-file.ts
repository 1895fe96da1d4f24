import { nearest } from '../../base/nearest.ts';
import { readYaml, type YamlFile } from '../../base/yaml-file.ts';
import { FairleadError } from '../../model/errors.ts';
import { apiVersion, type FieldPath, fieldAt, fieldPaths, kind } from './fields.ts';

/** A value that was given, and where: `--node-name`, or `agent.yaml:3: zone`. */
export interface Given {
  readonly value: unknown;
  readonly where: string;
}

export type GivenValues = ReadonlyMap<FieldPath, Given>;

type Fields = Readonly<Record<string, unknown>>;

/**
 * Reads an AgentConfiguration; strict: an unknown field is an error, with the field that was probably meant.
 * @param name of the file, for messages
 * @throws FairleadError CONFIG_INVALID with everything that is wrong, each with file, line and field
 */
export function readConfiguration(text: string, name: string): GivenValues {
  const reading = readYaml(text, name);
  if (reading.kind === 'Broken') throw new FairleadError('CONFIG_INVALID', reading.mistakes.join('\n'));
  const reader = new Reader(reading.file);
  reader.read();
  if (reader.mistakes.length > 0) throw new FairleadError('CONFIG_INVALID', reader.mistakes.join('\n'));
  return reader.given;
}

class Reader {
  readonly given = new Map<FieldPath, Given>();
  readonly mistakes: string[] = [];
  readonly #file: YamlFile;

  constructor(file: YamlFile) {
    this.#file = file;
  }

  read(): void {
    const { value } = this.#file;
    if (!isObject(value)) return void this.#refuse([], 'is not an object');
    this.#expect(value, 'apiVersion', apiVersion);
    this.#expect(value, 'kind', kind);
    const { apiVersion: _version, kind: _kind, ...fields } = value;
    this.#object([], fields);
  }

  #expect(document: Fields, key: 'apiVersion' | 'kind', wanted: string): void {
    if (document[key] === wanted) return;
    const reason = document[key] === undefined ? `is missing; it is ${wanted}` : `is not ${wanted}`;
    const help = document[key] === 'KubeProxyConfiguration' ? '; fairlead convert-config FILE converts it' : '';
    this.#refuse([key], reason + help);
  }

  #object(path: readonly string[], object: Fields): void {
    for (const [key, value] of Object.entries(object)) this.#field([...path, key], value);
  }

  /** As in Kubernetes, null is the same as leaving the field out. */
  #field(path: readonly string[], value: unknown): void {
    const name = path.join('.');
    if (isField(name)) {
      if (value !== null) this.#take(path, name, value);
    } else if (!fieldPaths.some((known) => known.startsWith(`${name}.`))) {
      this.#refuse(path, `is unknown${suggestion(path)}`);
    } else if (isObject(value)) this.#object(path, value);
    else if (value !== null) this.#refuse(path, 'is not an object');
  }

  #take(path: readonly string[], name: FieldPath, raw: unknown): void {
    const { type } = fieldAt(name);
    const value = type.read(raw);
    if (value === undefined) this.#refuse(path, `is ${JSON.stringify(raw)}, not ${type.expected}`);
    else this.given.set(name, { value, where: `${this.#file.where(path)}: ${name}` });
  }

  #refuse(path: readonly string[], reason: string): void {
    this.mistakes.push(`${this.#file.where(path)}: ${path.join('.') || 'the document'}: ${reason}`);
  }
}

function isField(name: string): name is FieldPath {
  return (fieldPaths as readonly string[]).includes(name);
}

/** Among the fields at the same place first: `conntrack.mni` is `conntrack.min` rather than a field elsewhere. */
function suggestion(path: readonly string[]): string {
  const parent = path
    .slice(0, -1)
    .map((step) => `${step}.`)
    .join('');
  const siblings = fieldPaths.filter((known) => known.startsWith(parent)).map((known) => stepAfter(known, parent));
  const sibling = nearest(path.at(-1) ?? '', [...new Set(siblings)]);
  if (sibling !== undefined) return `; did you mean ${parent}${sibling}?`;
  const elsewhere = fieldPaths.find((known) => known.split('.').at(-1) === path.at(-1));
  return elsewhere === undefined ? '' : `; did you mean ${elsewhere}?`;
}

function stepAfter(path: string, parent: string): string {
  return path.slice(parent.length).split('.', 1)[0] ?? '';
}

export function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
