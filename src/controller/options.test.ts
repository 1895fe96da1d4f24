import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { parseConfiguration } from './configuration.ts';
import { type ControllerInput, resolveOptions } from './options.ts';

const head = 'apiVersion: config.fairlead.dev/v1alpha1\nkind: ControllerConfiguration\n';

function resolve(flags: Partial<ControllerInput>, file?: string) {
  const parsed = file === undefined ? undefined : parseConfiguration(head + file, 'c.yaml');
  return resolveOptions({ manifests: 'm', logger: pino({ level: 'silent' }), file: parsed, ...flags });
}

describe('resolveOptions', () => {
  it('has defaults for everything but the source', () => {
    const options = resolve({});
    expect(options.source).toEqual({ kind: 'Manifests', directory: 'm' });
    expect(options.xds).toEqual({ host: '127.0.0.1', port: 18_000 });
    expect(options.admin).toEqual({ host: '127.0.0.1', port: 18_001 });
    expect(options.settings.tracing).toBeUndefined();
  });

  it('lets flags go before the file', () => {
    const options = resolve({ xdsAddress: '127.0.0.1:1' }, 'xdsAddress: "127.0.0.1:2"\nadminAddress: "127.0.0.1:3"\n');
    expect([options.xds.port, options.admin.port]).toEqual([1, 3]);
  });

  it('takes tracing and the access log from the file', () => {
    const { settings } = resolve(
      {},
      'tracing: { collector: "[fd00::1]:4317", samplingPercent: 50 }\naccessLog: { kind: Stdout }\n',
    );
    expect(settings.tracing).toEqual({ collector: { address: 'fd00::1', port: 4317 }, samplingPercent: 50 });
    expect(settings.accessLog).toEqual({ kind: 'Stdout' });
  });

  it.each([
    ['', []],
    ['networkPolicy: Ignored\n', ['NetworkPolicy', 'OtherPolicy', 'Pod']],
    ['otherNetworkPolicies: Ignored\n', ['OtherPolicy']],
    ['networkPolicy: Ignored\notherNetworkPolicies: KernelPath\n', ['NetworkPolicy']],
    ['networkPolicy: KernelPath\notherNetworkPolicies: Ignored\n', ['OtherPolicy']],
  ])('reads what has a meaning: %j', (file, ignored) => {
    expect([...resolve({}, file).ignoredKinds]).toEqual(ignored);
  });

  it('takes the paths from the file, each by itself', () => {
    expect(resolve({}).settings.dataPath).toEqual({ http: 'Envoy', tcp: 'Envoy' });
    expect(resolve({}, 'dataPath: { tcp: Kernel }\n').settings.dataPath).toEqual({ http: 'Envoy', tcp: 'Kernel' });
  });

  it('refuses plaintext off loopback unless it is asked for by name', () => {
    expect(() => resolve({ xdsAddress: '0.0.0.0:18000' })).toThrow(/0\.0\.0\.0 is not a loopback/);
    expect(resolve({ xdsAddress: '0.0.0.0:18000', insecurePlaintext: true }).xds.host).toBe('0.0.0.0');
    expect(resolve({}, 'xdsAddress: ":18000"\ninsecurePlaintext: true\n').xds.host).toBe('::');
  });

  it('wants exactly one source', () => {
    expect(() => resolveOptions({ logger: pino({ level: 'silent' }), file: undefined })).toThrow(/No source/);
    expect(() => resolve({ kubeconfig: 'k' })).toThrow(/--manifests, --kubeconfig/);
  });
});
