import { describe, expect, it } from 'vitest';
import type { EndpointSet, Frontend, ServiceView } from '../xds/service-view.ts';
import { ProgrammingTimes } from './programming-times.ts';
import type { ServiceCheck } from './service-health.ts';
import { type EndpointChange, ViewObserver } from './view-observer.ts';

const forward: EndpointSet = { family: 'IPv4', verdict: 'Forward', endpoints: [{ address: '10.244.1.5', port: 80 }] };
const drop: EndpointSet = { family: 'IPv4', verdict: 'Drop', endpoints: [] };

function frontend(kind: Frontend['kind'], endpointSet: EndpointSet): Frontend {
  const base = {
    kind,
    family: 'IPv4',
    address: '10.96.0.1',
    port: 80,
    protocol: 'TCP',
    dataPath: 'Kernel',
    endpointSet,
  };
  return base as Frontend;
}

function view(more: Partial<ServiceView>): ServiceView {
  return {
    key: 'ns/web',
    frontends: [frontend('ClusterIP', forward)],
    healthCheck: undefined,
    endpointsChangedMs: 0,
    ...more,
  };
}

describe('what operators are told of views', () => {
  it('tells changes of endpoints from changes of Services, and measures those since the start only', () => {
    const observer = new ViewObserver(1_000, () => {});
    observer.put(view({ endpointsChangedMs: 900 }));
    expect(observer.takeCounts()).toEqual({ services: 1, endpoints: 1 });
    observer.put(view({ endpointsChangedMs: 1_100 }));
    expect(observer.takeCounts()).toEqual({ services: 0, endpoints: 1 });
    observer.put(view({ endpointsChangedMs: 1_100 }));
    observer.put(view({ frontends: [] }));
    expect(observer.takeCounts()).toEqual({ services: 2, endpoints: 0 });
    expect(observer.takeChanges()).toEqual([
      { service: 'ns/web', causedAt: 1_100, families: ['IPv4'], usesEnvoy: false },
    ]);
    expect(observer.takeChanges()).toEqual([]);
  });

  it('counts ports of policy Local without local endpoints once, whatever addresses they have', () => {
    const observer = new ViewObserver(0, () => {});
    const frontends = [frontend('NodePort', drop), frontend('LoadBalancer', drop), frontend('ClusterIP', forward)];
    observer.put(view({ frontends }));
    expect(observer.withoutLocal('external', 'IPv4')).toBe(1);
    expect(observer.withoutLocal('internal', 'IPv4')).toBe(0);
    observer.put(view({}));
    expect(observer.withoutLocal('external', 'IPv4')).toBe(0);
  });

  it('gives the health-check port the endpoints of one family', () => {
    const checks: (ServiceCheck | undefined)[] = [];
    const observer = new ViewObserver(0, (_service, check) => checks.push(check));
    observer.put(view({ healthCheck: { port: 30_000, readyLocal: { IPv4: 2, IPv6: 2 } } }));
    observer.put(view({}));
    expect(checks).toEqual([{ port: 30_000, readyLocal: 2 }, undefined]);
  });
});

describe('the time of programming', () => {
  const change = (service: string, usesEnvoy: boolean): EndpointChange => {
    return { service, causedAt: 1_000, families: ['IPv4'], usesEnvoy };
  };

  /** Returns the times once there are `count`. */
  function measure(count: number, times: () => ReadonlyMap<string, number>, patienceMs?: number) {
    const observed: number[] = [];
    let unconfirmed = 0;
    const { promise, resolve } = Promise.withResolvers<void>();
    const measured = new ProgrammingTimes({
      envoyTimes: () => Promise.resolve(times()),
      isEnvoyUsed: () => true,
      observe: (_family, ms) => {
        observed.push(ms);
        if (observed.length === count) resolve();
      },
      unconfirmed: () => {
        unconfirmed += 1;
      },
      ...(patienceMs === undefined ? {} : { patienceMs }),
    });
    return { measured, done: promise.then(() => ({ observed, unconfirmed })) };
  }

  it('ends with the kernel, or with Envoy where it is later; Services that Envoy does not use do not wait', async () => {
    let looks = 0;
    const { measured, done } = measure(4, () => {
      looks += 1;
      return new Map([
        ['ns/late', looks === 1 ? 900 : 1_700],
        ['ns/early', 1_100],
      ]);
    });
    const changes = [
      change('ns/kernel', false),
      change('ns/late', true),
      change('ns/early', true),
      change('ns/unused', true),
    ];
    measured.kernelApplied(changes, Date.now());
    const { observed } = await done;
    const now = Date.now() - 1_000;
    expect(observed.every((ms) => ms > 0 && ms <= now)).toBe(true);
    expect(looks).toBe(2);
  });

  it('gives up on an Envoy that never takes the change, and counts it', async () => {
    const { measured, done } = measure(1, () => new Map([['ns/web', 900]]), 0);
    measured.kernelApplied([change('ns/web', true)], 1_500);
    expect(await done).toEqual({ observed: [500], unconfirmed: 1 });
  });
});
