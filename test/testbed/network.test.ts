import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startEcho } from './echo-pod.ts';
import { report, splitAround } from './load/report.ts';
import { type Network, networkExists, openNetwork, type Topology } from './network.ts';
import { ProcessGroup } from './process.ts';
import { fetchJsonFrom, requestFrom } from './request.ts';
import { run } from './run.ts';
import { RunningLoad } from './running-load.ts';

const prefix = 'fltb-';
const node = (index: number): Topology['nodes'][number] => ({
  name: `node${index}`,
  ipv4: `192.168.50.${index}`,
  ipv6: `fd00:50::${index}`,
  podCidrs: { ipv4: `10.244.${index}.0/24`, ipv6: `fd00:244:${index}::/64` },
  pods: [{ name: `pod${index}`, ipv4: `10.244.${index}.10`, ipv6: `fd00:244:${index}::10` }],
});
const topology: Topology = {
  prefix,
  nodes: [node(1), node(2)],
  control: { ipv4: '192.168.50.100', ipv6: 'fd00:50::64' },
};

describe('testbed', () => {
  const group = new ProcessGroup();
  const directory = mkdtempSync(join(tmpdir(), 'fairlead-testbed-'));
  let network: Network;

  beforeAll(async () => {
    network = await openNetwork(topology);
    await startEcho(group, { network, pod: 'pod2', node: 'node2', directory, http: 8080, tcp: 9000, udp: 9000 });
  });

  afterAll(async () => {
    await group.stopAll();
    await network.close();
    rmSync(directory, { recursive: true });
    expect(networkExists(prefix)).toBe(false);
  });

  it.each([
    ['http', '10.244.2.10:8080', '10.244.1.10'],
    ['tcp', '10.244.2.10:9000', '10.244.1.10'],
    ['udp', '10.244.2.10:9000', '10.244.1.10'],
    ['http', '[fd00:244:2::10]:8080', 'fd00:244:1::10'],
    ['tcp', '[fd00:244:2::10]:9000', 'fd00:244:1::10'],
    ['udp', '[fd00:244:2::10]:9000', 'fd00:244:1::10'],
  ] as const)('keeps the client address across nodes: %s to %s', async (protocol, target, client) => {
    const load = await startLoad(target, { protocol, count: 3 });
    const attempts = await load.finished();
    expect(report(attempts)).toMatchObject({ total: 3, ok: 3, failed: 0, byPod: { pod2: 3 } });
    expect(new Set(attempts.map((attempt) => attempt.clientAddress))).toEqual(new Set([client]));
  });

  it('reaches pods from the control host and from nodes', async () => {
    for (const host of ['ctl', 'node1', 'node2']) {
      const answer = await requestFrom(network.namespaceOf(host), 'http://10.244.2.10:8080/x');
      expect(answer.status).toBe(200);
    }
  });

  it('counts failures by reason', async () => {
    const control = 'http://127.0.0.1:9901';
    const pod = network.namespaceOf('pod2');
    const reasons = async (fault: object) => {
      await fetchJsonFrom(pod, `${control}/fault`, { method: 'PUT', body: JSON.stringify(fault) });
      const load = await startLoad('10.244.2.10:8080', { count: 2, timeoutMs: 300 });
      return report(await load.finished()).failures;
    };
    expect(await reasons({ status: 503 })).toEqual({ 503: 2 });
    expect(await reasons({ connections: 'refuse' })).toEqual({ refused: 2 });
    expect(await reasons({ connections: 'reset' })).toEqual({ reset: 2 });
    expect(await reasons({ connections: 'hang' })).toEqual({ timeout: 2 });
    expect(await reasons({})).toEqual({});
  });

  it('tells requests in flight in a killed process from new ones', async () => {
    const victim = await startEcho(group, { network, pod: 'pod1', node: 'node1', directory, http: 8080 });
    const load = await startLoad('10.244.1.10:8080', { path: '/?delay=300', rate: 100 });
    await load.more(20);
    const killedAt = performance.timeOrigin + performance.now();
    await victim.kill('SIGKILL');
    const goneAt = performance.timeOrigin + performance.now();
    await load.more(10, (attempt) => attempt.startedAt > goneAt);
    const { before, inFlight, after } = splitAround(await load.stop(), killedAt, goneAt);
    expect(report(before).failed).toBe(0);
    expect(inFlight.length).toBeGreaterThan(5);
    // Some may still be answered between the look at the clock and the signal.
    expect(report(inFlight.filter(({ endedAt }) => endedAt > goneAt)).ok).toBe(0);
    expect(report(after).failures).toEqual({ refused: after.length });
  });

  it('keeps serving after clients that reset their connections', async () => {
    const reset =
      "const s = require('net').connect(9000, '10.244.2.10', () => s.write('x\\n', () => s.resetAndDestroy()))";
    await run([process.execPath, '-e', reset], { namespace: network.namespaceOf('pod1') });
    const load = await startLoad('10.244.2.10:9000', { protocol: 'tcp', count: 3 });
    expect(report(await load.finished()).ok).toBe(3);
    expect(group.lost).toEqual([]);
  });

  it('says why a process did not become ready', async () => {
    const spec = { name: 'no server', command: [process.execPath, '-e', 'throw new Error("Broken at birth")'] };
    const start = group.start({ ...spec, logFile: join(directory, 'broken.log'), ready: () => false });
    await expect(start).rejects.toThrow(/no server ended before it was ready.*Broken at birth/s);
  });

  function startLoad(target: string, more: object): Promise<RunningLoad> {
    const place = { namespace: network.namespaceOf('pod1'), logFile: join(directory, 'load.log') };
    return RunningLoad.start(group, place, { target, ...more });
  }
});

describe('openNetwork', () => {
  it('removes what a run that crashed left', async () => {
    const first = await openNetwork({ ...topology, prefix: 'fltc-' });
    const group = new ProcessGroup();
    const sleeper = await group.start({
      name: 'sleeper',
      namespace: first.namespaceOf('pod1'),
      command: ['sleep', '1000'],
      logFile: join(tmpdir(), 'fltc-sleeper.log'),
    });
    const second = await openNetwork({ ...topology, prefix: 'fltc-' });
    expect((await sleeper.exited).signal).toBe('SIGKILL');
    await second.close();
    expect(networkExists('fltc-')).toBe(false);
    rmSync(sleeper.logFile);
  });

  it('refuses names that Linux would not take', async () => {
    const pods = [{ name: 'a-very-long-pod-name', ipv4: '10.244.1.10' }];
    const nodes = [{ ...node(1), pods }];
    await expect(openNetwork({ ...topology, prefix: 'fltd-', nodes })).rejects.toThrow(/longer than 13/);
    await expect(openNetwork({ ...topology, prefix: 'fltd-', nodes: [node(1), node(1)] })).rejects.toThrow(
      /named .*node1/,
    );
  });
});
