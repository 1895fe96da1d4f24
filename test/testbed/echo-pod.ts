import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Fault } from './echo/fault.ts';
import type { Counters } from './echo/state.ts';
import type { Network } from './network.ts';
import type { ManagedProcess, ProcessGroup } from './process.ts';
import { fetchJsonFrom } from './request.ts';

const script = fileURLToPath(new URL('./echo-server.ts', import.meta.url));

/** Where each pod's echo server is made to fail; inside the pod only. */
export const echoControl = '127.0.0.1:9901';

export interface EchoPod {
  readonly network: Network;
  readonly pod: string;
  readonly node: string;
  /** Of the logs. */
  readonly directory: string;
  readonly http?: number;
  readonly tcp?: number;
  readonly udp?: number;
}

/** Starts an echo server in a pod and waits until it serves. */
export async function startEcho(group: ProcessGroup, spec: EchoPod): Promise<ManagedProcess> {
  const { network, pod, node, directory, ...ports } = spec;
  let output = '';
  const portArgs = Object.entries(ports).flatMap(([protocol, port]) => [`--${protocol}`, String(port)]);
  return group.start({
    name: `echo server of ${pod}`,
    namespace: network.namespaceOf(pod),
    command: [process.execPath, script, '--pod', pod, '--node', node, '--control', echoControl, ...portArgs],
    logFile: join(directory, `${pod}.log`),
    onOutput: (text) => {
      output += text;
    },
    ready: () => output.endsWith('\n'),
  });
}

export async function setFault(network: Network, pod: string, fault: Fault): Promise<void> {
  const url = `http://${echoControl}/fault`;
  await fetchJsonFrom(network.namespaceOf(pod), url, { method: 'PUT', body: JSON.stringify(fault) });
}

export function readCounters(network: Network, pod: string): Promise<Counters> {
  return fetchJsonFrom(network.namespaceOf(pod), `http://${echoControl}/state`);
}

export async function resetCounters(network: Network, pod: string): Promise<void> {
  await fetchJsonFrom(network.namespaceOf(pod), `http://${echoControl}/counters`, { method: 'DELETE' });
}
