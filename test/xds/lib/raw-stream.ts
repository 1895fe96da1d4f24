import http2 from 'node:http2';
import { connect } from 'node:net';
import { encodeMessage } from '../../../src/protos/registry.ts';

const path = '/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources';

/** A delta stream below gRPC: it may leave messages unfinished, and leave what comes unread. */
export interface RawStream {
  readonly stream: http2.ClientHttp2Stream;
  /** Resolves with `grpc-status` and `grpc-message`, or with what ended the stream instead. */
  readonly ended: Promise<{ readonly code: number; readonly details: string }>;
}

/**
 * Comes from 127.0.0.2, while other clients come from 127.0.0.1.
 * @param initialWindowSize 0: what the server writes stays with it
 */
export function connectRaw(address: string, initialWindowSize = 0): http2.ClientHttp2Session {
  const [host, port] = address.split(':');
  const createConnection = () => connect({ host, port: Number(port), localAddress: '127.0.0.2' });
  const session = http2.connect(`http://${address}`, { settings: { initialWindowSize }, createConnection });
  session.on('error', () => undefined);
  return session;
}

export function openRaw(session: http2.ClientHttp2Session): RawStream {
  const stream = session.request({
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  stream.on('error', () => undefined);
  const ended = new Promise<{ code: number; details: string }>((resolve) => {
    const tell = (headers: http2.IncomingHttpHeaders) => {
      const code = headers['grpc-status'];
      if (code === undefined) return;
      resolve({ code: Number(code), details: decodeURI(String(headers['grpc-message'] ?? '')) });
    };
    stream.on('response', tell);
    stream.on('trailers', tell);
    stream.on('close', () => resolve({ code: -1, details: `reset ${stream.rstCode}` }));
  });
  return { stream, ended };
}

/** A DeltaDiscoveryRequest as gRPC frames it. */
export function frame(request: Record<string, unknown>): Buffer {
  const message = encodeMessage('envoy.service.discovery.v3.DeltaDiscoveryRequest', request);
  return Buffer.concat([frameHead(message.length), message]);
}

export function frameHead(length: number): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(length, 1);
  return head;
}
