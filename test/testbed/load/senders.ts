import dgram from 'node:dgram';
import http from 'node:http';
import net from 'node:net';
import { text } from 'node:stream/consumers';
import { echoIn, type Finding, failure, type LoadOptions } from './attempt.ts';
import { http2Sender } from './http2-sender.ts';

/** In the body of Envoy's answer when a circuit breaker trips; `x-envoy-overloaded` may be suppressed. */
const overflowText = 'reset reason: overflow';

/** Makes one attempt; never throws. */
export type Sender = () => Promise<Finding>;

export function senderFor(options: LoadOptions): Sender {
  switch (options.protocol) {
    case 'http':
      return httpSender(options);
    case 'http2':
      return http2Sender(options);
    case 'tcp':
      return () => sendTcp(options);
    case 'udp':
      return () => sendUdp(options);
  }
}

function httpSender(options: LoadOptions): Sender {
  const keepAlive = options.connections === 'keep-alive';
  const agent = keepAlive ? new http.Agent({ keepAlive: true, maxSockets: options.concurrency }) : false;
  return () =>
    new Promise((resolve) => {
      const request = http.get(`http://${options.target}${options.path}`, { agent });
      const signal = AbortSignal.timeout(options.timeoutMs);
      const timeUp = () => request.destroy(coded('TIMEOUT'));
      signal.addEventListener('abort', timeUp);
      const end = (finding: Finding) => {
        signal.removeEventListener('abort', timeUp);
        resolve(finding);
      };
      request.on('error', (error) => end(failure(error, request.reusedSocket)));
      request.on('response', (response) => {
        const found = readResponse(response, request.reusedSocket);
        found.then(end, (error) => end(failure(error, request.reusedSocket)));
      });
    });
}

async function readResponse(response: http.IncomingMessage, reusedConnection: boolean): Promise<Finding> {
  const body = await text(response);
  const status = response.statusCode ?? 0;
  const overloaded = body.includes(overflowText) ? { overloaded: true } : {};
  return { outcome: status >= 400 ? 'status' : 'ok', status, reusedConnection, ...echoIn(body), ...overloaded };
}

/** A connection of its own, one line there and one back. */
function sendTcp(options: LoadOptions): Promise<Finding> {
  return new Promise((resolve) => {
    const socket = net.connect(destinationOf(options.target));
    let answer = '';
    const end = (finding: Finding) => {
      resolve(finding);
      socket.destroy();
    };
    const timer = setTimeout(() => socket.destroy(coded('TIMEOUT')), options.timeoutMs);
    socket.setEncoding('utf8');
    socket.on('connect', () => socket.write('hello\n'));
    socket.on('data', (chunk: string) => {
      answer += chunk;
      if (answer.endsWith('\n')) end({ outcome: 'ok', reusedConnection: false, ...echoIn(answer) });
    });
    socket.on('error', (error) => end(failure(error)));
    socket.on('end', () => end(failure(coded('CLOSED'))));
    socket.on('close', () => clearTimeout(timer));
  });
}

/** A socket of its own, one datagram there and one back. */
function sendUdp(options: LoadOptions): Promise<Finding> {
  return new Promise((resolve) => {
    const { host, port } = destinationOf(options.target);
    const socket = dgram.createSocket(net.isIPv6(host) ? 'udp6' : 'udp4');
    const end = (finding: Finding) => {
      clearTimeout(timer);
      resolve(finding);
      socket.close();
    };
    const timer = setTimeout(() => end(failure(coded('TIMEOUT'))), options.timeoutMs);
    socket.once('error', (error) => end(failure(error)));
    socket.once('message', (message) => {
      end({ outcome: 'ok', reusedConnection: false, ...echoIn(message.toString()) });
    });
    socket.connect(port, host, () => socket.send('hello'));
  });
}

function destinationOf(target: string): { readonly host: string; readonly port: number } {
  const { hostname, port } = new URL(`tcp://${target}`);
  return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) };
}

function coded(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(code), { code });
}
