// Envoy's messages come out of its binary: what they say of it must be whole and true.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { descriptorsIn, withImports } from '../../scripts/protos/envoy-descriptors.ts';
import { messageType } from '../../src/protos/registry.ts';

const envoy = fileURLToPath(new URL('../../.cache/bin/envoy', import.meta.url));

describe("the descriptors in Envoy's binary", () => {
  const descriptors = descriptorsIn(readFileSync(envoy));

  it('are those of hundreds of files, each with all that it imports', () => {
    const envoys = [...descriptors.keys()].filter((name) => /^envoy\/(config|extensions)\/.*\/v3\//.test(name));
    expect(envoys.length).toBeGreaterThan(300);
    expect(withImports(descriptors, envoys).length).toBeGreaterThanOrEqual(envoys.length);
  });

  it('name a file that this Envoy does not know', () => {
    expect(() => withImports(descriptors, ['envoy/nothing.proto'])).toThrow(/no descriptor of envoy\/nothing\.proto/);
  });
});

describe('the registry', () => {
  // What the descriptors of older releases do not have.
  it.each([
    ['envoy.config.core.v3.Http1ProtocolOptions', 'ignoreHttp_11Upgrade'],
    ['envoy.config.route.v3.RouteAction.RequestMirrorPolicy', 'requestHeadersMutations'],
    ['envoy.config.route.v3.WeightedCluster', 'useHashPolicy'],
    ['envoy.config.route.v3.RouteMatch', 'filterState'],
    ['envoy.config.cluster.v3.CircuitBreakers.Thresholds.RetryBudget', 'budgetInterval'],
    ['envoy.config.listener.v3.Listener', 'statsMatcher'],
  ])('knows %s.%s, as Envoy 1.40 does', (message, field) => {
    expect(Object.keys(messageType(message).fields)).toContain(field);
  });
});
