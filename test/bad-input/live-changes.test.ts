// Changes that Kubernetes allows and nobody expects, while real traffic flows through a real Envoy and kernel.
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ModelUpdate } from '../../src/model/model.ts';
import { echoPorts, Lab, type PodName, serviceUpdate, sliceUpdate } from '../agent/support/lab.ts';
import { anEndpoint, aSlice, sliceUpdate as updateOfSlice } from '../support/builders.ts';
import { asked, bothPaths } from '../support/policy.ts';
import type { Attempt } from '../testbed/load/attempt.ts';
import { type LoadRequest, RunningLoad } from '../testbed/running-load.ts';
import { now, waitUntil } from '../testbed/wait.ts';

const tcpPort = { name: '', protocol: 'TCP', port: echoPorts.tcp } as const;
const httpPort = { name: '', protocol: 'TCP', port: echoPorts.http } as const;
const asHttp = [{ port: 80, appProtocol: 'http' }] as const;
const asTcp = [{ port: 80, appProtocol: 'tcp' }] as const;

/** Pod p2a answers at all of 10.245.0.0/16. */
function manyEndpoints(service: string, count: number): ModelUpdate {
  const name = `${service}-ipv4`;
  const endpoints = Array.from({ length: count }, (_none, index) =>
    anEndpoint(`10.245.${Math.floor(index / 250)}.${(index % 250) + 1}`, { nodeName: 'node2' }),
  );
  return updateOfSlice(aSlice({ namespace: 'default', name, serviceName: service, ports: [tcpPort], endpoints }));
}

function gone(kind: ModelUpdate['kind'], key: string): ModelUpdate {
  return { kind, key, value: undefined } as ModelUpdate;
}

describe('live changes', () => {
  let lab: Lab;

  beforeAll(async () => {
    lab = await Lab.open({ prefix: 'flbad-' });
    await lab.run('node1', 'ip', 'route', 'add', '10.245.0.0/16', 'via', '192.168.50.2');
    await lab.run('node2', 'ip', 'route', 'add', '10.245.0.0/16', 'dev', 'v-p2a');
    await lab.run('p2a', 'ip', 'route', 'add', 'local', '10.245.0.0/16', 'dev', 'lo');
    await lab.startController();
    await lab.update([]);
    await lab.startAgent('node1', lab.envoyArgs('node1'));
    await waitUntil(async () => (await lab.envoyState('node1')) === 'Connected', { what: 'Envoy to be connected' });
  });

  afterAll(() => lab.close());

  const startLoad = async (pod: PodName, request: LoadRequest) => {
    const place = { namespace: lab.network.namespaceOf(pod), logFile: join(lab.directory, `load-${pod}.log`) };
    const load = await RunningLoad.start(lab.processes, place, { rate: 0, concurrency: 4, ...request });
    await load.more(50, isOk);
    return load;
  };

  /** Waits until as many attempts that began after the last change are over. */
  const untilFollowed = async (load: RunningLoad) => {
    const changedAt = now();
    await load.more(50, ({ startedAt }) => startedAt > changedAt);
  };

  it('1,000 endpoints are served by the kernel and by Envoy', async () => {
    await lab.update([
      serviceUpdate('envoy', ['10.96.3.1'], asTcp),
      manyEndpoints('envoy', 1000),
      serviceUpdate('kernel', ['10.96.3.7'], asTcp, { policy: asked({ dataPath: bothPaths('Kernel') }) }),
      manyEndpoints('kernel', 1000),
    ]);
    const throughEnvoy = await lab.dial('p1a', 'tcp', '10.96.3.1', 80, 200);
    expect(throughEnvoy.filter((result) => 'echo' in result && result.echo.clientPort >= 61_000)).toHaveLength(200);
    const throughKernel = await lab.dial('p1a', 'tcp', '10.96.3.7', 80, 200);
    expect(throughKernel.filter((result) => 'echo' in result && result.echo.clientPort < 61_000)).toHaveLength(200);
  });

  it('from 3 to 300 endpoints and back nothing is lost', async () => {
    await lab.update([
      serviceUpdate('grow', ['10.96.3.2'], asTcp),
      manyEndpoints('grow', 3),
      serviceUpdate('grow-kernel', ['10.96.3.8'], asTcp, { policy: asked({ dataPath: bothPaths('Kernel') }) }),
      manyEndpoints('grow-kernel', 3),
    ]);
    const loads = await Promise.all([
      startLoad('p1a', { protocol: 'tcp', target: '10.96.3.2:80', connections: 'new' }),
      startLoad('p1b', { protocol: 'tcp', target: '10.96.3.8:80', connections: 'new' }),
    ]);
    for (const count of [300, 3, 37, 300, 1, 3]) {
      await lab.update([manyEndpoints('grow', count), manyEndpoints('grow-kernel', count)]);
      await Promise.all(loads.map(untilFollowed));
    }
    for (const load of loads) expect(failed(await load.stop())).toEqual([]);
  });

  it('a cluster IP that moves to another Service loses nothing', async () => {
    await lab.update([
      serviceUpdate('old', ['10.96.3.3'], asHttp),
      sliceUpdate('old', 'IPv4', [httpPort], ['p1b']),
      sliceUpdate('renamed', 'IPv4', [httpPort], ['p2a']),
    ]);
    const load = await startLoad('p1a', { protocol: 'http', target: '10.96.3.3:80', connections: 'new' });
    await lab.update([gone('Service', 'default/old'), serviceUpdate('renamed', ['10.96.3.3'], asHttp)]);
    await load.waitFor('answers of the new Service', ({ pod }) => pod === 'p2a');
    await untilFollowed(load);
    expect(failed(await load.stop())).toEqual([]);
  });

  it('appProtocol may become http', async () => {
    const address = '10.96.3.5';
    const slice = sliceUpdate('becomes-http', 'IPv4', [httpPort], ['p1b', 'p2a']);
    await lab.update([serviceUpdate('becomes-http', [address], asTcp), slice]);
    const loads = await Promise.all([
      startLoad('p1a', { protocol: 'http', target: `${address}:80`, connections: 'new' }),
      startLoad('p1b', { protocol: 'http', target: `${address}:80`, connections: 'keep-alive' }),
    ]);
    await lab.update([serviceUpdate('becomes-http', [address], asHttp)]);
    await Promise.all(loads.map(untilFollowed));
    for (const load of loads) expect(failed(await load.stop())).toEqual([]);
  });

  it('an HTTP Service may be put on the kernel path: also connections that Envoy holds continue', async () => {
    const address = '10.96.3.9';
    const slice = sliceUpdate('to-kernel', 'IPv4', [httpPort], ['p1b', 'p2a']);
    await lab.update([serviceUpdate('to-kernel', [address], asHttp), slice]);
    const loads = await Promise.all([
      startLoad('p1a', { protocol: 'http', target: `${address}:80`, connections: 'new' }),
      startLoad('p1b', { protocol: 'http', target: `${address}:80`, connections: 'keep-alive' }),
    ]);
    await lab.update([
      serviceUpdate('to-kernel', [address], asHttp, { policy: asked({ dataPath: bothPaths('Kernel') }) }),
    ]);
    await Promise.all(loads.map(untilFollowed));
    for (const load of loads) expect(failed(await load.stop())).toEqual([]);
  });

  // Connections that Envoy took as HTTP before, and those of the moment of the change, get 404: their route is gone.
  it('appProtocol may become tcp: every new connection goes there once the change is acknowledged', async () => {
    const address = '10.96.3.4';
    const slice = sliceUpdate('becomes-tcp', 'IPv4', [httpPort], ['p1b', 'p2a']);
    await lab.update([serviceUpdate('becomes-tcp', [address], asHttp), slice]);
    const load = await startLoad('p1a', { protocol: 'http', target: `${address}:80`, connections: 'new' });
    await lab.update([serviceUpdate('becomes-tcp', [address], asTcp)]);
    const changedAt = now();
    await untilFollowed(load);
    expect(failed(await load.stop()).filter(({ startedAt }) => startedAt > changedAt)).toEqual([]);
  });

  it('a Service that is deleted and created again with another protocol works again', async () => {
    const address = '10.96.3.6';
    const slice = sliceUpdate('again', 'IPv4', [httpPort], ['p1b', 'p2a']);
    await lab.update([serviceUpdate('again', [address], asHttp), slice]);
    const load = await startLoad('p1a', {
      protocol: 'http',
      target: `${address}:80`,
      connections: 'new',
      timeoutMs: 500,
    });
    for (const ports of [asTcp, asHttp, asTcp]) {
      await lab.update([gone('Service', 'default/again')]);
      await load.waitFor('a failure', (attempt) => !isOk(attempt), load.attempts.length);
      await lab.update([serviceUpdate('again', [address], ports)]);
      const changedAt = now();
      await load.waitFor('an answer', isOk, load.attempts.length);
      await load.more(50, ({ startedAt }) => startedAt > changedAt);
      expect(failed(load.attempts).filter(({ startedAt }) => startedAt > changedAt)).toEqual([]);
    }
    await load.stop();
  });
});

function isOk({ outcome }: Attempt): boolean {
  return outcome === 'ok';
}

function failed(attempts: readonly Attempt[]): readonly Attempt[] {
  return attempts.filter((attempt) => !isOk(attempt));
}
