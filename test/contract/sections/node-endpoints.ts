import type { Change, FetchExpectation, FetchTarget, Probe, Section } from '../scenario.ts';
import { seen } from '../vocabulary.ts';

const health: FetchTarget = { kind: 'NodeAddress', node: 'node1', port: 10_256 };
const metrics: FetchTarget = { kind: 'Loopback', port: 10_249 };

function get(at: FetchTarget, path: string, includes: readonly string[], status = 200): Probe {
  const expect: FetchExpectation = { kind: 'Answer', status, includes };
  return { kind: 'Fetch', from: at.kind === 'Loopback' ? 'node1' : 'ext1', at, path, expect };
}

const taint = (taints: readonly object[]): Change => ({
  kind: 'PatchNode',
  node: 'node1',
  patch: { spec: { taints } },
});

/** What dashboards and alerts for kube-proxy read. */
const metricNames = [
  'kubeproxy_network_programming_duration_seconds_bucket',
  'kubeproxy_sync_proxy_rules_duration_seconds_bucket',
  'kubeproxy_sync_proxy_rules_last_timestamp_seconds',
  'kubeproxy_sync_proxy_rules_last_queued_timestamp_seconds',
  'kubeproxy_sync_proxy_rules_endpoint_changes_pending',
  'kubeproxy_sync_proxy_rules_endpoint_changes_total',
  'kubeproxy_sync_proxy_rules_service_changes_pending',
  'kubeproxy_sync_proxy_rules_service_changes_total',
  'kubeproxy_sync_proxy_rules_no_local_endpoints_total',
  'kubeproxy_sync_full_proxy_rules_duration_seconds_bucket',
  'kubeproxy_sync_partial_proxy_rules_duration_seconds_bucket',
  'kubeproxy_conntrack_reconciler_sync_duration_seconds_bucket',
  'process_resident_memory_bytes',
];

export const nodeEndpoints: Section = {
  title: 'HTTP endpoints and metrics of a node',
  scenarios: [
    seen('Health and liveness on :10256, for load balancers outside', {}, [
      get(health, '/healthz', ['"lastUpdated"', '"currentTime"', '"nodeEligible":true', '"healthy":true']),
      get(health, '/healthz', ['"status":{', '"IPv4":{', '"IPv6":{']),
      get(health, '/livez', ['"lastUpdated"', '"healthy":true']),
    ]),
    seen('The mode of the proxy on :10249', {}, [get(metrics, '/proxyMode', ['nftables'])]),
    seen('Health and configuration on :10249', {}, [get(metrics, '/healthz', ['ok']), get(metrics, '/configz', ['{'])]),
    seen("kube-proxy's metrics on :10249", {}, [get(metrics, '/metrics', metricNames)]),
    {
      name: 'A node that is to be removed is not eligible, and alive',
      exclusive: true,
      services: {},
      steps: [
        {
          changes: [taint([{ key: 'ToBeDeletedByClusterAutoscaler', value: '1', effect: 'NoSchedule' }])],
          probes: [get(health, '/healthz', ['"nodeEligible":false'], 503), get(health, '/livez', ['"healthy":true'])],
        },
        { changes: [taint([])], probes: [get(health, '/healthz', ['"nodeEligible":true'])] },
      ],
    },
  ],
};
