import dgram from 'node:dgram';
import { echoOf } from './identity.ts';
import type { EchoState } from './state.ts';

/** Answers each datagram with one of JSON, as the TCP echo does with lines. */
export function listenUdp(port: number, state: EchoState): Promise<dgram.Socket> {
  const socket = dgram.createSocket({ type: 'udp6', ipv6Only: false });
  socket.on('message', (message, from) => {
    const echo = { ...echoOf(state.identity, from.address, from.port), line: message.toString() };
    socket.send(JSON.stringify(echo), from.port, from.address);
  });
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(port, '::', () => resolve(socket));
  });
}
