/** What `jsonPieces` writes: as JSON.stringify does, but iterables as arrays, and functions as what they return when they are reached. */
export type LazyJson = unknown;

const smallest = 4_096;

/** JSON in pieces of some kilobytes, so that the writer can let other work have its turn; reads iterables as it goes. */
export function* jsonPieces(value: LazyJson): Generator<string> {
  let piece = '';
  for (const part of partsOf(value)) {
    piece += part;
    if (piece.length < smallest) continue;
    yield piece;
    piece = '';
  }
  if (piece !== '') yield piece;
}

function* partsOf(value: LazyJson): Generator<string> {
  const known = typeof value === 'function' ? (value() as unknown) : value;
  if (typeof known !== 'object' || known === null) yield JSON.stringify(known ?? null);
  else if (isFlat(known)) yield JSON.stringify(known);
  else if (Symbol.iterator in known) yield* arrayParts(known as Iterable<unknown>);
  else yield* objectParts(known);
}

/** Most values are, and are not worth a generator. */
function isFlat(known: object): boolean {
  if (Symbol.iterator in known) return false;
  return Object.values(known).every(
    (value) => value === null || (typeof value !== 'object' && typeof value !== 'function'),
  );
}

function* arrayParts(values: Iterable<unknown>): Generator<string> {
  let separator = '[';
  for (const value of values) {
    yield separator;
    yield* partsOf(value);
    separator = ',';
  }
  yield separator === '[' ? '[]' : ']';
}

function* objectParts(object: object): Generator<string> {
  let separator = '{';
  for (const [key, value] of Object.entries(object)) {
    if (value === undefined) continue;
    yield `${separator}${JSON.stringify(key)}:`;
    yield* partsOf(value);
    separator = ',';
  }
  yield separator === '{' ? '{}' : '}';
}
