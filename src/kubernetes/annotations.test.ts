import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ServicePolicy, SettingValues } from '../model/policy.ts';
import { settingNames } from '../model/settings.ts';
import { annotationPrefix, annotations } from './annotation-table.ts';
import { readPolicy } from './annotations.ts';
import { FieldReader } from './field-reader.ts';
import { ProblemList } from './problem-list.ts';

function read(values: Readonly<Record<string, unknown>>) {
  const object = { kind: 'Service', namespace: 'default', name: 'web' };
  const problems = new ProblemList(object);
  const reader = new FieldReader({ metadata: { annotations: values } }, problems)
    .object('metadata', '')
    ?.object('annotations', '');
  const policy = reader === undefined ? {} : readPolicy(reader, object);
  return { policy, values: valuesOf(policy), problems: problems.toArray() };
}

function valuesOf(policy: ServicePolicy): Partial<SettingValues> {
  return Object.fromEntries(Object.entries(policy).map(([name, { value }]) => [name, value]));
}

/** A good value and what it means, for each annotation. */
const samples: Readonly<Record<string, readonly [string, object]>> = {
  'max-connections': ['10', { maxConnections: 10 }],
  'max-pending-requests': ['0', { maxPendingRequests: 0 }],
  'max-requests': ['4294967295', { maxRequests: 4294967295 }],
  'max-retries': ['3', { maxRetries: 3 }],
  'outlier-detection': ['disabled', { outlierDetection: false }],
  'outlier-consecutive-errors': ['3', { outlierConsecutiveErrors: 3 }],
  'outlier-interval': ['1s', { outlierIntervalMs: 1000 }],
  'outlier-base-ejection-time': ['1m30s', { outlierBaseEjectionTimeMs: 90_000 }],
  'outlier-max-ejection-percent': ['100', { outlierMaxEjectionPercent: 100 }],
  'connect-timeout': ['300ms', { connectTimeoutMs: 300 }],
  'request-timeout': ['1.5s', { requestTimeoutMs: 1500 }],
  'idle-timeout': ['0s', { idleTimeoutMs: 0 }],
  retries: ['0', { retries: 0 }],
  'retry-on': ['5xx, reset,5xx', { retryOn: ['5xx', 'reset'] }],
  'per-try-timeout': ['2s', { perTryTimeoutMs: 2000 }],
  'load-balancing': ['Maglev', { loadBalancing: 'Maglev' }],
  'data-path': ['http: Envoy,tcp:Kernel', { dataPath: { http: 'Envoy', tcp: 'Kernel' } }],
  'fail-mode': ['Closed', { failMode: 'Closed' }],
  'tracing-sampling': ['12.5', { tracingSamplingPercent: 12.5 }],
};

const bad: readonly (readonly [string, string])[] = [
  ['max-connections', '-1'],
  ['max-connections', '1e3'],
  ['max-connections', '4294967296'],
  ['max-connections', ''],
  ['outlier-detection', 'true'],
  ['outlier-consecutive-errors', '0'],
  ['outlier-max-ejection-percent', '101'],
  ['connect-timeout', '0s'],
  ['connect-timeout', '5'],
  ['connect-timeout', '2h'],
  ['request-timeout', '-1s'],
  ['request-timeout', '1s '.repeat(50)],
  ['retry-on', ''],
  ['retry-on', '5xx,,reset'],
  ['retry-on', 'always'],
  ['load-balancing', 'round-robin'],
  ['data-path', 'kernel'],
  ['data-path', 'http: Envoy, http: Kernel'],
  ['data-path', 'udp: Kernel'],
  ['data-path', 'tcp: kernel'],
  ['data-path', 'tcp: Kernel,'],
  ['fail-mode', 'open'],
  ['tracing-sampling', '100.1'],
  ['tracing-sampling', '10%'],
];

describe('readPolicy', () => {
  it.each(annotations.map(({ key }) => key))('reads %s', (key) => {
    const [text, values] = samples[key] ?? ['', {}];
    const result = read({ [annotationPrefix + key]: text });
    expect(result).toMatchObject({ values, problems: [] });
    const [setting] = Object.values(result.policy);
    expect(setting?.origin).toEqual({
      object: { kind: 'Service', namespace: 'default', name: 'web' },
      field: `metadata.annotations[fairlead.dev/${key}]`,
    });
  });

  it.each(bad)('reports %s: %j, and leaves the default', (key, text) => {
    const annotation = annotations.find((one) => one.key === key);
    const { policy, problems } = read({ [annotationPrefix + key]: text });
    expect(policy).toEqual({});
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatchObject({
      object: { kind: 'Service', namespace: 'default', name: 'web' },
      code: 'InvalidValue',
      field: `metadata.annotations[fairlead.dev/${key}]`,
    });
    expect(problems[0]?.message).toContain(
      `not ${annotation?.expected}; the default (${annotation?.fallback}) is used`,
    );
  });

  it('joins settings of one group, and keeps the good ones beside a bad one', () => {
    const { values, problems } = read({
      'fairlead.dev/max-requests': '5',
      'fairlead.dev/max-connections': 'many',
      'fairlead.dev/max-retries': '1',
    });
    expect(values).toEqual({ maxRequests: 5, maxRetries: 1 });
    expect(problems).toHaveLength(1);
  });

  it('says how to write a number', () => {
    const { problems } = read({ 'fairlead.dev/retries': 3 });
    expect(problems[0]?.message).toBe('is not a string, as annotations must be: write "3"; the default (2) is used');
  });

  it('guesses what an unknown key was meant to be', () => {
    const reasonOf = (key: string) => read({ [key]: '1' }).problems.map(({ message }) => message);
    expect(reasonOf('fairlead.dev/max-conections')).toEqual([
      'is not an annotation of Fairlead and is ignored; did you mean fairlead.dev/max-connections?',
    ]);
    expect(reasonOf('fairlead.dev/load-balancer')[0]).toContain('did you mean fairlead.dev/load-balancing?');
    expect(reasonOf('fairlead.dev/teapot')[0]).toContain('docs/annotations.md');
    expect(reasonOf('example.com/retries')).toEqual([]);
    expect(reasonOf(`fairlead.dev/${'x'.repeat(100_000)}`)).toHaveLength(1);
  });

  it('gives the same text whatever the order of the annotations', () => {
    const all = annotations.map(({ key }) => [annotationPrefix + key, samples[key]?.[0] ?? ''] as const);
    fc.assert(
      fc.property(fc.shuffledSubarray(all, { minLength: all.length }), (shuffled) => {
        expect(JSON.stringify(read(Object.fromEntries(shuffled)))).toBe(JSON.stringify(read(Object.fromEntries(all))));
      }),
    );
  });

  it('takes any text without throwing, and never a value out of range', () => {
    const values = fc.dictionary(
      fc.constantFrom(...annotations.map(({ key }) => annotationPrefix + key)),
      fc.oneof(fc.string(), fc.jsonValue(), fc.stringMatching(/^[0-9]{1,4}(\.[0-9]{1,2})?(h|m|s|ms|%)?$/)),
    );
    fc.assert(
      fc.property(values, (given) => {
        const { values: found } = read(given);
        expect(found.tracingSamplingPercent ?? 0).toBeLessThanOrEqual(100);
        expect(found.connectTimeoutMs ?? 1).toBeGreaterThanOrEqual(1);
        expect(Number.isInteger(found.requestTimeoutMs ?? 0)).toBe(true);
      }),
    );
  });
});

it('every setting can be given as an annotation, by one only', () => {
  expect(annotations.map(({ setting }) => setting).toSorted()).toEqual(settingNames.toSorted());
});

describe('docs/annotations.md', () => {
  it('lists every annotation with its values, default and meaning', () => {
    const page = readFileSync(new URL('../../docs/annotations.md', import.meta.url), 'utf8');
    const rows = annotations.map(
      ({ key, expected, fallback, about }) =>
        `| \`${annotationPrefix}${key}\` | ${expected} | ${fallback} | ${about} |`,
    );
    expect(page.split('\n').filter((line) => line.startsWith('| `'))).toEqual(rows);
  });
});
