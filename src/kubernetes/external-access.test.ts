import { describe, expect, it } from 'vitest';
import { convertObject } from './convert.ts';

const goodSpec = { clusterIP: '10.96.0.10', ports: [{ port: 80 }] };

function convert(spec: object, status?: object) {
  const metadata = { name: 'web', namespace: 'shop' };
  const object = { apiVersion: 'v1', kind: 'Service', metadata, spec: { ...goodSpec, ...spec }, status };
  const { update, problems } = convertObject(object);
  const value = update?.kind === 'Service' ? update.value : undefined;
  return { value, external: value?.external, problems: problems.map(({ field, message }) => `${field}: ${message}`) };
}

const ingress = (...entries: readonly unknown[]) => ({ loadBalancer: { ingress: entries } });

describe('what a Service has for clients outside of the cluster', () => {
  it('is read from type, ports, external addresses and the load balancer', () => {
    const { value, problems } = convert(
      {
        type: 'LoadBalancer',
        ports: [{ port: 80, nodePort: 30_080 }],
        externalIPs: ['192.0.2.1', 'FD00:0::1', '192.0.2.1'],
        externalTrafficPolicy: 'Local',
        healthCheckNodePort: 32_000,
        loadBalancerSourceRanges: [' 10.1.2.3/8 ', 'fd00::1/64'],
        allocateLoadBalancerNodePorts: false,
      },
      ingress({ ip: '203.0.113.1' }, { hostname: 'lb.example' }, { ip: '203.0.113.2', ipMode: 'Proxy' }),
    );
    expect(problems).toEqual([]);
    expect(value?.ports[0]?.nodePort).toBe(30_080);
    expect(value?.external).toEqual({
      type: 'LoadBalancer',
      externalIPs: ['192.0.2.1', 'fd00::1'],
      loadBalancer: [
        { address: '203.0.113.1', ipMode: 'VIP' },
        { address: '203.0.113.2', ipMode: 'Proxy' },
      ],
      trafficPolicy: 'Local',
      sourceRanges: ['10.0.0.0/8', 'fd00::/64'],
      healthCheckNodePort: 32_000,
      allocatesNodePorts: false,
    });
  });

  it('is absent for Services of the cluster alone, and 0 is no port', () => {
    expect(convert({ ports: [{ port: 80, nodePort: 0 }] }).value).not.toHaveProperty('external');
    expect(convert({ externalTrafficPolicy: 'Local' }).external).toBeUndefined();
  });

  it('has the traffic policy where Kubernetes honours it', () => {
    const policy = { externalTrafficPolicy: 'Local' };
    expect(convert({ type: 'NodePort', ...policy }).external?.trafficPolicy).toBe('Local');
    expect(convert({ externalIPs: ['192.0.2.1'], ...policy }).external?.trafficPolicy).toBe('Local');
    const ofLoadBalancer = convert(policy, ingress({ ip: '203.0.113.1' }));
    expect(ofLoadBalancer.external?.trafficPolicy).toBe('Cluster');
  });

  it.each([
    ['another type', { type: 'NodePort', externalTrafficPolicy: 'Local' }],
    ['policy Cluster', { type: 'LoadBalancer' }],
  ])('has no health-check port with %s', (_what, spec) => {
    expect(convert({ ...spec, healthCheckNodePort: 32_000 }).external).not.toHaveProperty('healthCheckNodePort');
  });

  it.each([
    ['one that cannot be read', ['10.0.0.0/33'], ['0.0.0.0/32', '::/128']],
    ['a good one beside it', ['10.0.0.0/8', 'any'], ['10.0.0.0/8', '0.0.0.0/32', '::/128']],
    ['what is no text', [7], ['0.0.0.0/32', '::/128']],
    ['what is no list', '10.0.0.0/8', ['0.0.0.0/32', '::/128']],
    ['good ones', [' 10.0.0.0/8 ', 'fd00::/8', '10.0.0.0/8'], ['10.0.0.0/8', 'fd00::/8']],
    ['none', [], []],
  ])('opens to nobody for a source range that cannot be read: %s', (_what, loadBalancerSourceRanges, sourceRanges) => {
    const { external } = convert({ type: 'LoadBalancer', loadBalancerSourceRanges });
    expect(external).toMatchObject({ sourceRanges });
  });

  it('takes an address for the load balancer alone when its mode is not understood', () => {
    const { external, problems } = convert({}, ingress({ ip: '203.0.113.1', ipMode: 'Later' }));
    expect(external?.loadBalancer).toEqual([{ address: '203.0.113.1', ipMode: 'Proxy' }]);
    expect(problems).toEqual([
      'status.loadBalancer.ingress[0].ipMode: is "Later", not one of VIP, Proxy; it is treated as Proxy',
    ]);
  });

  it.each([
    [
      { type: 'Later' },
      'spec.type: is "Later", not one of ClusterIP, NodePort, LoadBalancer; it is treated as ClusterIP',
    ],
    [{ externalIPs: ['x'] }, 'spec.externalIPs[0]: is "x", not an IP address; it is left out'],
    [{ externalIPs: ['0.0.0.0'] }, 'spec.externalIPs[0]: "0.0.0.0" is an unspecified address; it is left out'],
    [
      { type: 'LoadBalancer', loadBalancerSourceRanges: ['10.0.0.0/33'] },
      'spec.loadBalancerSourceRanges[0]: is "10.0.0.0/33", not a CIDR; nobody is let in for it',
    ],
    [
      { ports: [{ port: 80, nodePort: 70_000 }] },
      'spec.ports[0].nodePort: is 70000, not a whole number from 0 to 65535; the port has no node port',
    ],
    [
      { type: 'NodePort', externalTrafficPolicy: 'Here' },
      'spec.externalTrafficPolicy: is "Here", not one of Cluster, Local; it is treated as Cluster',
    ],
  ])('is reported where it is wrong: %j', (spec, problem) => {
    expect(convert(spec).problems).toEqual([problem]);
  });
});
