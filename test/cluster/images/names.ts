/** References as Kubernetes 1.36 and its end-to-end tests have them (test/utils/image/manifest.go). */
export const images = {
  pause: 'registry.k8s.io/pause:3.10.2',
  agnhost: 'registry.k8s.io/e2e-test-images/agnhost:2.63.0',
  dnsTools: 'registry.k8s.io/e2e-test-images/glibc-dns-testing:2.0.0',
  busybox: 'registry.k8s.io/e2e-test-images/busybox:1.37.0-1',
  nginx: 'registry.k8s.io/e2e-test-images/nginx:1.15-4',
  invalidConntrack: 'registry.k8s.io/e2e-test-images/regression-issue-74839:1.4',
  distrolessIptables: 'registry.k8s.io/build-image/distroless-iptables:v0.9.6',
  coredns: 'fairlead.test/coredns:local',
  kubeProxy: 'fairlead.test/kube-proxy:local',
  controller: 'fairlead.test/controller:local',
  agent: 'fairlead.test/agent:local',
  envoy: 'fairlead.test/envoy:local',
} as const;
