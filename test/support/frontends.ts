import type { PodDetector } from '../../src/agent/kernel/pod-detector.ts';
import type { NodeTableOptions } from '../../src/agent/kernel/table-options.ts';
import type { EndpointAddress, EndpointSet, Frontend, Verdict } from '../../src/agent/xds/service-view.ts';
import { defaultMarks } from '../../src/base/marks.ts';

/** Of tables as an agent makes them by default. */
export function tableOptions(family: NodeTableOptions['family'], pods: PodDetector): NodeTableOptions {
  return { family, pods, marks: defaultMarks, listeners: { tcp: 15_001, http: 15_002 } };
}

/** Endpoints as `address:port`; none: refused. */
export function endpointSet(
  endpoints: readonly EndpointAddress[],
  family: EndpointSet['family'] = 'IPv4',
  without: Verdict = 'Reject',
): EndpointSet {
  return { family, verdict: endpoints.length === 0 ? without : 'Forward', endpoints };
}

/** A cluster IP that the kernel balances. */
export function aFrontend(change: Partial<Frontend> = {}): Frontend {
  return {
    kind: 'ClusterIP',
    family: change.endpointSet?.family ?? 'IPv4',
    address: '10.96.0.1',
    port: 80,
    protocol: 'TCP',
    portName: '',
    dataPath: 'Kernel',
    failMode: 'Open',
    trafficPolicy: 'Cluster',
    endpointSet: endpointSet([{ address: '10.244.1.5', port: 8080 }]),
    shortCircuitSet: undefined,
    servingSet: undefined,
    affinityTimeoutSeconds: 0,
    sourceRanges: [],
    ...change,
  };
}
