import type http from 'node:http';
import type http2 from 'node:http2';

/** What a service passes on for its calls to belong to one trace (W3C Trace Context, and Envoy's request id). */
const contextHeaders = ['traceparent', 'tracestate', 'baggage', 'x-request-id'];

/** Calls the next service, as a real one would on the way to its answer. */
export async function forward(to: string, request: http.IncomingMessage | http2.Http2ServerRequest): Promise<unknown> {
  const headers = contextHeaders.flatMap((name) => {
    const value = request.headers[name];
    return typeof value === 'string' ? [[name, value] as [string, string]] : [];
  });
  const response = await fetch(to, { headers });
  const body: unknown = await response.json();
  return { status: response.status, body };
}
