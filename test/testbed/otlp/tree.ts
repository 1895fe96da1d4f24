import type { Span } from './span.ts';

/** The spans of one trace as lines of a tree, each told by `describe`; spans whose parent is unknown are roots. */
export function traceTree(spans: readonly Span[], describe: (span: Span) => string = describeSpan): readonly string[] {
  const known = new Set(spans.map((span) => span.spanId));
  const inOrder = spans.toSorted((a, b) => a.startedAt - b.startedAt);
  const roots = inOrder.filter((span) => !known.has(span.parentSpanId));
  const childrenOf = (span: Span) => inOrder.filter((child) => child.parentSpanId === span.spanId && child !== span);
  const draw = (span: Span, lead: string, branch: string): readonly string[] => {
    const children = childrenOf(span);
    const below = lead + (branch === '├─ ' ? '│  ' : branch === '' ? '' : '   ');
    const drawn = children.flatMap((child, index) => draw(child, below, index < children.length - 1 ? '├─ ' : '└─ '));
    return [`${lead}${branch}${describe(span)}`, ...drawn];
  };
  return roots.flatMap((root) => draw(root, '', ''));
}

/** `shop/catalog/http  server  1.2 ms  200`. */
export function describeSpan(span: Span): string {
  const duration = `${(span.endedAt - span.startedAt).toFixed(1)} ms`;
  const status = span.attributes['http.status_code'] ?? span.attributes['http.response.status_code'] ?? '';
  return [span.name, span.kind, duration, status, span.error ? 'error' : ''].filter(Boolean).join('  ');
}
