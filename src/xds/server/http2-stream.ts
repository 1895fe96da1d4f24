import type { ServerHttp2Stream } from 'node:http2';

/**
 * The HTTP/2 stream under a call. grpc-js has no public way to it, nor to what it needs here: the bytes of a message that
 * has begun (its decoder keeps them, up to the limit of a message), and to end a stream whose client does not read (its
 * status waits behind what is unread). Its version is pinned, and test/xds/memory.test.ts fails without this.
 * @throws when grpc-js keeps it elsewhere
 */
export function http2StreamOf(call: object): ServerHttp2Stream {
  const { stream } = (call as { readonly call?: { readonly stream?: ServerHttp2Stream } }).call ?? {};
  if (stream === undefined) throw new Error('This version of @grpc/grpc-js keeps the HTTP/2 stream elsewhere');
  return stream;
}
