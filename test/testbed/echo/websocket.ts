import { createHash } from 'node:crypto';
import type http from 'node:http';
import type { Duplex } from 'node:stream';

/** RFC 6455 §1.3. */
const handshakeGuid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const longestShortPayload = 125;
const closeOpcode = 8;

/** Echoes frames of up to 125 bytes; a close frame is answered by one. */
export function acceptWebSocket(request: http.IncomingMessage, socket: Duplex, head: Buffer): void {
  const key = request.headers['sec-websocket-key'] ?? '';
  const accept = createHash('sha1').update(`${key}${handshakeGuid}`).digest('base64');
  const lines = ['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade'];
  socket.write(`${[...lines, `Sec-WebSocket-Accept: ${accept}`].join('\r\n')}\r\n\r\n`);
  let buffered = head;
  socket.on('data', (chunk: Buffer) => {
    buffered = echoFrames(Buffer.concat([buffered, chunk]), socket);
  });
}

/** Echoes the complete frames and returns the rest. RFC 6455 §5.2: clients mask, servers do not. */
function echoFrames(bytes: Buffer, socket: Duplex): Buffer {
  let rest = bytes;
  while (rest.length >= 6) {
    const length = rest.readUInt8(1) & 0x7f;
    if (length > longestShortPayload) {
      socket.destroy();
      return Buffer.alloc(0);
    }
    if (rest.length < 6 + length) return rest;
    const mask = rest.subarray(2, 6);
    const payload = rest.subarray(6, 6 + length).map((byte, index) => byte ^ (mask[index % 4] ?? 0));
    socket.write(Buffer.concat([Buffer.from([rest.readUInt8(0), length]), payload]));
    if ((rest.readUInt8(0) & 0x0f) === closeOpcode) socket.end();
    rest = rest.subarray(6 + length);
  }
  return rest;
}
