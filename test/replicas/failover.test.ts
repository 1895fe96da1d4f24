// Real agents and Envoys with two and three real controllers, of which one is lost under load.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { now, waitUntil } from '../testbed/wait.ts';
import { Fleet, failuresOf } from './support/fleet.ts';

/** 2 s are promised. Beside them: the manifests' watch, the time of a look, and a machine that does other things too. */
const within = { everyMs: 20, withinMs: 10_000 };

async function timeOf(what: string, isTrue: () => Promise<boolean>): Promise<number> {
  return waitUntil(() => isTrue().then((is) => is && now()), { what, ...within });
}

function report(figures: string): void {
  process.stdout.write(`${figures}\n`);
}

describe.each([2, 3])('with %i controllers', (replicas) => {
  let fleet: Fleet;

  beforeAll(async () => {
    fleet = await Fleet.open(`flr${replicas}-`, replicas);
  });

  afterAll(() => fleet.close());

  async function untilHome(): Promise<void> {
    for (const node of Fleet.nodes) await fleet.untilAt(fleet.preferred(node)[0] ?? '', `${node} envoy`);
  }

  it('each Envoy is at the controller that its node prefers', untilHome);

  it.each([
    ['is killed', (name: string) => fleet.killController(name), (name: string) => fleet.startController(name)],
    ['is cut off', (name: string) => fleet.partition(name, true), (name: string) => fleet.partition(name, false)],
  ] as const)(
    'a controller that %s is left at once, and returned to; no request fails',
    async (what, lose, bringBack) => {
      await untilHome();
      const [first = '', second = ''] = fleet.preferred('node1');
      const load = await fleet.load('p1', '10.96.1.1');
      await load.more(20);

      const lostAt = now();
      await lose(first);
      const address = fleet.addService();
      const [envoyMs, agentMs] = await Promise.all([
        timeOf('Envoy to know the Service', () => fleet.envoyKnows('node1', address)),
        timeOf('the kernel to know the Service', () => fleet.kernelKnows('node1', address)),
      ]).then((times) => times.map((time) => Math.round(time - lostAt)));
      report(
        `${replicas} controllers, one ${what}: a new Service after ${envoyMs} ms in Envoy, ${agentMs} ms in the kernel`,
      );
      await fleet.untilAt(second, 'node1 envoy');

      await bringBack(first);
      await fleet.untilAt(first, 'node1 envoy');
      await load.more(20);
      const attempts = await load.stop();
      expect(failuresOf(attempts)).toEqual([]);
      report(`${attempts.length} requests meanwhile, none failed`);
    },
  );
});
