import { describe, expect, it } from 'vitest';
import { convertObject } from './convert.ts';

const goodSpec = { clusterIP: '10.96.0.10', clusterIPs: ['10.96.0.10'], ports: [{ port: 80 }] };

function convert(spec: unknown, metadata: object = {}) {
  const { update, problems } = convertObject({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web', namespace: 'shop', ...metadata },
    spec,
  });
  const value = update?.kind === 'Service' ? update.value : undefined;
  return { update, value, problems: problems.map(({ field, message }) => `${field}: ${message}`) };
}

const convertPorts = (ports: unknown) => convert({ ...goodSpec, ports });

describe('a Service', () => {
  it('becomes what the model holds of it, and nothing else', () => {
    const { update, problems } = convert(
      {
        type: 'ClusterIP',
        clusterIP: '10.96.0.10',
        clusterIPs: ['10.96.0.10', 'FD00:0::A'],
        ipFamilies: ['IPv4', 'IPv6'],
        selector: { app: 'web' },
        internalTrafficPolicy: 'Local',
        sessionAffinity: 'ClientIP',
        sessionAffinityConfig: { clientIP: { timeoutSeconds: 60 } },
        ports: [
          { name: 'http', port: 80, targetPort: 8080, protocol: 'TCP' },
          { name: 'dns', port: 80, protocol: 'UDP', appProtocol: 'http' },
          { name: 'api', port: 90, appProtocol: 'grpc' },
        ],
      },
      { creationTimestamp: '2026-01-31T12:00:00Z', uid: 'x', annotations: { 'fairlead.dev/data-path': 'Kernel' } },
    );
    expect(problems).toEqual([]);
    expect(update).toEqual({
      kind: 'Service',
      key: 'shop/web',
      value: {
        namespace: 'shop',
        name: 'web',
        uid: 'x',
        createdAt: '2026-01-31T12:00:00Z',
        clusterIPs: ['10.96.0.10', 'fd00::a'],
        ports: [
          { name: 'http', protocol: 'TCP', port: 80, appProtocol: 'http' },
          { name: 'dns', protocol: 'UDP', port: 80, appProtocol: 'tcp' },
          { name: 'api', protocol: 'TCP', port: 90, appProtocol: 'grpc' },
        ],
        internalTrafficPolicy: 'Local',
        sessionAffinity: { kind: 'ClientIP', timeoutSeconds: 60 },
        policy: {
          dataPath: {
            value: { http: 'Kernel', tcp: 'Kernel' },
            origin: {
              object: { kind: 'Service', namespace: 'shop', name: 'web', uid: 'x' },
              field: 'metadata.annotations[fairlead.dev/data-path]',
            },
          },
        },
      },
    });
  });

  it('takes the defaults of the API', () => {
    const { value, update, problems } = convert(
      { clusterIP: '10.96.0.10', ports: [{ port: 80 }] },
      { namespace: undefined },
    );
    expect(problems).toEqual([]);
    expect(update?.key).toBe('default/web');
    expect(value).toMatchObject({
      createdAt: '',
      clusterIPs: ['10.96.0.10'],
      ports: [{ name: '', protocol: 'TCP', port: 80, appProtocol: 'tcp' }],
      internalTrafficPolicy: 'Cluster',
      sessionAffinity: { kind: 'None' },
      policy: {},
    });
    expect(convert({ ...goodSpec, sessionAffinity: 'ClientIP' }).value?.sessionAffinity).toEqual({
      kind: 'ClientIP',
      timeoutSeconds: 10_800,
    });
  });

  it.each([
    ['headless', { clusterIP: 'None', clusterIPs: ['None'], ports: [{ port: 80 }] }, {}],
    ['headless without ports', { clusterIPs: ['None'] }, {}],
    ['ExternalName', { type: 'ExternalName', externalName: 'example.com' }, {}],
    ['ExternalName with a cluster IP', { ...goodSpec, type: 'ExternalName' }, {}],
    ["another proxy's", goodSpec, { labels: { 'service.kubernetes.io/service-proxy-name': '' } }],
  ])('is skipped without a word when %s', (_what, spec, metadata) => {
    const { update, problems } = convert(spec, metadata);
    expect(problems).toEqual([]);
    expect(update).toEqual({ kind: 'Service', key: 'shop/web', value: undefined });
  });

  it.each([
    [{ clusterIP: 'None' }, 'clients of a headless Service connect to its pods themselves'],
    [{ type: 'ExternalName', externalName: 'example.com' }, 'traffic to an ExternalName Service goes where DNS says'],
  ])('answers the annotations of one that is not proxied: %j', (spec, reason) => {
    const annotations = { 'fairlead.dev/retries': '3', 'fairlead.dev/retrys': '3', 'example.com/retries': '3' };
    const { update, problems } = convert(spec, { annotations });
    expect(update?.value).toBeUndefined();
    expect(problems).toEqual([
      `metadata.annotations[fairlead.dev/retries]: has no effect: ${reason}`,
      expect.stringContaining('did you mean fairlead.dev/retries?'),
    ]);
  });

  it('stays when it is labelled headless but has a cluster IP: without slices it is refused, not gone', () => {
    const labels = { 'service.kubernetes.io/headless': 'false' };
    expect(convert(goodSpec, { labels }).value?.clusterIPs).toEqual(convert(goodSpec).value?.clusterIPs);
  });

  it.each([
    ['spec', undefined, 'spec: is missing; the Service is left out'],
    ['spec', 'x', 'spec: is "x", not an object; the Service is left out'],
    ['ports', { ...goodSpec, ports: [] }, 'spec.ports: has no port; the Service is left out'],
    ['ports', { ...goodSpec, ports: undefined }, 'spec.ports: has no port; the Service is left out'],
    [
      'a cluster IP',
      { ports: [{ port: 80 }] },
      'spec.clusterIP: is missing, and only an API server allocates one; it is not used',
    ],
    [
      'a good cluster IP',
      { ...goodSpec, clusterIPs: ['010.1.1.1'] },
      'spec.clusterIPs[0]: is "010.1.1.1", not an IP address; it is not used',
    ],
    [
      'a cluster IP of one host',
      { ...goodSpec, clusterIPs: ['0.0.0.0'] },
      'spec.clusterIPs[0]: "0.0.0.0" is an unspecified address; it is not used',
    ],
  ])('is not served, and reported, without %s', (_what, spec, problem) => {
    const { update, value, problems } = convert(spec);
    expect(value).toBeUndefined();
    expect(update?.key).toBe('shop/web');
    expect(problems).toContain(problem);
  });

  it('keeps the good cluster IP beside a bad one', () => {
    const { value, problems } = convert({ ...goodSpec, clusterIPs: ['10.96.0.10', 'x', '10.96.0.11', 7] });
    expect(value?.clusterIPs).toEqual(['10.96.0.10']);
    expect(problems).toEqual([
      'spec.clusterIPs[3]: is 7, not a string; it is left out',
      'spec.clusterIPs[1]: is "x", not an IP address; it is not used',
      'spec.clusterIPs[2]: "10.96.0.11" is a second IPv4 address after 10.96.0.10; it is not used',
    ]);
  });

  it('keeps the good ports beside bad ones, and names each bad one', () => {
    const { value, problems } = convertPorts([
      { name: 'ok', port: 80 },
      { name: 'zero', port: 0 },
      { name: 'big', port: 65_536 },
      { name: 'text', port: '80' },
      { name: 'half', port: 1.5 },
      { name: 'none' },
      { name: 'UPPER', port: 81 },
      { name: 8, port: 82 },
      { name: 'icmp', port: 83, protocol: 'ICMP' },
      null,
      'x',
    ]);
    expect(value?.ports.map(({ port }) => port)).toEqual([80]);
    expect(problems.map((problem) => problem.split(':')[0])).toEqual([
      'spec.ports[9]',
      'spec.ports[10]',
      'spec.ports[1].port',
      'spec.ports[2].port',
      'spec.ports[3].port',
      'spec.ports[4].port',
      'spec.ports[5].port',
      'spec.ports[6].name',
      'spec.ports[7].name',
      'spec.ports[8].protocol',
    ]);
    expect(problems).toContain(
      'spec.ports[2].port: is 65536, not a whole number from 1 to 65535; the port is left out',
    );
    expect(problems).toContain('spec.ports[8].protocol: is "ICMP", not one of TCP, UDP, SCTP; the port is left out');
  });

  it('lets the first of duplicate ports serve', () => {
    const { value, problems } = convertPorts([
      { name: 'a', port: 80 },
      { name: 'b', port: 80 },
      { name: 'a', port: 81 },
      { name: 'a', port: 80, protocol: 'UDP' },
      { name: 'a', port: 80, protocol: 'SCTP' },
    ]);
    expect(value?.ports.map(({ name, port, protocol }) => `${name} ${protocol} ${port}`)).toEqual([
      'a TCP 80',
      'a UDP 80',
      'a SCTP 80',
    ]);
    expect(problems).toEqual([
      'spec.ports[1].port: TCP 80 is listed twice; the first is used, this one is left out',
      'spec.ports[2].name: a second TCP port has the name "a"; the first is used, this one is left out',
    ]);
  });

  it('takes the default for what is not a valid setting', () => {
    const { value, problems } = convert({
      ...goodSpec,
      internalTrafficPolicy: 'Nearby',
      sessionAffinity: 'ClientIP',
      sessionAffinityConfig: { clientIP: { timeoutSeconds: 86_401 } },
    });
    expect(value?.internalTrafficPolicy).toBe('Cluster');
    expect(value?.sessionAffinity).toEqual({ kind: 'ClientIP', timeoutSeconds: 10_800 });
    expect(problems).toEqual([
      'spec.internalTrafficPolicy: is "Nearby", not one of Cluster, Local; it is treated as Cluster',
      'spec.sessionAffinityConfig.clientIP.timeoutSeconds: is 86401, not a whole number from 1 to 86400; 10800 is used',
    ]);
  });

  it('says at most twenty things, and how many more there are', () => {
    const { value, problems } = convertPorts([{ port: 80 }, ...Array.from({ length: 1000 }, () => ({ port: 0 }))]);
    expect(value?.ports).toHaveLength(1);
    expect(problems).toHaveLength(21);
    expect(problems.at(-1)).toBe(': has 980 more problems');
  });
});

describe('metadata', () => {
  it('may be as long as Kubernetes lets it be, and no longer', () => {
    const label = 'a'.repeat(63);
    expect(convert(goodSpec, { name: label, namespace: label }).update?.key).toBe(`${label}/${label}`);
    for (const metadata of [{ name: `${label}a` }, { namespace: `${label}a` }]) {
      const { update, problems } = convert(goodSpec, metadata);
      expect(update).toBeUndefined();
      expect(problems).toHaveLength(1);
      expect(problems[0]).toContain('(64 characters), not a DNS label (at most 63');
    }
  });

  it.each(['', 'Web', 'a.b', '-a', 'a-', 'a/b', 'ä', 'a\n', 7, null, {}])('may not be named %j', (name) => {
    const { update, problems } = convert(goodSpec, { name });
    expect(update).toBeUndefined();
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(/^metadata\.name: /);
  });

  it('is needed', () => {
    const { update, problems } = convertObject({ apiVersion: 'v1', kind: 'Service' });
    expect(update).toBeUndefined();
    expect(problems).toEqual([
      {
        object: { kind: 'Service', namespace: 'default', name: '(without a name)' },
        field: 'metadata',
        code: 'MissingValue',
        message: 'is missing; the object is left out',
      },
    ]);
  });

  it('gives times in one form, so that they can be compared as text', () => {
    const createdAt = (creationTimestamp: unknown) => convert(goodSpec, { creationTimestamp }).value?.createdAt;
    expect(createdAt('2026-01-31T12:00:00.999+02:00')).toBe('2026-01-31T10:00:00Z');
    expect(createdAt(null)).toBe('');
    expect(createdAt('yesterday')).toBe('');
    expect(createdAt('2026-13-45T99:00:00Z')).toBe('');
    expect(convert(goodSpec, { creationTimestamp: 'yesterday' }).problems[0]).toContain('metadata.creationTimestamp');
  });

  it('with labels or annotations of a wrong type is as without them', () => {
    const { value, problems } = convert(goodSpec, { labels: [], annotations: 'x' });
    expect(value).toBeDefined();
    expect(problems).toEqual([
      'metadata.labels: is a list, not an object; they are treated as absent',
      'metadata.annotations: is "x", not an object; they are treated as absent',
    ]);
  });
});
