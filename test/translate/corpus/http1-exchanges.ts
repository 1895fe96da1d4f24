// Odd but legal exchanges of HTTP/1.x. A transparent proxy must not be noticed in any of them.
import type { Http1Exchange, Step } from './http1-run.ts';

const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone';

function head(...lines: readonly string[]): string {
  return `${lines.join('\r\n')}\r\n\r\n`;
}

function simple(name: string, request: string, answer = ok, methods?: readonly string[]): Http1Exchange {
  const steps: Step[] = [
    { by: 'Client', send: request },
    { by: 'Server', send: answer },
  ];
  return methods === undefined ? { name, steps } : { name, steps, methods };
}

function get(name: string, target: string, ...headers: readonly string[]): Http1Exchange {
  return simple(name, head(`GET ${target} HTTP/1.1`, 'Host: shop', ...headers));
}

function answered(name: string, answer: string, method = 'GET'): Http1Exchange {
  return simple(name, head(`${method} / HTTP/1.1`, 'Host: shop'), answer, [method]);
}

function closing(name: string, answer: string, request = head('GET / HTTP/1.1', 'Host: shop')): Http1Exchange {
  return {
    name,
    steps: [
      { by: 'Client', send: request },
      { by: 'Server', send: answer, close: 'End' },
    ],
  };
}

const methods: readonly Http1Exchange[] = [
  ...['OPTIONS', 'TRACE', 'PATCH', 'PROPFIND', 'REPORT', 'VERSION-CONTROL', 'BAN', 'QUERY', 'M-SEARCH', 'FOO.bar'].map(
    (method) => simple(`method ${method}`, head(`${method} / HTTP/1.1`, 'Host: shop'), ok, [method]),
  ),
  simple(
    'QUERY with a body',
    `${head('QUERY / HTTP/1.1', 'Host: shop', 'Content-Type: text/plain', 'Content-Length: 4')}body`,
    ok,
    ['QUERY'],
  ),
  simple('OPTIONS *', head('OPTIONS * HTTP/1.1', 'Host: shop'), ok, ['OPTIONS']),
  simple('GET with a body', `${head('GET / HTTP/1.1', 'Host: shop', 'Content-Length: 4')}body`),
  simple('DELETE with a body', `${head('DELETE / HTTP/1.1', 'Host: shop', 'Content-Length: 4')}body`, ok, ['DELETE']),
  simple('POST without a length', head('POST / HTTP/1.1', 'Host: shop'), ok, ['POST']),
];

const targets: readonly Http1Exchange[] = [
  get('path with dots and slashes', '/a//b/../c/./d;p=1;q/'),
  get('path with escapes', '/a%2Fb%2e%2E%00%zz'),
  get('path with raw UTF-8', '/caf\xc3\xa9?q=\xe2\x82\xac'),
  get('path with odd characters', '/a|b"c<d>e^f`g{h}i\\j'),
  get('query only', '/?a=b&a=c&&=%20+?/'),
  get('path with a fragment', '/page#part'),
  get('path of 30,000 bytes', `/${'p'.repeat(30_000)}`),
  get('absolute form', 'http://other.example/path?x'),
  get('double slash at the start', '//path'),
];

const headers: readonly Http1Exchange[] = [
  get('header names in any case', '/', 'X-MiXeD-case: 1', 'ACCEPT: */*', 'x_under: 2', "!#$%&'*+-.^_`|~0aZ: 3"),
  get('duplicate headers', '/', 'X-A: 1', 'Cookie: a=1', 'x-a: 2', 'Cookie: b=2', 'X-B: 3', 'X-A: 1'),
  get('empty header', '/', 'X-Empty:', 'X-Spaces:   a  b   '),
  get('header with Latin-1 and UTF-8', '/', 'X-Latin: caf\xe9', 'X-Utf8: caf\xc3\xa9'),
  get('header of 60,000 bytes', '/', `X-Large: ${'v'.repeat(60_000)}`),
  get('300 headers', '/', ...Array.from({ length: 300 }, (_, index) => `X-${index}: ${index}`)),
  get('hop-by-hop headers', '/', 'Connection: keep-alive, X-Hop', 'X-Hop: 1', 'Keep-Alive: timeout=5', 'TE: trailers'),
  get(
    'headers of proxies',
    '/',
    'Via: 1.1 a',
    'X-Forwarded-For: 192.0.2.1',
    'Forwarded: for=192.0.2.1',
    'X-Real-IP: 1',
  ),
  get('X-Forwarded-Proto of an ingress', '/', 'X-Forwarded-Proto: https'),
  get('headers of Envoy', '/', 'x-envoy-force-trace: 1', 'x-envoy-original-path: /x', 'x-envoy-internal: true'),
  get("headers that steer Envoy's router", '/', 'x-envoy-max-retries: 3', 'x-envoy-upstream-rq-timeout-ms: 5'),
  get('request id and trace', '/', 'x-request-id: mine', 'x-client-trace-id: 1', 'traceparent: 00-1-2-01'),
  simple('host with a port and upper case', head('GET / HTTP/1.1', 'Host: SHOP.Example:8080')),
  simple('host with a trailing dot', head('GET / HTTP/1.1', 'Host: shop.')),
  simple('host that is empty', head('GET / HTTP/1.1', 'Host:')),
  simple('host after other headers', head('GET / HTTP/1.1', 'Accept: */*', 'Host: shop', 'X-Last: 1')),
  answered(
    'answer with odd headers',
    `${head('HTTP/1.1 200 OK', 'server: Own/1', 'SET-COOKIE: a=1', 'Set-Cookie: b=2', 'X-Empty:', 'Via: 1.1 b', 'x-envoy-upstream-service-time: 7', 'Content-Length: 4')}done`,
  ),
  answered('answer with obs-text', `${head('HTTP/1.1 200 OK', 'X-Text: caf\xe9', 'Content-Length: 4')}done`),
  answered(
    'answer with a header of 50,000 bytes',
    `${head('HTTP/1.1 200 OK', `X-Large: ${'v'.repeat(50_000)}`, 'Content-Length: 4')}done`,
  ),
  answered(
    'answer with 200 headers',
    `${head('HTTP/1.1 200 OK', ...Array.from({ length: 200 }, (_, index) => `X-${index}: 1`), 'Content-Length: 4')}done`,
  ),
  answered('answer with a date', `${head('HTTP/1.1 200 OK', 'Date: then', 'Content-Length: 4')}done`),
];

const upgrades: readonly Http1Exchange[] = [
  ...['TLS/1.2', 'h2c', 'foo/1', 'foo/1, TLS/1.2', 'HTTP/2.0', 'WebDav'].map((upgrade) =>
    get(`upgrade to ${upgrade} that is not taken`, '/', `Upgrade: ${upgrade}`, 'Connection: Upgrade'),
  ),
  get('upgrade of Apache HttpClient', '/', 'Connection: keep-alive, Upgrade', 'Upgrade: TLS/1.2'),
  get(
    'upgrade of curl --http2',
    '/',
    'Connection: Upgrade, HTTP2-Settings',
    'Upgrade: h2c',
    'HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA',
  ),
  ...['websocket', 'WebSocket', 'SPDY/3.1', 'tcp', 'foo/1'].map((upgrade) => tunnel(upgrade)),
  answered(
    '426 that names an upgrade',
    `${head('HTTP/1.1 426 Upgrade Required', 'Upgrade: HTTP/2.0', 'Connection: Upgrade', 'Content-Length: 4')}done`,
  ),
  {
    name: 'WebSocket that is refused',
    steps: [
      { by: 'Client', send: head('GET / HTTP/1.1', 'Host: shop', 'Upgrade: websocket', 'Connection: Upgrade') },
      { by: 'Server', send: `${head('HTTP/1.1 403 Forbidden', 'Content-Length: 4')}done` },
    ],
  },
  {
    name: 'CONNECT',
    methods: ['CONNECT'],
    steps: [
      { by: 'Client', send: head('CONNECT other.example:443 HTTP/1.1', 'Host: other.example:443') },
      { by: 'Server', send: head('HTTP/1.1 200 Established') },
      { by: 'Client', after: '\r\n\r\n', send: 'ping' },
      { by: 'Server', after: 'ping', send: 'pong', close: 'End' },
    ],
  },
];

function tunnel(upgrade: string): Http1Exchange {
  return {
    name: `upgrade to ${upgrade}`,
    steps: [
      { by: 'Client', send: head('GET /chat HTTP/1.1', 'Host: shop', `Upgrade: ${upgrade}`, 'Connection: Upgrade') },
      {
        by: 'Server',
        send: head('HTTP/1.1 101 Switching Protocols', `Upgrade: ${upgrade}`, 'Connection: Upgrade'),
      },
      { by: 'Client', after: '\r\n\r\n', send: '\x81\x04ping' },
      { by: 'Server', after: 'ping', send: '\x81\x04pong', close: 'End' },
    ],
  };
}

const framings: readonly Http1Exchange[] = [
  simple(
    'chunked request',
    `${head('POST / HTTP/1.1', 'Host: shop', 'Transfer-Encoding: chunked')}3\r\nabc\r\n0\r\n\r\n`,
    ok,
    ['POST'],
  ),
  {
    name: 'chunked request with trailers',
    methods: ['POST'],
    steps: [
      {
        by: 'Client',
        send: `${head('POST / HTTP/1.1', 'Host: shop', 'Transfer-Encoding: chunked', 'Trailer: X-Sum')}3\r\nabc\r\n0\r\nX-Sum: 6\r\n\r\n`,
      },
      { by: 'Server', after: '6\r\n\r\n', send: ok },
    ],
  },
  {
    name: 'chunk extensions',
    methods: ['POST'],
    steps: [
      {
        by: 'Client',
        send: `${head('POST / HTTP/1.1', 'Host: shop', 'Transfer-Encoding: chunked')}3;a=b;c="d"\r\nabc\r\n0\r\n\r\n`,
      },
      {
        by: 'Server',
        after: '0\r\n\r\n',
        send: `${head('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked')}4;x=y\r\ndone\r\n0\r\n\r\n`,
      },
    ],
  },
  simple(
    'request with both framings',
    `${head('POST / HTTP/1.1', 'Host: shop', 'Content-Length: 3', 'Transfer-Encoding: chunked')}3\r\nabc\r\n0\r\n\r\n`,
    ok,
    ['POST'],
  ),
  answered('chunked answer', `${head('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked')}2\r\ndo\r\n2\r\nne\r\n0\r\n\r\n`),
  answered(
    'chunked answer with trailers',
    `${head('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', 'Trailer: X-Sum')}4\r\ndone\r\n0\r\nX-Sum: 6\r\n\r\n`,
  ),
  answered(
    'transfer coding in upper case',
    `${head('HTTP/1.1 200 OK', 'Transfer-Encoding: Chunked')}4\r\ndone\r\n0\r\n\r\n`,
  ),
  answered(
    'answer with both framings',
    `${head('HTTP/1.1 200 OK', 'Content-Length: 4', 'Transfer-Encoding: chunked')}4\r\ndone\r\n0\r\n\r\n`,
  ),
  answered(
    'answer with the same length twice',
    `${head('HTTP/1.1 200 OK', 'Content-Length: 4', 'Content-Length: 4')}done`,
  ),
  simple(
    'request with the same length twice',
    `${head('POST / HTTP/1.1', 'Host: shop', 'Content-Length: 4', 'Content-Length: 4')}body`,
    ok,
    ['POST'],
  ),
  closing('answer that ends with the connection', `${head('HTTP/1.1 200 OK', 'Connection: close')}done`),
  closing('answer that ends with the connection, unsaid', `${head('HTTP/1.1 200 OK')}done`),
  closing('answer of HTTP/1.0', `${head('HTTP/1.0 200 OK')}done`),
  closing(
    'HTTP/1.0 without a host',
    `${head('HTTP/1.0 200 OK', 'Content-Length: 4')}done`,
    head('GET / HTTP/1.0', 'Accept: */*'),
  ),
  closing(
    'HTTP/1.0 with keep-alive',
    `${head('HTTP/1.0 200 OK', 'Content-Length: 4', 'Connection: keep-alive')}done`,
    head('GET / HTTP/1.0', 'Host: shop', 'Connection: keep-alive'),
  ),
  get('request that closes', '/', 'Connection: close'),
];

const statuses: readonly Http1Exchange[] = [
  answered('reason phrase', `${head('HTTP/1.1 200 All Is Well', 'Content-Length: 4')}done`),
  answered('no reason phrase', `${head('HTTP/1.1 200 ', 'Content-Length: 4')}done`),
  answered('unknown status', `${head('HTTP/1.1 799 Odd', 'Content-Length: 4')}done`),
  answered('HEAD', head('HTTP/1.1 200 OK', 'Content-Length: 4000', 'ETag: "a"'), 'HEAD'),
  answered('HEAD of a chunked answer', head('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked'), 'HEAD'),
  answered('204', head('HTTP/1.1 204 No Content', 'ETag: "a"')),
  answered('204 with a length of 0', head('HTTP/1.1 204 No Content', 'Content-Length: 0')),
  answered('205', head('HTTP/1.1 205 Reset Content', 'Content-Length: 0')),
  answered('304 with a length', head('HTTP/1.1 304 Not Modified', 'ETag: "a"', 'Content-Length: 4000')),
  answered('301', head('HTTP/1.1 301 Moved Permanently', 'Location: //other/%2e?#x', 'Content-Length: 0')),
  ...['502 Bad Gateway', '503 Service Unavailable', '504 Gateway Timeout', '500 Oops'].map((status) =>
    answered(`answer ${status}`, `${head(`HTTP/1.1 ${status}`, 'Retry-After: 7', 'Content-Length: 4')}done`),
  ),
  answered('early hints', `${head('HTTP/1.1 103 Early Hints', 'Link: </a.css>; rel=preload')}${ok}`),
  answered('102 and 103', `${head('HTTP/1.1 102 Processing')}${head('HTTP/1.1 103 Early Hints', 'Link: <b>')}${ok}`),
  {
    name: 'expect: 100-continue',
    methods: ['POST'],
    steps: [
      { by: 'Client', send: head('POST / HTTP/1.1', 'Host: shop', 'Expect: 100-continue', 'Content-Length: 4') },
      { by: 'Server', send: head('HTTP/1.1 100 Continue') },
      { by: 'Client', after: '100 Continue', send: 'body' },
      { by: 'Server', after: 'body', send: ok },
    ],
  },
  {
    name: 'expect: 100-continue that is refused',
    methods: ['POST'],
    steps: [
      { by: 'Client', send: head('POST / HTTP/1.1', 'Host: shop', 'Expect: 100-continue', 'Content-Length: 4') },
      { by: 'Server', send: `${head('HTTP/1.1 417 Expectation Failed', 'Content-Length: 4')}done` },
    ],
  },
];

const orders: readonly Http1Exchange[] = [
  {
    name: 'answer before the request ends',
    methods: ['POST'],
    steps: [
      { by: 'Client', send: `${head('POST / HTTP/1.1', 'Host: shop', 'Content-Length: 1000')}part` },
      {
        by: 'Server',
        after: 'part',
        send: `${head('HTTP/1.1 413 Too Large', 'Connection: close', 'Content-Length: 4')}done`,
      },
    ],
  },
  {
    name: 'pipelined requests',
    methods: ['GET', 'GET'],
    steps: [
      { by: 'Client', send: head('GET /1 HTTP/1.1', 'Host: shop') + head('GET /2 HTTP/1.1', 'Host: shop') },
      { by: 'Server', after: '/1', send: ok },
      { by: 'Server', after: '/2', send: ok },
    ],
  },
  {
    name: 'one request after another',
    methods: ['GET', 'GET'],
    steps: [
      { by: 'Client', send: head('GET /1 HTTP/1.1', 'Host: shop') },
      { by: 'Server', after: '/1', send: ok },
      { by: 'Client', after: 'done', send: head('GET /2 HTTP/1.1', 'Host: shop') },
      { by: 'Server', after: '/2', send: ok },
    ],
  },
  {
    name: 'empty lines before a request',
    steps: [
      { by: 'Client', send: `\r\n${head('GET / HTTP/1.1', 'Host: shop')}` },
      { by: 'Server', send: ok },
    ],
  },
  {
    name: 'client that half-closes',
    steps: [
      { by: 'Client', send: head('GET / HTTP/1.1', 'Host: shop'), close: 'End' },
      { by: 'Server', send: ok },
    ],
  },
  {
    name: 'answer in pieces',
    steps: [
      { by: 'Client', send: head('GET / HTTP/1.1', 'Host: shop') },
      {
        by: 'Server',
        send: `${head('HTTP/1.1 200 OK', 'Content-Type: text/event-stream', 'Transfer-Encoding: chunked')}6\r\nfirst\n\r\n`,
      },
      { by: 'Client', after: 'first', send: '' },
      { by: 'Server', send: '4\r\ndone\r\n0\r\n\r\n' },
    ],
  },
  closing('answer that breaks off', `${head('HTTP/1.1 200 OK', 'Content-Length: 40')}part`),
  closing('chunked answer that breaks off', `${head('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked')}4\r\npart\r\n`),
  closing('connection that closes without an answer', ''),
  {
    name: 'connection that is reset',
    steps: [
      { by: 'Client', send: head('GET / HTTP/1.1', 'Host: shop') },
      { by: 'Server', close: 'Reset' },
    ],
  },
];

export const http1Exchanges: readonly Http1Exchange[] = [
  ...methods,
  ...targets,
  ...headers,
  ...upgrades,
  ...framings,
  ...statuses,
  ...orders,
];
