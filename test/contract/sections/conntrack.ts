import type { HostName } from '../lab/plan.ts';
import type { Expectation, Probe, Scenario, Section, ServiceSpec, Target } from '../scenario.ts';
import {
  answeredBy,
  changing,
  clusterIp,
  hosts,
  loadBalancer,
  nodePort,
  refused,
  setEndpoints,
  stickyTo,
} from '../vocabulary.ts';

const open = (from: HostName, to: Target, protocol: 'tcp' | 'udp'): Probe => ({
  kind: 'Open',
  session: `${from}-${protocol}`,
  from,
  to,
  protocol,
});
const send = (from: HostName, protocol: 'tcp' | 'udp', expect: Expectation): Probe => ({
  kind: 'Send',
  session: `${from}-${protocol}`,
  from,
  expect,
});
/** Conntrack is cleaned after the rules have been written. */
const sendEventually = (from: HostName, expect: Expectation): Probe => ({
  kind: 'Send',
  session: `${from}-udp`,
  from,
  expect,
  isEventual: true,
});
const by = (...names: readonly string[]) => answeredBy(names, 'anything');

function movingUdp(name: string, web: ServiceSpec, from: HostName, to: Target): Scenario {
  return changing(name, { ...web, endpoints: hosts('p2a') }, [
    { probes: [open(from, to, 'udp'), send(from, 'udp', by('p2a'))] },
    { changes: [setEndpoints(hosts('p2b'))], probes: [sendEventually(from, by('p2b'))] },
  ]);
}

const balanced: ServiceSpec = { spec: { type: 'LoadBalancer' }, loadBalancer: 'VIP' };

export const conntrack: Section = {
  title: 'Connections over changes',
  scenarios: [
    movingUdp('A UDP flow to a cluster IP goes to the new endpoint', {}, 'p1a', clusterIp()),
    movingUdp('A UDP flow of a node goes to the new endpoint', {}, 'node1', clusterIp()),
    movingUdp('A UDP flow to a node port goes to the new endpoint', balanced, 'ext1', nodePort('node1')),
    movingUdp('A UDP flow to a load balancer goes to the new endpoint', balanced, 'ext1', loadBalancer()),
    movingUdp(
      'A UDP flow under internal policy Local goes to the new endpoint of its node',
      { spec: { internalTrafficPolicy: 'Local' } },
      'node2',
      clusterIp(),
    ),
    changing('A UDP flow goes to the new port of its endpoint', {}, [
      {
        changes: [setEndpoints(hosts('p1b'))],
        probes: [open('p1a', clusterIp(), 'udp'), send('p1a', 'udp', by('p1b'))],
      },
      {
        changes: [
          {
            kind: 'SetEndpoints',
            service: 'web',
            endpoints: hosts('p1b'),
            ports: [{ name: 'udp', protocol: 'UDP', port: 9001 }],
          },
        ],
        probes: [sendEventually('p1a', by('p1b:other'))],
      },
    ]),
    changing('A UDP flow that found no endpoint reaches the first one', { endpoints: [] }, [
      { probes: [open('p1a', clusterIp(), 'udp'), send('p1a', 'udp', refused)] },
      { changes: [setEndpoints(hosts('p1b'))], probes: [sendEventually('p1a', by('p1b'))] },
    ]),
    changing('A UDP flow stays with its endpoint while that is there', { endpoints: hosts('p1b') }, [
      { probes: [open('p1a', clusterIp(), 'udp'), send('p1a', 'udp', by('p1b'))] },
      {
        changes: [setEndpoints(hosts('p1b', 'p2a', 'p2b'))],
        probes: [send('p1a', 'udp', by('p1b')), send('p1a', 'udp', by('p1b'))],
      },
    ]),
    changing('A TCP connection to an endpoint that is gone from its Service goes on', { endpoints: hosts('p1b') }, [
      { probes: [open('p1a', clusterIp(), 'tcp'), send('p1a', 'tcp', by('p1b'))] },
      { changes: [setEndpoints(hosts('p2a'))], probes: [send('p1a', 'tcp', by('p1b'))] },
      { changes: [setEndpoints([])], probes: [send('p1a', 'tcp', by('p1b'))] },
    ]),
    changing('A TCP connection by a node port goes on, too', { ...balanced, endpoints: hosts('p1b') }, [
      { probes: [open('ext1', nodePort('node1'), 'tcp'), send('ext1', 'tcp', by('p1b'))] },
      { changes: [setEndpoints(hosts('p2a'))], probes: [send('ext1', 'tcp', by('p1b'))] },
    ]),
    changing('A TCP connection outlives its Service', { endpoints: hosts('p1b') }, [
      { probes: [open('p1a', clusterIp(), 'tcp'), send('p1a', 'tcp', by('p1b'))] },
      { changes: [{ kind: 'Delete', service: 'web' }], probes: [send('p1a', 'tcp', by('p1b'))] },
    ]),
    {
      name: 'Connections and flows go on over a restart of the proxy',
      exclusive: true,
      services: { web: { endpoints: hosts('p1b', 'p2a') } },
      steps: [
        {
          probes: (['tcp', 'udp'] as const).flatMap((protocol) => [
            open('p1a', clusterIp(), protocol),
            send('p1a', protocol, stickyTo(['p1b', 'p2a'], protocol)),
          ]),
        },
        {
          changes: [{ kind: 'RestartProxy', node: 'node1' }],
          probes: (['tcp', 'udp'] as const).map((protocol) =>
            send('p1a', protocol, stickyTo(['p1b', 'p2a'], protocol)),
          ),
        },
      ],
    },
    changing('Time-outs of connection tracking', {}, [
      {
        probes: [
          sysctl('net.netfilter.nf_conntrack_tcp_timeout_established', '86400'),
          sysctl('net.netfilter.nf_conntrack_tcp_timeout_close_wait', '3600'),
        ],
      },
    ]),
  ],
};

function sysctl(key: string, value: string): Probe {
  return { kind: 'Sysctl', node: 'node1', key, value };
}
