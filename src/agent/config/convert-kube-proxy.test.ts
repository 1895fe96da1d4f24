import { describe, expect, it } from 'vitest';
import { readConfiguration } from './configuration-file.ts';
import { convertKubeProxy } from './convert-kube-proxy.ts';
import { resolveOptions } from './options.ts';

const head = 'apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n';

/** As kubeadm writes it: what is unset stands there, too. */
const ofKubeadm = `${head}bindAddress: 0.0.0.0
bindAddressHardFail: false
clientConnection:
  acceptContentTypes: ""
  burst: 0
  kubeconfig: /var/lib/kube-proxy/kubeconfig.conf
  qps: 0
clusterCIDR: 10.244.0.0/16,fd00:244::/56
configSyncPeriod: 0s
conntrack:
  maxPerCore: null
  min: null
  tcpBeLiberal: false
  tcpCloseWaitTimeout: null
  tcpEstablishedTimeout: 12h0m0s
  udpTimeout: 0s
detectLocal:
  bridgeInterface: ""
  interfaceNamePrefix: ""
detectLocalMode: ""
enableProfiling: false
healthzBindAddress: ""
hostnameOverride: ""
iptables:
  localhostNodePorts: null
  masqueradeAll: true
  masqueradeBit: 14
  syncPeriod: 0s
metricsBindAddress: "0.0.0.0:10249"
mode: ""
nodePortAddresses: null
oomScoreAdj: null
portRange: ""
`;

describe("kube-proxy's configuration", () => {
  it('becomes one of the agent, with a comment for each field that has no meaning', () => {
    const { text, warnings } = convertKubeProxy(ofKubeadm, 'config.conf');
    expect(warnings).toEqual([
      expect.stringContaining('clientConnection.kubeconfig: "/var/lib/kube-proxy/kubeconfig.conf" has no meaning here'),
      expect.stringContaining('iptables.masqueradeBit: 14 has no meaning here: Fairlead programs nftables'),
      expect.stringContaining('the default of mode iptables is all addresses'),
    ]);
    for (const warning of warnings) expect(text).toContain(`# ${warning}\n`);
    const file = readConfiguration(text, 'agent.yaml');
    expect(resolveOptions({ flags: { 'node-name': ['n'] }, file })).toMatchObject({
      detector: { kind: 'Cidrs', cidrs: ['10.244.0.0/16', 'fd00:244::/56'] },
      nodePortAddresses: ['all'],
      masqueradeAll: true,
      metricsAddress: { host: '0.0.0.0', port: 10_249 },
      conntrack: { tcpEstablishedSeconds: 43_200, tcpCloseWaitSeconds: 3_600, udpSeconds: undefined },
    });
  });

  it('keeps the defaults of mode nftables', () => {
    const more = 'mode: nftables\nnftables: { masqueradeBit: 14, masqueradeAll: false, syncPeriod: 1m0s }\n';
    const { text, warnings } = convertKubeProxy(head + more, 'c');
    expect(warnings).toEqual([expect.stringContaining('nftables.masqueradeBit')]);
    expect(text).toContain('nftables:\n  masqueradeAll: false\n  syncPeriod: "1m"\n');
    expect(text).not.toContain('nodePortAddresses');
  });

  it.each([
    ['another kind', 'kind: Pod\n', /c:1: is not a KubeProxyConfiguration/],
    ['a wrong value', `${head}nodePortAddresses: [here]\n`, /c:3: nodePortAddresses: is \["here"\], not a list/],
  ])('is refused: %s', (_what, text, message) => {
    expect(() => convertKubeProxy(text, 'c')).toThrow(message);
  });
});
