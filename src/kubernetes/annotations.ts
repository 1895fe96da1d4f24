import type { Retries, ServicePolicy } from '../model/policy.ts';
import { type Annotation, annotationPrefix, annotations, type PolicyDraft } from './annotation-table.ts';
import type { FieldReader } from './field-reader.ts';
import { nearest } from './nearest.ts';
import { quote } from './problem-list.ts';

const known: ReadonlySet<string> = new Set(annotations.map(({ key }) => key));

/**
 * The policy that a Service's `fairlead.dev/` annotations ask for. A value that cannot be read is reported and the
 * default is used; a key that does not exist is reported.
 */
export function readPolicy(reader: FieldReader): ServicePolicy {
  const own = reader.keys().filter((key) => key.startsWith(annotationPrefix));
  if (own.length === 0) return {};
  for (const key of own) reportUnknown(reader, key);
  // In the table's order, so that equal annotations give equal text whatever their order.
  const drafts = annotations.flatMap((annotation) => readOne(reader, annotation) ?? []);
  return finish(drafts.reduce(merge, {}));
}

function readOne(reader: FieldReader, { key, expected, fallback, read }: Annotation): PolicyDraft | undefined {
  const path = annotationPrefix + key;
  const value = reader.raw(path);
  if (value === undefined) return undefined;
  const instead = `the default (${fallback}) is used`;
  if (typeof value !== 'string') {
    const hint = typeof value === 'object' ? '' : `: write "${String(value)}"`;
    return reader.report(path, `is not a string, as annotations must be${hint}; ${instead}`);
  }
  return read(value.trim()) ?? reader.report(path, `is ${quote(value)}, not ${expected}; ${instead}`);
}

function reportUnknown(reader: FieldReader, path: string): void {
  const key = path.slice(annotationPrefix.length);
  if (known.has(key)) return;
  const guess = nearest(key, [...known]);
  const hint = guess === undefined ? 'docs/annotations.md lists them all' : `did you mean ${annotationPrefix}${guess}?`;
  reader.report(path, `is not an annotation of Fairlead and is ignored; ${hint}`, 'UnknownAnnotation');
}

/** Settings of one group come from several annotations. */
function merge(a: PolicyDraft, b: PolicyDraft): PolicyDraft {
  return {
    ...a,
    ...b,
    ...(a.circuitBreaker && b.circuitBreaker ? { circuitBreaker: { ...a.circuitBreaker, ...b.circuitBreaker } } : {}),
    ...(a.outlierDetection && b.outlierDetection
      ? { outlierDetection: { ...a.outlierDetection, ...b.outlierDetection } }
      : {}),
    ...(a.timeouts && b.timeouts ? { timeouts: { ...a.timeouts, ...b.timeouts } } : {}),
    ...(a.retries && b.retries ? { retries: { ...a.retries, ...b.retries } } : {}),
  };
}

/** As translate's default for Services that say nothing; an empty list stands for its conditions. */
const defaultRetries: Retries = { attempts: 2, on: [] };

function finish({ retries, ...policy }: PolicyDraft): ServicePolicy {
  return retries === undefined ? policy : { ...policy, retries: { ...defaultRetries, ...retries } };
}
