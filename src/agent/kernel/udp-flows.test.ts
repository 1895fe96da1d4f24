import pino from 'pino';
import { expect, it } from 'vitest';
import type { EndpointAddress, EndpointSet, Frontend } from '../xds/service-view.ts';
import { UdpCleanup } from './udp-cleanup.ts';
import { parseFlow, UdpFlows } from './udp-flows.ts';

const setOf = (...endpoints: readonly EndpointAddress[]): EndpointSet => {
  return { family: 'IPv4', verdict: endpoints.length === 0 ? 'Reject' : 'Forward', endpoints };
};
const a = { address: '10.244.1.5', port: 53 };
const b = { address: '10.244.2.6', port: 53 };

function dns(serving: EndpointSet, change: Partial<Frontend> = {}): Frontend {
  return {
    kind: 'ClusterIP',
    family: 'IPv4',
    address: '10.96.0.10',
    port: 53,
    protocol: 'UDP',
    portName: 'dns',
    dataPath: 'Kernel',
    failMode: 'Open',
    trafficPolicy: 'Cluster',
    endpointSet: setOf(a),
    shortCircuitSet: undefined,
    servingSet: serving,
    affinityTimeoutSeconds: 0,
    sourceRanges: [],
    ...change,
  };
}

function flowsOf(...frontends: readonly Frontend[]): UdpFlows {
  const flows = new UdpFlows();
  flows.put({ key: 'kube-system/dns', frontends });
  return flows;
}

const flowTo = ({ address, port }: EndpointAddress, destination = '10.96.0.10', at = 53) => {
  return { destination, port: at, answering: address, answeringPort: port };
};
const none: ReadonlySet<string> = new Set();

it('keeps flows to endpoints that are serving, whether or not new ones go there', () => {
  const flows = flowsOf(dns(setOf(a, b)));
  expect(flows.isStale(flowTo(b), none)).toBe(false);
  expect(flows.isStale(flowTo({ address: '10.244.2.7', port: 53 }), none)).toBe(true);
  expect(flows.isStale(flowTo({ ...a, port: 54 }), none)).toBe(true);
});

it('removes flows that began before there were rules or endpoints: they are not translated', () => {
  expect(flowsOf(dns(setOf(a))).isStale(flowTo({ address: '10.96.0.10', port: 53 }), none)).toBe(true);
});

it('leaves everything that is not of a UDP Service', () => {
  const flows = flowsOf(dns(setOf(a)), dns(setOf(a), { protocol: 'TCP', port: 54 }));
  expect(flows.isStale(flowTo(b, '10.96.0.11'), none)).toBe(false);
  expect(flows.isStale(flowTo(b, '10.96.0.10', 54), none)).toBe(false);
});

it('finds node ports at any address, and leaves datagrams that were for the node itself', () => {
  const flows = flowsOf(dns(setOf(a), { kind: 'NodePort', address: '', port: 30_053 }));
  expect(flows.isStale(flowTo(b, '192.0.2.1', 30_053), none)).toBe(true);
  expect(flows.isStale(flowTo(a, '192.0.2.1', 30_053), none)).toBe(false);
  expect(flows.isStale(flowTo({ address: '192.0.2.1', port: 30_053 }, '192.0.2.1', 30_053), none)).toBe(false);
});

it('removes the flows of a Service that was deleted, once', () => {
  const flows = flowsOf(dns(setOf(a)));
  flows.put({ key: 'kube-system/dns', frontends: [] });
  const removed = flows.takeRemoved();
  expect(flows.isStale(flowTo(a), removed)).toBe(true);
  expect(flows.takeRemoved().size).toBe(0);
});

it('needs no pass for Services without UDP', () => {
  const flows = new UdpFlows();
  flows.put({ key: 'default/web', frontends: [dns(setOf(a), { protocol: 'TCP' })] });
  expect(flows.takeChanged()).toBe(false);
});

it('reads what conntrack prints', () => {
  const line =
    'udp      17 22 src=10.244.1.9 dst=10.96.0.10 sport=40000 dport=53 [UNREPLIED] src=10.244.2.6 dst=10.244.1.9 sport=5353 dport=40000 mark=0 use=1';
  expect(parseFlow(line)).toEqual({
    destination: '10.96.0.10',
    port: 53,
    answering: '10.244.2.6',
    answeringPort: 5_353,
  });
  expect(parseFlow('conntrack v1.4.7 (conntrack-tools): 1 flow entries have been shown.')).toBe(undefined);
});

it('deletes all flows of an address to a former endpoint with one command, and only after a change', async () => {
  const commands: (readonly string[])[] = [];
  const line = (client: string) =>
    `udp 17 22 src=${client} dst=10.96.0.10 sport=4000 dport=53 src=10.244.2.6 dst=${client} sport=53 dport=4000 mark=0`;
  const deleted: number[] = [];
  const cleanup = new UdpCleanup({
    families: ['IPv4'],
    flows: flowsOf(dns(setOf(a))),
    conntrack: async (args) => {
      commands.push(args);
      if (args[0] === '--dump') return { code: 0, output: `${line('10.244.1.8')}\n${line('10.244.1.9')}\n` };
      return { code: 0, output: 'conntrack v1.4.7 (conntrack-tools): 2 flow entries have been deleted.' };
    },
    observe: (_family, pass) => deleted.push(pass.deleted),
    logger: pino({ level: 'silent' }),
  });
  await cleanup.run();
  await cleanup.run();
  const base = '--family ipv4 --proto udp';
  expect(commands.map((args) => args.join(' '))).toEqual([
    `--dump ${base}`,
    `--delete ${base} --orig-dst 10.96.0.10 --orig-port-dst 53 --reply-src 10.244.2.6 --reply-port-src 53`,
  ]);
  expect(deleted).toEqual([2]);
});
