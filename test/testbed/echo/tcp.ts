import type net from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as delayFor } from 'node:timers/promises';
import { echoOf } from './identity.ts';
import type { EchoState } from './state.ts';

/** Answers each line with one of JSON: the echo's identity, the client it saw, the line. */
export function serveTcp(state: EchoState): (socket: net.Socket) => void {
  return (socket) => {
    const echo = echoOf(state.identity, socket.remoteAddress, socket.remotePort);
    const lines = createInterface({ input: socket });
    lines.on('error', () => socket.destroy()); // It repeats the socket's errors.
    lines.on('line', async (line) => {
      state.requestBegan();
      await delayFor(state.fault.delay ?? 0);
      state.requestEnded();
      if (socket.writable) socket.write(`${JSON.stringify({ ...echo, line })}\n`);
    });
  };
}
