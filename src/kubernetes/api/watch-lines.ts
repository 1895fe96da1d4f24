import { readStatus, type Status } from './api-error.ts';
import { isRecord, parseJson, resourceVersionOf } from './json.ts';

/** An object was added, changed or deleted. */
export interface ObjectEvent {
  readonly deleted: boolean;
  readonly object: unknown;
}

/** Why nothing after a line is read. */
export type WatchEnd =
  | { readonly kind: 'Error'; readonly status: Status }
  /** The line cannot be trusted, so what it said is unknown. */
  | { readonly kind: 'Unreadable'; readonly reason: string };

/** What some lines of a watch said. */
export interface WatchLines {
  readonly events: readonly ObjectEvent[];
  readonly bookmarks: number;
  /** Where to resume after them. */
  readonly resourceVersion: string;
  readonly end: WatchEnd | undefined;
}

type WatchEvent =
  | { readonly kind: 'Object'; readonly event: ObjectEvent; readonly resourceVersion: string }
  | { readonly kind: 'Bookmark'; readonly resourceVersion: string }
  | { readonly kind: 'End'; readonly end: WatchEnd };

/** Reads the lines in order, from `resourceVersion` on, up to the first that ends the watch. */
export function readWatchLines(lines: readonly Buffer[], resourceVersion: string): WatchLines {
  const events: ObjectEvent[] = [];
  let bookmarks = 0;
  let version = resourceVersion;
  for (const line of lines) {
    const event = readEvent(line, version);
    if (event.kind === 'End') return { events, bookmarks, resourceVersion: version, end: event.end };
    if (event.kind === 'Object') events.push(event.event);
    else bookmarks += 1;
    version = event.resourceVersion;
  }
  return { events, bookmarks, resourceVersion: version, end: undefined };
}

function readEvent(line: Buffer, before: string): WatchEvent {
  const parsed = parseJson(line);
  if (!isRecord(parsed)) return unreadable(`is not a JSON object: ${excerpt(line)}`);
  const { type, object } = parsed;
  switch (type) {
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
    case 'BOOKMARK':
      return versioned(type, object, before);
    case 'ERROR':
      return { kind: 'End', end: { kind: 'Error', status: readStatus(object) } };
    default:
      return unreadable(`has the unknown type ${JSON.stringify(type)}`);
  }
}

function versioned(type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK', object: unknown, before: string): WatchEvent {
  const resourceVersion = resourceVersionOf(object);
  if (resourceVersion === '') return unreadable(`of type ${type} has no object with metadata.resourceVersion`);
  // A restored backup of etcd counts from an older version, and the events in between are never sent.
  if (isOlder(resourceVersion, before)) return unreadable(`goes back from version ${before} to ${resourceVersion}`);
  if (type === 'BOOKMARK') return { kind: 'Bookmark', resourceVersion };
  return { kind: 'Object', event: { deleted: type === 'DELETED', object }, resourceVersion };
}

/** Resource versions of one kind are decimal numbers that grow (KEP-5504); others are not compared. */
function isOlder(a: string, b: string): boolean {
  if (!/^[1-9]\d*$/.test(a) || !/^[1-9]\d*$/.test(b)) return false;
  return a.length === b.length ? a < b : a.length < b.length;
}

function unreadable(reason: string): WatchEvent {
  return { kind: 'End', end: { kind: 'Unreadable', reason: `A line of the watch ${reason}` } };
}

function excerpt(line: Buffer): string {
  const text = line.subarray(0, 80).toString('latin1');
  return JSON.stringify(line.length > 80 ? `${text}...` : text);
}
