/** What is kept of a span. */
export interface Span {
  /** Hexadecimal, as in `traceparent`. */
  readonly traceId: string;
  readonly spanId: string;
  /** Empty for a root. */
  readonly parentSpanId: string;
  readonly name: string;
  readonly kind: 'unspecified' | 'internal' | 'server' | 'client' | 'producer' | 'consumer';
  /** Milliseconds since the epoch, with a fraction. */
  readonly startedAt: number;
  readonly endedAt: number;
  readonly error: boolean;
  /** Of the span; those of its resource begin with `resource.`. */
  readonly attributes: Readonly<Record<string, string>>;
}

interface WireValue {
  readonly value?: string;
  readonly [field: string]: unknown;
}

interface WireAttribute {
  readonly key: string;
  readonly value?: WireValue | null;
}

interface WireSpan {
  readonly trace_id: Uint8Array;
  readonly span_id: Uint8Array;
  readonly parent_span_id: Uint8Array;
  readonly name: string;
  readonly kind: string;
  readonly start_time_unix_nano: string;
  readonly end_time_unix_nano: string;
  readonly attributes: readonly WireAttribute[];
  readonly status?: { readonly code: string } | null;
}

/** opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest as the loader gives it. */
export interface ExportRequest {
  readonly resource_spans: readonly {
    readonly resource?: { readonly attributes: readonly WireAttribute[] } | null;
    readonly scope_spans: readonly { readonly spans: readonly WireSpan[] }[];
  }[];
}

export function spansOf(request: ExportRequest): readonly Span[] {
  return request.resource_spans.flatMap(({ resource, scope_spans }) => {
    const shared = attributesOf(resource?.attributes ?? [], 'resource.');
    return scope_spans.flatMap(({ spans }) => spans.map((span) => spanOf(span, shared)));
  });
}

function spanOf(span: WireSpan, shared: Readonly<Record<string, string>>): Span {
  return {
    traceId: hex(span.trace_id),
    spanId: hex(span.span_id),
    parentSpanId: hex(span.parent_span_id),
    name: span.name,
    kind: span.kind.replace('SPAN_KIND_', '').toLowerCase() as Span['kind'],
    startedAt: Number(BigInt(span.start_time_unix_nano) / 1000n) / 1000,
    endedAt: Number(BigInt(span.end_time_unix_nano) / 1000n) / 1000,
    error: span.status?.code === 'STATUS_CODE_ERROR',
    attributes: { ...shared, ...attributesOf(span.attributes, '') },
  };
}

function attributesOf(attributes: readonly WireAttribute[], prefix: string): Readonly<Record<string, string>> {
  return Object.fromEntries(attributes.map(({ key, value }) => [`${prefix}${key}`, textOf(value)]));
}

/** The loader names the field that is set in `value`. */
function textOf(value: WireValue | null | undefined): string {
  return value?.value === undefined ? '' : String(value[value.value]);
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
