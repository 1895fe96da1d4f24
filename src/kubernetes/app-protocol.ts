import type { AppProtocol } from '../model/service.ts';

/** Values of appProtocol (IANA service names, KEP-3726) that are not opaque TCP. TLS (`https`, `kubernetes.io/wss`) is. */
const byAppProtocol: ReadonlyMap<string, AppProtocol> = new Map([
  ['http', 'http'],
  ['http2', 'http2'],
  ['kubernetes.io/h2c', 'http2'],
  ['kubernetes.io/ws', 'websocket'],
  ['grpc', 'grpc'],
  // gRPC-Web is gRPC carried in HTTP/1.1 requests.
  ['grpc-web', 'http'],
]);

/** Port names, and what they begin with before a `-`; longer ones first. */
const byName: readonly (readonly [string, AppProtocol])[] = [
  ['grpc-web', 'http'],
  ['grpc', 'grpc'],
  ['http2', 'http2'],
  ['http', 'http'],
];

/**
 * What speaks on a TCP port: what appProtocol says, else what the port's name is or begins with (`http`, `grpc-api`).
 * An unknown appProtocol is something else: `tcp`.
 */
export function classifyAppProtocol(appProtocol: string | undefined, portName: string): AppProtocol {
  if (appProtocol !== undefined && appProtocol !== '') return byAppProtocol.get(appProtocol.toLowerCase()) ?? 'tcp';
  const found = byName.find(([prefix]) => portName === prefix || portName.startsWith(`${prefix}-`));
  return found?.[1] ?? 'tcp';
}
