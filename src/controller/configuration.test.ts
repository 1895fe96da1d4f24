import { describe, expect, it } from 'vitest';
import { formatHostPort } from '../base/host-port.ts';
import { FairleadError } from '../model/errors.ts';
import { isLoopback, parseAddress, parseConfiguration, parseIpAndPort } from './configuration.ts';
import { configurableLimits } from './configuration-fields.ts';

const head = 'apiVersion: config.fairlead.dev/v1alpha1\nkind: ControllerConfiguration\n';

describe('parseConfiguration', () => {
  it('reads a full file and applies defaults', () => {
    const text = `${head}tracing: { collector: "10.0.0.1:4317" }\naccessLog: { kind: Stdout }\nipFamilies: [IPv4, IPv6]\n`;
    expect(parseConfiguration(text, 'c.yaml')).toMatchObject({
      tracing: { collector: '10.0.0.1:4317', samplingPercent: 1 },
      accessLog: { kind: 'Stdout' },
      ipFamilies: ['IPv4', 'IPv6'],
    });
  });

  it('names file, line and field of every mistake', () => {
    const text = `${head}tracing:\n  collector: "10.0.0.1:4317"\n  samplingPercent: 200\nlimits: { streams: -1 }\n`;
    expect(() => parseConfiguration(text, 'c.yaml')).toThrow(
      /c\.yaml:5: tracing\.samplingPercent: .*\nc\.yaml:6: limits\.streams/,
    );
  });

  it('names line and field of what is unknown or missing, inside other fields too', () => {
    const text = `${head}xdsAddres: x\ntracing:\n  samplingPercent: 1\nlimits:\n  streams: 1\n  strems: 2\n`;
    const expected = [
      'c.yaml:4: tracing.collector: is missing',
      'c.yaml:8: limits.strems: is unknown',
      'c.yaml:3: xdsAddres: is unknown',
    ];
    expect(() => parseConfiguration(text, 'c.yaml')).toThrow(expected.join('\n'));
    expect(() => parseConfiguration('{]', 'c.yaml')).toThrow(/column 2$/);
  });

  it('names all that is wrong in one object, and what an access log lacks', () => {
    const text = `${head}accessLog: { kind: File }\na: 1\nb: 2\nwarmUpBytes: 1.5\n`;
    expect(() => parseConfiguration(text, 'c.yaml')).toThrow(
      /c\.yaml:3: accessLog\.path: is missing\n.*:6: warmUpBytes: is 1\.5, .*\n.*:4: a: is unknown\n.*:5: b: is unknown$/,
    );
    expect(() => parseConfiguration(`${head}accessLog: { kind: File, path: log }\n`, 'c.yaml')).toThrow(
      /accessLog\.path/,
    );
    expect(() => parseConfiguration(`${head}accessLog: { kind: Stdout, path: /log }\n`, 'c.yaml')).toThrow(
      /path: is unknown/,
    );
    expect(() => parseConfiguration('- 1\n', 'c.yaml')).toThrow(/c\.yaml:1: the document: is not an object/);
    expect(() => parseConfiguration(`${head}ipFamilies:\n  - IPv4\n  - 6\n`, 'c.yaml')).toThrow(
      /c\.yaml:5: ipFamilies\[1\]/,
    );
  });

  it('reads every limit, and the default path of each protocol', () => {
    const limits = configurableLimits.map((name) => `${name}: 5000`).join(', ');
    const file = parseConfiguration(`${head}limits: { ${limits} }\ndataPath: { tcp: Kernel }\n`, 'c.yaml');
    expect(file.limits).toEqual(Object.fromEntries(configurableLimits.map((name) => [name, 5_000])));
    expect(file.dataPath).toEqual({ http: undefined, tcp: 'Kernel' });
    expect(() => parseConfiguration(`${head}dataPath: { udp: Kernel }\n`, 'c.yaml')).toThrow(
      /dataPath\.udp: is unknown/,
    );
    expect(() => parseConfiguration(`${head}dataPath: { http: envoy }\n`, 'c.yaml')).toThrow(
      /dataPath\.http: .*Kernel/,
    );
  });

  it('takes a section without content as absent', () => {
    expect(parseConfiguration(`${head}limits:\ntracing:\n`, 'c.yaml')).toMatchObject({
      limits: {},
      tracing: undefined,
    });
  });

  it('refuses unknown fields, broken YAML and a collector that is not an IP address', () => {
    expect(() => parseConfiguration(`${head}tracng: {}\n`, 'c.yaml')).toThrow(/tracng/);
    expect(() => parseConfiguration(`${head}a: [\n`, 'c.yaml')).toThrow(FairleadError);
    expect(() => parseConfiguration(`${head}tracing: { collector: "otel:4317" }\n`, 'c.yaml')).toThrow(
      /tracing\.collector/,
    );
    expect(() => parseConfiguration('', 'c.yaml')).toThrow(/apiVersion/);
    expect(() => parseConfiguration(`${head}ipFamilies: [IPv6, IPv6]\n`, 'c.yaml')).toThrow(/c\.yaml:3: ipFamilies: /);
  });
});

it('reads how many new streams are answered at the same time, in total and from one address', () => {
  const limits = { admissions: 64, admissionsPerPeer: 48 };
  expect(parseConfiguration(`${head}limits: ${JSON.stringify(limits)}\n`, 'c.yaml').limits).toEqual(limits);
  expect(() => parseConfiguration(`${head}limits: { admissionsPerPeer: 0 }\n`, 'c.yaml')).toThrow(
    /c\.yaml:3: limits\.admissionsPerPeer: /,
  );
});

it('refuses an age of streams that no timer can wait for: they would all end at once', () => {
  expect(() => parseConfiguration(`${head}limits: { connectionAgeMs: 2592000000 }\n`, 'c.yaml')).toThrow(
    /c\.yaml:3: limits\.connectionAgeMs: .*604800000/,
  );
  // Seconds, taken for milliseconds.
  expect(() => parseConfiguration(`${head}limits: { connectionAgeMs: 600 }\n`, 'c.yaml')).toThrow(
    /c\.yaml:3: limits\.connectionAgeMs: is in milliseconds/,
  );
});

describe('addresses', () => {
  it.each([
    ['127.0.0.1:18000', { host: '127.0.0.1', port: 18_000 }],
    ['[::1]:80', { host: '::1', port: 80 }],
    [':80', { host: '::', port: 80 }],
  ])('parses %s', (text, expected) => {
    expect(parseAddress(text, 'x')).toEqual(expected);
  });

  it.each(['nonsense', '1.2.3.4', 'a:70000', '::1:80'])('refuses %s and names the field', (text) => {
    expect(() => parseAddress(text, 'xdsAddress')).toThrow(/xdsAddress/);
  });

  it('wants an IP address for Envoy', () => {
    expect(() => parseIpAndPort('collector:4317', 'c')).toThrow(/IP:PORT/);
    expect(formatHostPort(parseIpAndPort('[fd00::1]:4317', 'c'))).toBe('[fd00::1]:4317');
  });

  it('knows loopback', () => {
    expect(['127.0.0.1', '::1', 'localhost', '0.0.0.0', '::'].map(isLoopback)).toEqual([
      true,
      true,
      true,
      false,
      false,
    ]);
  });
});
