// Odd but legal exchanges of HTTP/2 and gRPC. A transparent proxy must not be noticed in any of them.
import http2, { type OutgoingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import type { Http2Exchange } from './http2-run.ts';

const {
  NGHTTP2_CANCEL,
  NGHTTP2_ENHANCE_YOUR_CALM,
  NGHTTP2_INTERNAL_ERROR,
  NGHTTP2_NO_ERROR,
  NGHTTP2_PROTOCOL_ERROR,
  NGHTTP2_REFUSED_STREAM,
} = http2.constants;

const get = { ':method': 'GET', ':path': '/', ':scheme': 'http', ':authority': 'shop' } as const;
const post = { ...get, ':method': 'POST' } as const;
const date = 'Sat, 21 Nov 2026 12:00:00 GMT';

function ok(stream: ServerHttp2Stream): void {
  stream.respond({ ':status': 200, date });
  stream.end('done');
}

/** Answers once the whole request is there. */
function okAtEnd(stream: ServerHttp2Stream): void {
  stream.on('end', () => ok(stream)).resume();
}

function request(name: string, headers: OutgoingHttpHeaders): Http2Exchange {
  return { name: `h2 ${name}`, headers: { ...get, ...headers }, server: ok };
}

function answer(name: string, server: Http2Exchange['server'], headers: OutgoingHttpHeaders = get): Http2Exchange {
  return { name: `h2 ${name}`, headers, server };
}

const requests: readonly Http2Exchange[] = [
  request('GET', {}),
  request('method BAN', { ':method': 'BAN' }),
  request('OPTIONS *', { ':method': 'OPTIONS', ':path': '*' }),
  request('path with dots, slashes and escapes', { ':path': '/a//b/../%2F;p=1?q=%zz' }),
  request('path with a fragment', { ':path': '/page#part' }),
  request('cookies in pieces', { cookie: ['a=1', 'b=2'] }),
  request('odd headers', { 'x-empty': '', x_under: '1', 'x-twice': ['1', '2'], te: 'trailers', via: '2 a' }),
  request('header of 60,000 bytes', { 'x-large': 'v'.repeat(60_000) }),
  request('priority', { priority: 'u=1, i' }),
  request('X-Forwarded-Proto of an ingress', { 'x-forwarded-proto': 'https' }),
  request('authority with a port', { ':authority': 'SHOP.example:8080' }),
  {
    name: 'h2 HEAD',
    headers: { ...get, ':method': 'HEAD' },
    server: (stream) => stream.respond({ ':status': 200, date, 'content-length': '4000' }, { endStream: true }),
  },
  {
    name: 'h2 body and trailers of a request',
    headers: post,
    client: (stream) => {
      stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': '6' }));
      stream.write('bo');
      stream.end('dy');
    },
    server: okAtEnd,
  },
  {
    name: 'h2 expect: 100-continue',
    headers: { ...post, expect: '100-continue' },
    client: (stream) => stream.on('continue', () => stream.end('body')),
    server: (stream) => {
      stream.additionalHeaders({ ':status': 100 });
      okAtEnd(stream);
    },
  },
  {
    name: 'h2 client that cancels',
    headers: post,
    client: (stream) => {
      stream.on('response', () => stream.close(NGHTTP2_CANCEL));
      stream.write('part');
    },
    server: (stream) => stream.respond({ ':status': 200, date }),
  },
];

const answers: readonly Http2Exchange[] = [
  answer('trailers of an answer', (stream) => {
    stream.respond({ ':status': 200, date }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': '6' }));
    stream.end('done');
  }),
  answer('early hints', (stream) => {
    stream.additionalHeaders({ ':status': 103, link: '</a.css>; rel=preload' });
    ok(stream);
  }),
  answer('204', (stream) => stream.respond({ ':status': 204, date }, { endStream: true })),
  answer('304', (stream) => stream.respond({ ':status': 304, date, etag: '"a"' }, { endStream: true })),
  answer('odd headers of an answer', (stream) => {
    stream.respond({ ':status': 200, date, server: 'own', 'set-cookie': ['a=1', 'b=2'], 'x-empty': '' });
    stream.end('done');
  }),
  answer('answer without a date', (stream) => {
    stream.respond({ ':status': 200 }, { endStream: true, sendDate: false } as never);
  }),
  answer('503', (stream) => {
    stream.respond({ ':status': 503, date, 'retry-after': '7' });
    stream.end('busy');
  }),
  ...[
    ['INTERNAL_ERROR', NGHTTP2_INTERNAL_ERROR],
    ['CANCEL', NGHTTP2_CANCEL],
    ['ENHANCE_YOUR_CALM', NGHTTP2_ENHANCE_YOUR_CALM],
    ['REFUSED_STREAM', NGHTTP2_REFUSED_STREAM],
    ['PROTOCOL_ERROR', NGHTTP2_PROTOCOL_ERROR],
  ].map(([name, code]) => answer(`reset with ${name} before an answer`, (stream) => stream.close(code as number))),
  ...[
    ['INTERNAL_ERROR', NGHTTP2_INTERNAL_ERROR],
    ['CANCEL', NGHTTP2_CANCEL],
  ].map(([name, code]) =>
    answer(`reset with ${name} in an answer`, (stream) => {
      stream.respond({ ':status': 200, date });
      stream.write('part', () => stream.close(code as number));
    }),
  ),
  {
    name: 'h2 answer before the request ends',
    headers: post,
    client: (stream) => {
      stream.write('part');
    },
    server: (stream) => {
      stream.respond({ ':status': 413, date });
      stream.end('done', () => stream.close(NGHTTP2_NO_ERROR));
    },
  },
  answer('GOAWAY after an answer', (stream) => {
    ok(stream);
    stream.session?.goaway(NGHTTP2_NO_ERROR);
  }),
];

const tunnels: readonly Http2Exchange[] = [
  tunnel('extended CONNECT (WebSocket)', { ...get, ':method': 'CONNECT', ':protocol': 'websocket' }),
  tunnel('CONNECT', { ':method': 'CONNECT', ':authority': 'other.example:443' }),
];

function tunnel(name: string, headers: OutgoingHttpHeaders): Http2Exchange {
  return {
    name: `h2 ${name}`,
    headers,
    client: (stream) => {
      stream.on('response', () => stream.write('ping'));
      stream.on('data', () => stream.end());
    },
    server: (stream) => {
      stream.respond({ ':status': 200, date });
      stream.on('data', () => stream.end('pong'));
    },
  };
}

const call = { ...post, ':path': '/shop.Cart/Add', te: 'trailers', 'content-type': 'application/grpc' } as const;
const message = '\0\0\0\0\x03abc';

function grpc(name: string, headers: OutgoingHttpHeaders, server: Http2Exchange['server']): Http2Exchange {
  return { name: `gRPC ${name}`, headers: { ...call, ...headers }, client: (stream) => stream.end(message), server };
}

function grpcAnswer(trailers: OutgoingHttpHeaders, ...messages: readonly string[]): Http2Exchange['server'] {
  return (stream) => {
    stream.respond({ ':status': 200, date, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers(trailers));
    for (const one of messages) stream.write(one);
    stream.end();
  };
}

function trailersOnly(trailers: OutgoingHttpHeaders): Http2Exchange['server'] {
  return (stream) =>
    stream.respond({ ':status': 200, date, 'content-type': 'application/grpc', ...trailers }, { endStream: true });
}

const calls: readonly Http2Exchange[] = [
  grpc('unary', {}, grpcAnswer({ 'grpc-status': '0' }, message)),
  grpc('server stream', {}, grpcAnswer({ 'grpc-status': '0' }, message, message, message)),
  grpc(
    'status with details',
    {},
    grpcAnswer({ 'grpc-status': '9', 'grpc-message': 'no%20way', 'grpc-status-details-bin': 'CAk' }),
  ),
  grpc('trailers only', {}, trailersOnly({ 'grpc-status': '5', 'grpc-message': 'not found' })),
  grpc('trailers only, UNAVAILABLE', {}, trailersOnly({ 'grpc-status': '14' })),
  grpc(
    'deadline and binary metadata',
    { 'grpc-timeout': '100m', 'x-bin': 'AAEC', 'grpc-encoding': 'gzip' },
    grpcAnswer({ 'grpc-status': '0' }, message),
  ),
  grpc('reset in place of a status', {}, (stream) => stream.close(NGHTTP2_CANCEL)),
  grpc('HTTP 503 in place of a status', {}, (stream) => stream.respond({ ':status': 503, date }, { endStream: true })),
  grpc('reset in a stream', {}, (stream) => {
    stream.respond({ ':status': 200, date, 'content-type': 'application/grpc' });
    stream.write(message, () => stream.close(NGHTTP2_INTERNAL_ERROR));
  }),
];

export const http2Exchanges: readonly Http2Exchange[] = [...requests, ...answers, ...tunnels, ...calls];
