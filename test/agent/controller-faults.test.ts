import http2 from 'node:http2';
import { type ChannelOptions, Client, connectivityState, credentials } from '@grpc/grpc-js';
import { afterEach, describe, expect, it } from 'vitest';
import { FakeController, viewOf } from './support/fake-controller.ts';
import { FreezableProxy } from './support/freezable-proxy.ts';
import { identityPreferring, Recorder } from './support/recorder.ts';

const views = [viewOf('a'), viewOf('b')];

describe('an agent whose controller', () => {
  const closers: (() => void)[] = [];
  let recorder: Recorder;

  afterEach(() => {
    recorder.client.stop();
    for (const close of closers.splice(0)) close();
  });

  const serve = async (given = views) => {
    const controller = new FakeController(given);
    closers.push(() => controller.kill());
    return { controller, port: await controller.listen() };
  };

  it('does not answer although its connection is alive goes to the next', async () => {
    const [first, second] = await Promise.all([serve(), serve()]);
    first.controller.answers = Promise.withResolvers<void>().promise;
    const ports = [first.port, second.port];
    recorder = new Recorder(ports, { identity: identityPreferring(ports), answerTimeoutMs: 300 });
    recorder.client.start();
    await recorder.until(() => recorder.controller === `127.0.0.1:${second.port}`);
    expect(recorder.known.size).toBe(2);
  });

  it('comes back while DNS does not answer is found at the address it had', async () => {
    const { controller, port } = await serve();
    let hangs = false;
    const resolve = () => (hangs ? Promise.withResolvers<readonly string[]>().promise : Promise.resolve(['127.0.0.1']));
    recorder = new Recorder([], { controllers: [{ host: 'controllers.example', port }], resolve });
    recorder.client.start();
    await recorder.until(() => recorder.complete.at(-1) === true);
    hangs = true;
    controller.kill();
    await recorder.until(() => recorder.client.connection.kind === 'Waiting');
    const again = new FakeController(views);
    closers.push(() => again.kill());
    await again.listen(port);
    await recorder.until(() => recorder.controller !== undefined);
  });

  it('refused connections and takes them again is left none that nobody uses', async () => {
    const { controller, port } = await serve();
    controller.kill();
    recorder = new Recorder([port]);
    recorder.client.start();
    await recorder.until(() => recorder.client.connection.kind === 'Waiting');
    recorder.client.stop();
    // Connects again after 2 s (±20 %), by when a channel that the agent had left alive would have done so (1 s, ±20 %).
    const later = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), backOffOf(2_000));
    closers.push(() => later.close());
    await until(later, connectivityState.TRANSIENT_FAILURE);
    let connections = 0;
    const server = http2.createServer().on('session', () => {
      connections += 1;
    });
    closers.push(() => server.close());
    server.listen(port, '127.0.0.1');
    await until(later, connectivityState.READY);
    expect(connections).toBe(1);
  });

  it('hangs in the middle of a response, is replaced by one that sends the rest', async () => {
    const many = Array.from({ length: 20_000 }, (_none, index) => viewOf(`s${index}`));
    const [first, second] = await Promise.all([serve(many), serve(many)]);
    const proxy = new FreezableProxy(() => first.port);
    closers.push(() => proxy.close());
    const ports = [await proxy.listen(), second.port];
    recorder = new Recorder(ports, { identity: identityPreferring(ports) });
    recorder.effective = () => {
      if (recorder.known.size < 5_000) proxy.freeze();
      return Promise.resolve();
    };
    recorder.client.start();
    await recorder.until(() => recorder.complete.at(-1) === true);
    expect(recorder.known.size).toBe(many.length);
    expect(recorder.controller).toBe(`127.0.0.1:${second.port}`);
    expect(recorder.complete.indexOf(true)).toBe(recorder.complete.length - 1);
  });
});

function backOffOf(initialMs: number): ChannelOptions {
  return { 'grpc.initial_reconnect_backoff_ms': initialMs };
}

function until(client: Client, wanted: connectivityState): Promise<void> {
  const channel = client.getChannel();
  return new Promise((resolve) => {
    const look = () => {
      const state = channel.getConnectivityState(true);
      if (state === wanted) resolve();
      else channel.watchConnectivityState(state, Number.POSITIVE_INFINITY, look);
    };
    look();
  });
}
