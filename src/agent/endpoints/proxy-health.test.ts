import { beforeEach, describe, expect, it } from 'vitest';
import { ProxyHealth } from './proxy-health.ts';

let ms = 0;
const start = Date.parse('2026-01-01T00:00:00Z');
const clock = { now: () => start + ms, monotonic: () => ms };
let health: ProxyHealth;

beforeEach(() => {
  ms = 0;
  health = new ProxyHealth(['IPv4', 'IPv6'], 60_000, clock);
  health.setNodeEligible(true);
});

describe('health by the rule of kube-proxy', () => {
  it('has its fields in its order', () => {
    health.updated();
    ms = 5_000;
    const now = '2026-01-01T00:00:05.000Z';
    const family = { lastUpdated: '2026-01-01T00:00:00.000Z', healthy: true };
    expect(JSON.stringify(health.ready().report)).toBe(
      JSON.stringify({
        lastUpdated: now,
        currentTime: now,
        nodeEligible: true,
        healthy: true,
        status: { IPv4: family, IPv6: family },
      }),
    );
    expect(health.live()).not.toHaveProperty('nodeEligible');
  });

  it('is healthy before anything was programmed', () => {
    health.queued();
    ms = 600_000;
    expect(health.ready()).toMatchObject({ ok: true, report: { healthy: true, status: {} } });
  });

  it('fails when a change has waited for the whole time, counted from the oldest one', () => {
    health.updated();
    ms = 10_000;
    health.queued();
    ms = 40_000;
    health.queued();
    ms = 69_999;
    expect(health.isHealthy).toBe(true);
    ms = 70_000;
    expect(health.live()).toMatchObject({
      lastUpdated: '2026-01-01T00:00:00.000Z',
      healthy: false,
      status: { IPv4: { healthy: false } },
    });
    health.updated();
    expect(health.ready().ok).toBe(true);
  });

  it('says for a node that leaves, or is not known, that it is not eligible; it lives on', () => {
    health.setNodeEligible(false);
    expect(health.ready()).toMatchObject({
      ok: false,
      report: { lastUpdated: '0001-01-01T00:00:00Z', nodeEligible: false, healthy: true },
    });
    expect(health.live().healthy).toBe(true);
    expect(new ProxyHealth(['IPv4'], 1, clock).ready().ok).toBe(false);
  });
});
