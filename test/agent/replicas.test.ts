import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AdsClientOptions } from '../../src/agent/xds/ads-client.ts';
import { FakeController, viewOf } from './support/fake-controller.ts';
import { FreezableProxy } from './support/freezable-proxy.ts';
import { identityPreferring, Recorder } from './support/recorder.ts';

const views = [viewOf('a'), viewOf('b')];

interface Replica {
  readonly controller: FakeController;
  readonly proxy: FreezableProxy;
  /** The proxy's. */
  readonly port: number;
}

async function openReplica(): Promise<Replica> {
  const controller = new FakeController(views);
  const own = await controller.listen();
  const proxy = new FreezableProxy(() => own);
  return { controller, proxy, port: await proxy.listen() };
}

describe('an agent with several controllers', () => {
  let replicas: readonly Replica[];
  let recorder: Recorder;

  beforeEach(async () => {
    replicas = await Promise.all([openReplica(), openReplica(), openReplica()]);
  });

  afterEach(() => {
    recorder.client.stop();
    for (const { controller, proxy } of replicas) {
      controller.kill();
      proxy.close();
    }
  });

  const nameOf = (index: number) => `127.0.0.1:${replicas[index]?.port}`;

  /** The agent of a node that prefers the replicas in their order, connected to the first. */
  const connect = async (options: Partial<AdsClientOptions> = {}) => {
    const ports = replicas.map(({ port }) => port);
    // The order in which they are given says nothing.
    recorder = new Recorder(ports.toReversed(), { identity: identityPreferring(ports), ...options });
    recorder.client.start();
    await recorder.until(() => recorder.controller !== undefined);
    expect(recorder.controller).toBe(nameOf(0));
  };

  it('goes to its second choice at once when the first is killed, and to the third after that', async () => {
    await connect();
    for (const index of [1, 2]) {
      replicas[index - 1]?.controller.kill();
      await recorder.until(() => recorder.controller === nameOf(index));
    }
    const waits = recorder.connections.flatMap((one) => (one.kind === 'Waiting' ? one.retryMs : []));
    expect(waits).toEqual([0, 0]);
    expect(recorder.known.size).toBe(2);
  });

  // Within 2 s by its settings: src/agent/xds/failover.test.ts.
  it('goes to its second choice at once when the network to its own is cut', async () => {
    await connect();
    replicas[0]?.proxy.freeze();
    await recorder.until(() => recorder.controller === nameOf(1));
    expect(recorder.connections.flatMap((one) => (one.kind === 'Waiting' ? one.retryMs : []))).toEqual([0]);
  });

  it('passes over one that is cut off when its own is lost, and does not wait for it twice', async () => {
    await connect();
    replicas[1]?.proxy.freeze();
    replicas[0]?.controller.kill();
    await recorder.until(() => recorder.controller === nameOf(2));
    const tried = recorder.connections.filter(({ kind }) => kind === 'Connecting').slice(-2);
    expect(tried.map((one) => 'controller' in one && one.controller)).toEqual([nameOf(1), nameOf(2)]);
  });

  it('returns to its own choice when that was back for a while, and leaves the other only then', async () => {
    await connect({ home: { checkMs: 50, stableMs: 100, spreadMs: 100 } });
    replicas[0]?.proxy.freeze();
    await recorder.until(() => recorder.controller === nameOf(1));
    const answer = Promise.withResolvers<void>();
    if (replicas[0] !== undefined) replicas[0].controller.answers = answer.promise;
    replicas[0]?.proxy.thaw();
    await replicas[0]?.controller.until(() => replicas[0]?.controller.streams === 1);
    expect(recorder.controller).toBe(nameOf(1));
    replicas[1]?.controller.put(viewOf('c'));
    await recorder.until(() => recorder.known.has('default/c'));
    const before = recorder.connections.length;
    answer.resolve();
    await recorder.until(() => recorder.controller === nameOf(0));
    expect(recorder.connections.slice(before).map(({ kind }) => kind)).toEqual(['Connected']);
    expect(recorder.complete).not.toContain(false);
  });

  it('chooses again at once when a controller ends the stream', async () => {
    await connect();
    const { connections } = recorder;
    const before = connections.length;
    replicas[0]?.controller.endStreams();
    await recorder.until(() => connections.length >= before + 2);
    expect(connections.slice(before).map(({ kind }) => kind)).toEqual(['Connecting', 'Connected']);
  });
});
