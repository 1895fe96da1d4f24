import {
  type Document,
  isAlias,
  isCollection,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseAllDocuments,
} from 'yaml';
import { errorText } from '../../base/error-text.ts';
import { fileRef, type Problem } from '../../model/problem.ts';
import { isObject } from '../field-reader.ts';
import { quote } from '../problem-list.ts';
import { scanJson } from './json-scan.ts';

export interface ParsedObject {
  /** What the document, or the item of a list, holds; most likely an object, but anything is possible. */
  readonly object: unknown;
  /** From 1. */
  readonly line: number;
}

export interface ParsedManifest {
  readonly objects: readonly ParsedObject[];
  /** Each makes the file a broken one: some of it could not be read. */
  readonly problems: readonly Problem[];
}

/** Deep enough for any manifest, and far from the end of the stack. */
const maxDepth = 100;
/** Aliases stand for what they copy, times the aliases inside: YAML bombs multiply. */
const maxAliases = 1000;
const maxProblems = 20;

/**
 * The objects of a YAML or JSON text: any number of documents, lists (`List`, `ServiceList`) resolved to their items. Never
 * throws. Time and memory grow linearly with the text.
 */
export function parseManifest(text: string, file: string): ParsedManifest {
  const objects: ParsedObject[] = [];
  const problems: Problem[] = [];
  const fail = (line: number, message: string): void => {
    if (problems.length >= maxProblems) return;
    problems.push({ object: fileRef(file), field: '', code: 'InvalidManifest', message, origin: `${file}:${line}` });
  };
  for (const object of parseJson(text, fail) ?? parseYaml(text, fail)) objects.push(object);
  return { objects, problems };
}

/**
 * JSON is YAML, but the YAML parser takes eighty times as long and a hundred times the memory. Undefined when the text is
 * not one JSON object or list: it may still be YAML, whose parser also says best what is wrong.
 */
function parseJson(text: string, fail: Fail): readonly ParsedObject[] | undefined {
  const value = /^\s*[{[]/.test(text) ? jsonValue(text) : undefined;
  if (value === undefined) return undefined;
  const { line, itemLines, failure } = scanJson(text, maxDepth);
  if (failure === undefined) return flatten(value, { line, item: (index) => placeAt(itemLines.get(index) ?? line) });
  fail(failure.line, failure.reason);
  return [];
}

function jsonValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function parseYaml(text: string, fail: Fail): readonly ParsedObject[] {
  const lines = new LineCounter();
  const objects: ParsedObject[] = [];
  for (const document of documentsOf(text, lines, fail)) {
    const failure = failureOf(document, lines);
    if (failure !== undefined) fail(failure.line, failure.reason);
    else for (const object of objectsOf(document, lines, fail)) objects.push(object);
  }
  return objects;
}

type Fail = (line: number, reason: string) => void;

function documentsOf(text: string, lines: LineCounter, fail: Fail): readonly Document[] {
  try {
    // Unique keys are checked below: the library's own check takes quadratic time. String keys keep `? ? ?` from doing so.
    const documents = parseAllDocuments(text, {
      lineCounter: lines,
      prettyErrors: false,
      logLevel: 'silent',
      merge: true,
      uniqueKeys: false,
      stringKeys: true,
    });
    return Array.isArray(documents) ? documents : [];
  } catch (error) {
    fail(1, `cannot be parsed: ${errorText(error)}`);
    return [];
  }
}

interface Failure {
  readonly line: number;
  readonly reason: string;
}

function failureOf(document: Document, lines: LineCounter): Failure | undefined {
  const error = document.errors[0];
  if (error === undefined) return shapeFailure(document.contents, lines, 1);
  const line = Math.max(1, lines.linePos(error.pos[0]).line);
  if (error.code === 'RESOURCE_EXHAUSTION') return { line, reason: `is nested deeper than ${maxDepth} levels` };
  return { line, reason: `is not valid YAML: ${error.message}` };
}

function shapeFailure(node: unknown, lines: LineCounter, depth: number): Failure | undefined {
  if (!isCollection(node)) return undefined;
  if (depth > maxDepth) return { line: lineAt(lines, node), reason: `is nested deeper than ${maxDepth} levels` };
  const seen = new Set<unknown>();
  for (const item of node.items) {
    if (!isPair(item)) {
      const failure = shapeFailure(item, lines, depth + 1);
      if (failure !== undefined) return failure;
      continue;
    }
    const key = isScalar(item.key) ? item.key.value : undefined;
    if (seen.has(key))
      return { line: lineAt(lines, item.key), reason: `the key ${quote(key)} occurs twice in one object` };
    if (key !== '<<') seen.add(key);
    const failure = shapeFailure(item.value, lines, depth + 1);
    if (failure !== undefined) return failure;
  }
  return undefined;
}

function isPair(item: unknown): item is { readonly key: unknown; readonly value: unknown } {
  return isObject(item) && 'key' in item && 'value' in item && !isCollection(item) && !isScalar(item);
}

function objectsOf(document: Document, lines: LineCounter, fail: Fail): readonly ParsedObject[] {
  const place = yamlPlace(document.contents, lines);
  try {
    const value: unknown = document.toJS({ maxAliasCount: maxAliases });
    return value === null || value === undefined ? [] : flatten(value, place);
  } catch (error) {
    fail(place.line, `cannot be resolved: ${errorText(error)}`);
    return [];
  }
}

/** Where a value stands in its file, and the items of it where it is a list of objects. */
interface Place {
  readonly line: number;
  readonly item: (index: number) => Place;
}

/** Of a value whose items are not looked for. */
function placeAt(line: number): Place {
  return { line, item: () => placeAt(line) };
}

function yamlPlace(node: unknown, lines: LineCounter): Place {
  const line = lineAt(lines, node);
  const items = itemNodes(node);
  return {
    line,
    item: (index) => {
      const item = items[index];
      return item === undefined ? placeAt(line) : yamlPlace(item, lines);
    },
  };
}

/** The items of a list, of lists in it too; anything else is itself. */
function flatten(value: unknown, place: Place): readonly ParsedObject[] {
  const { line } = place;
  if (!isObject(value)) return [{ object: value, line }];
  const { kind, apiVersion, items } = value;
  if (typeof kind !== 'string' || !kind.endsWith('List') || !Array.isArray(items)) return [{ object: value, line }];
  return items.flatMap((item: unknown, index) => {
    return flatten(withKind(item, kind.slice(0, -'List'.length), apiVersion), place.item(index));
  });
}

/** Items of a ServiceList may leave out what the list says for all, as the API server's answers do. */
function withKind(item: unknown, kind: string, apiVersion: unknown): unknown {
  return kind === '' || !isObject(item) || 'kind' in item ? item : { ...item, kind, apiVersion };
}

/** Where the items stand; nothing when an alias or a merge hides them. */
function itemNodes(node: unknown): readonly unknown[] {
  if (!isMap(node)) return [];
  const items = node.get('items', true) as unknown;
  return isSeq(items) ? items.items : [];
}

function lineAt(lines: LineCounter, node: unknown): number {
  const known = isScalar(node) || isCollection(node) || isAlias(node);
  const offset = known ? ((node as Node).range?.[0] ?? 0) : 0;
  return Math.max(1, lines.linePos(offset).line);
}
