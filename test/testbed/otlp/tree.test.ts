import { expect, it } from 'vitest';
import type { Span } from './span.ts';
import { traceTree } from './tree.ts';

function span(spanId: string, parentSpanId: string, startedAt: number, more: Partial<Span> = {}): Span {
  const rest = { traceId: 't', name: `name-${spanId}`, kind: 'server', error: false, attributes: {} } as const;
  return { ...rest, spanId, parentSpanId, startedAt, endedAt: startedAt + 1.5, ...more };
}

it('draws a trace by parents and start', () => {
  const spans = [
    span('d', 'b', 4),
    span('c', 'a', 5, { kind: 'client', error: true, attributes: { 'http.status_code': '503' } }),
    span('b', 'a', 2),
    span('a', 'outside', 1),
    span('e', 'b', 3),
  ];
  expect(traceTree(spans)).toEqual([
    'name-a  server  1.5 ms',
    '├─ name-b  server  1.5 ms',
    '│  ├─ name-e  server  1.5 ms',
    '│  └─ name-d  server  1.5 ms',
    '└─ name-c  client  1.5 ms  503  error',
  ]);
});
