import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { processesIn } from '../testbed/namespaces.ts';
import { RunningLoad } from '../testbed/running-load.ts';
import { echoPorts, Lab, pods, serviceUpdate, sliceUpdate } from './support/lab.ts';

const clusterIP = '10.96.0.10';
const tcpPort = { name: 'tcp', protocol: 'TCP', port: echoPorts.tcp } as const;
const attempts = 150;

let lab: Lab;

beforeAll(async () => {
  lab = await Lab.open({ prefix: 'flpc-' });
  await lab.startController();
  await lab.update([
    serviceUpdate('echo', [clusterIP], [{ name: 'tcp', port: 9 }]),
    sliceUpdate('echo', 'IPv4', [tcpPort], ['p2a']),
  ]);
  await lab.startAgent('node1', lab.envoyArgs('node1'));
  // Few ports, the same on both sides: what meets once in a thousand connections meets all the time.
  for (const host of ['node1', 'p1a']) await lab.run(host, 'sysctl', '-qw', 'net.ipv4.ip_local_port_range=40000 40799');
});

afterAll(() => lab.close());

// The node holds Envoy's sockets with the pod's address, for a minute after they ended.
it("carries a pod's own connections to an endpoint beside those of Envoy in its name", async () => {
  const throughEnvoy = await startLoad(`${clusterIP}:9`, 0);
  await throughEnvoy.more(attempts);
  const taken = await lab.envoyConnections('node1');
  const lost = await lostHandshakes();
  const direct = await (await startLoad(`${pods.p2a.IPv4}:${echoPorts.tcp}`, attempts)).finished();
  const redirected = await throughEnvoy.stop();
  const all = [...direct, ...redirected];
  expect(taken).toBeGreaterThan(attempts / 2);
  expect(all.filter((attempt) => attempt.outcome !== 'ok')).toEqual([]);
  // Every second one, when they were taken for each other; a busy machine may lose one.
  expect((await lostHandshakes()) - lost).toBeLessThan(attempts / 10);
});

function startLoad(target: string, count: number): Promise<RunningLoad> {
  const place = { namespace: lab.network.namespaceOf('p1a'), logFile: join(lab.directory, 'load.log') };
  return RunningLoad.start(lab.processes, place, { target, protocol: 'tcp', rate: 50, count, timeoutMs: 10_000 });
}

/** SYNs that the pod had to send again; the kernel counts them for each network namespace. */
async function lostHandshakes(): Promise<number> {
  const [pid = 0] = await processesIn(lab.network.namespaceOf('p1a'));
  const [names = '', values = ''] = (await readFile(`/proc/${pid}/net/netstat`, 'utf8')).split('\n');
  const index = names.split(' ').indexOf('TCPSynRetrans');
  return Number(values.split(' ')[index]);
}
