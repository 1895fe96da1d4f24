import { describe, expect, it } from 'vitest';
import { readConfiguration } from './configuration-file.ts';
import { fields } from './fields.ts';
import { resolveOptions } from './options.ts';
import { configurationObject, configurationText } from './write-configuration.ts';

const head = 'apiVersion: config.fairlead.dev/v1alpha1\nkind: AgentConfiguration\n';

describe('an AgentConfiguration', () => {
  it('is read, nested as kube-proxy nests it; null is the default', () => {
    const text = `${head}conntrack:\n  min: 0\n  maxPerCore: null\n  tcpEstablishedTimeout: 24h0m0s\ndetectLocal: null\n`;
    const given = [...readConfiguration(text, 'a.yaml')].map(([path, { value, where }]) => [path, value, where]);
    expect(given).toEqual([
      ['conntrack.min', 0, 'a.yaml:4: conntrack.min'],
      ['conntrack.tcpEstablishedTimeout', 86_400_000, 'a.yaml:6: conntrack.tcpEstablishedTimeout'],
    ]);
  });

  it.each([
    ['an unknown field', 'zoen: a\n', 'a.yaml:3: zoen: is unknown; did you mean zone?'],
    [
      'an unknown nested field',
      'conntrack: { mni: 1 }\n',
      'a.yaml:3: conntrack.mni: is unknown; did you mean conntrack.min?',
    ],
    [
      'a field in a wrong place',
      'masqueradeAll: true\n',
      'a.yaml:3: masqueradeAll: is unknown; did you mean nftables.masqueradeAll?',
    ],
    ['a field of nothing', 'qqqqqqqqq: 1\n', 'a.yaml:3: qqqqqqqqq: is unknown'],
    ['a value of a wrong type', 'zone: [a]\n', 'a.yaml:3: zone: is ["a"], not the name of a zone'],
    ['a text for an object', 'conntrack: much\n', 'a.yaml:3: conntrack: is not an object'],
    ['no YAML', 'a: [\n', 'a.yaml:4: Flow sequence'],
  ])('is refused with file, line and field: %s', (_what, text, message) => {
    expect(() => readConfiguration(head + text, 'a.yaml')).toThrow(message);
  });

  it('is refused with all mistakes at once, and with help for a file of kube-proxy', () => {
    expect(() => readConfiguration(`${head}a1: 1\nb2: 2\n`, 'a.yaml')).toThrow(/a1: is unknown.*\n.*b2: is unknown/);
    expect(() => readConfiguration('kind: KubeProxyConfiguration\n', 'a.yaml')).toThrow(/convert-config FILE/);
  });

  it('is written so that it can be read again, and says the same', () => {
    const flags = { 'node-name': ['n'], 'pod-cidr': ['10.0.0.0/8'], 'envoy-max-heap': ['1Gi'], 'envoy-admin': ['/s'] };
    const { values } = resolveOptions({ flags });
    const text = configurationText(values);
    expect(resolveOptions({ flags: {}, file: readConfiguration(text, 'b.yaml') }).values).toEqual(values);
    for (const { about } of Object.values(fields)) expect(text).toContain(`# ${about}`);
    expect(configurationObject(values)).toMatchObject({
      kind: 'AgentConfiguration',
      hostnameOverride: 'n',
      conntrack: { maxPerCore: 32_768, tcpEstablishedTimeout: '24h' },
      envoy: { admin: '/s', maxHeap: '1Gi' },
    });
  });
});
