import { afterEach, describe, expect, it } from 'vitest';
import { bucketOf } from '../../src/agent/xds/held-digests.ts';
import { FakeController, viewOf } from './support/fake-controller.ts';
import { Recorder } from './support/recorder.ts';

const count = 10_000;
const views = Array.from({ length: count }, (_none, index) => viewOf(`s${index}`));

describe('the agent over NodeDiscovery', () => {
  const controllers: FakeController[] = [];
  let recorder: Recorder;

  afterEach(() => {
    recorder.client.stop();
    for (const controller of controllers.splice(0)) controller.kill();
  });

  const serve = async (...given: ConstructorParameters<typeof FakeController>) => {
    const controller = new FakeController(...given);
    controllers.push(controller);
    return { controller, port: await controller.listen() };
  };

  const follow = async (port: number) => {
    recorder = new Recorder([port]);
    recorder.client.start();
    await recorder.until(() => recorder.complete.at(-1) === true);
  };

  /** The controller is replaced by one on the same port. */
  const replace = async (given: ConstructorParameters<typeof FakeController>[0], port: number) => {
    controllers.shift()?.kill();
    const controller = new FakeController(given);
    controllers.push(controller);
    const before = recorder.responses.length;
    await controller.listen(port);
    await recorder.until(() => recorder.responses.length > before && recorder.client.connection.kind === 'Connected');
    return controller;
  };

  it('returns with 10,000 known views for a few kilobytes, and is sent no resource', async () => {
    const { port } = await serve(views);
    await follow(port);
    expect(recorder.known.size).toBe(count);
    const controller = await replace(views, port);
    expect(controller.requestBytes).toBeLessThan(10_000);
    expect(controller.resourceBytes).toBe(0);
    expect(controller.requests[0]?.known?.buckets).toBe(1_024);
    expect(recorder.known.size).toBe(count);
  });

  it('is sent only the buckets that differ, and drops what is gone from them', async () => {
    const { port } = await serve(views);
    await follow(port);
    const changed = views.slice(0, 50).map((_view, index) => viewOf(`s${index}`, 'v2', 81));
    const gone = views.slice(50, 100).map(({ name }) => name);
    const differing = new Set(views.slice(0, 100).map(({ name }) => bucketOf(name, 1_024)));
    const controller = await replace([...changed, ...views.slice(100)], port);
    await recorder.until(() => recorder.known.size === count - 50);
    expect(controller.sent.length).toBeLessThan(count / 5);
    for (const name of controller.sent) expect(differing).toContain(bucketOf(name, 1_024));
    expect(recorder.known.get('default/s0')).toBe(81);
    for (const name of gone) expect(recorder.known.has(name)).toBe(false);
  });

  it('is complete though something changes with every response (X3)', async () => {
    const { controller, port } = await serve(views.slice(0, 300), 10);
    recorder = new Recorder([port]);
    let changes = 0;
    recorder.effective = () => {
      changes += 1;
      if (changes < 100) controller.put(viewOf('busy', `v${changes}`, changes));
      return Promise.resolve();
    };
    recorder.client.start();
    await recorder.until(() => recorder.complete.at(-1) === true);
    expect(recorder.complete.indexOf(true)).toBeLessThan(40);
    expect(recorder.known.size).toBeGreaterThanOrEqual(300);
  });

  it('is not complete before the last part of the first list', async () => {
    const { port } = await serve(views.slice(0, 300), 100);
    await follow(port);
    expect(recorder.complete).toEqual([false, false, true]);
  });

  it('rejects malformed views by name and takes the others', async () => {
    const { controller, port } = await serve([viewOf('a'), viewOf('bad', 'v1', 70_000)]);
    await follow(port);
    expect([...recorder.known.keys()]).toEqual(['default/a']);
    controller.put(viewOf('c'));
    await recorder.until(() => recorder.known.has('default/c'));
    const reasons = () => controller.requests.flatMap(({ errorDetail }) => errorDetail?.message ?? []);
    await controller.until(() => reasons().length > 0);
    expect(reasons()).toEqual([expect.stringContaining('ServiceView default/bad frontends[0].port: 70000')]);
  });
});
