import { describe, expect, it } from 'vitest';
import { readConfiguration } from './configuration-file.ts';
import type { Values } from './fields.ts';
import type { Flags } from './flags.ts';
import { type AgentInput, conntrackOf, resolveOptions } from './options.ts';

const flags: Flags = { 'node-name': ['node1'], 'pod-cidr': ['10.244.1.0/24,fd00:244:1::/64'] };

function fileOf(text: string): NonNullable<AgentInput['file']> {
  return readConfiguration(`apiVersion: config.fairlead.dev/v1alpha1\nkind: AgentConfiguration\n${text}`, 'a.yaml');
}

describe("the agent's options", () => {
  it('have defaults', () => {
    expect(resolveOptions({ flags })).toMatchObject({
      nodeName: 'node1',
      controllers: [{ host: '127.0.0.1', port: 18_000 }],
      controllerReturnMs: 60_000,
      detector: { kind: 'Cidrs', cidrs: ['10.244.1.0/24', 'fd00:244:1::/64'] },
      nodePortAddresses: ['primary'],
      marks: { mask: 0x3000, redirect: 0x1000, upstream: 0x2000 },
      envoyAdmin: { kind: 'Tcp', host: '127.0.0.1', port: 15_000 },
      healthAddress: { host: '', port: 10_256 },
      metricsAddress: { host: '127.0.0.1', port: 10_249 },
      healthTimeoutMs: 60_000,
    });
  });

  it('take several controllers, sockets and sizes', () => {
    const controller = ['10.0.0.1:1,[fd00::1]:2', 'controller.fairlead.svc:3'];
    const more = { 'envoy-admin': ['/run/envoy.sock'], 'envoy-max-heap': ['512Mi'], 'controller-return': ['5'] };
    const options = resolveOptions({ flags: { ...flags, controller, ...more } });
    expect(options.controllers).toEqual([
      { host: '10.0.0.1', port: 1 },
      { host: 'fd00::1', port: 2 },
      { host: 'controller.fairlead.svc', port: 3 },
    ]);
    expect(options.envoyAdmin).toEqual({ kind: 'Unix', path: '/run/envoy.sock' });
    expect(options.maxHeapBytes).toBe(512 * 1024 * 1024);
    expect(options.controllerReturnMs).toBe(5_000);
  });

  it('take flags before the file, the file before the environment, and that before defaults', () => {
    const file = fileOf('hostnameOverride: of-file\nzone: of-file\nenvoy: { log: /l }\n');
    const options = resolveOptions({ flags, file, env: { NODE_NAME: 'of-env', NODE_ZONE: 'of-env' } });
    expect([options.nodeName, options.zone, options.values['envoy.log']]).toEqual(['node1', 'of-file', '/l']);
    const { 'node-name': _name, ...others } = flags;
    expect(resolveOptions({ flags: others, env: { NODE_NAME: 'of-env' } }).nodeName).toBe('of-env');
  });

  it("take kube-proxy's flags and shorter addresses of servers", () => {
    const kubeProxy = { 'hostname-override': ['n'], 'cluster-cidr': ['10.244.0.0/16'], 'masquerade-all': ['true'] };
    const more = { 'healthz-bind-address': ['::'], 'nodeport-addresses': ['10.0.0.0/8'], 'bind-address': ['10.0.0.1'] };
    expect(resolveOptions({ flags: { ...kubeProxy, ...more, v: ['2'], 'proxy-mode': ['nftables'] } })).toMatchObject({
      nodeName: 'n',
      detector: { kind: 'Cidrs', cidrs: ['10.244.0.0/16'] },
      masqueradeAll: true,
      healthAddress: { host: '::', port: 10_256 },
      nodePortAddresses: ['10.0.0.0/8'],
      primaryAddresses: { IPv4: '10.0.0.1' },
      warnings: ['--v has no effect: --log-level sets how much is logged'],
    });
  });

  it.each<[string, Flags, object]>([
    ['NodeCIDR', { 'detect-local-mode': ['NodeCIDR'] }, { kind: 'NodeCidrs' }],
    [
      'BridgeInterface',
      { 'pod-bridge-interface': ['cni0'] },
      { kind: 'Interface', interface: { kind: 'Name', name: 'cni0' }, cidrs: [] },
    ],
    [
      'InterfaceNamePrefix beside CIDRs of pods',
      { 'pod-interface': ['cali'], 'pod-cidr': ['10.244.1.0/24'], 'cluster-cidr': ['10.244.0.0/16'] },
      { kind: 'Interface', interface: { kind: 'Prefix', prefix: 'cali' }, cidrs: ['10.244.1.0/24'] },
    ],
  ])('recognise pods by %s', (_mode, more, detector) => {
    expect(resolveOptions({ flags: { 'node-name': ['n'], ...more } }).detector).toEqual(detector);
  });

  it('size the table of connections as kube-proxy does', () => {
    const values = resolveOptions({ flags }).values;
    const max = (more: Partial<Values>, cores: number) => conntrackOf({ ...values, ...more }, cores).max;
    expect(max({}, 2)).toBe(131_072);
    expect(max({}, 8)).toBe(262_144);
    expect(max({}, 256)).toBe(1_048_576);
    expect(max({ 'conntrack.maxPerCore': 0 }, 8)).toBeUndefined();
    expect(conntrackOf(values, 2)).toMatchObject({ tcpEstablishedSeconds: 86_400, udpSeconds: undefined });
  });

  it.each<[string, Flags, RegExp]>([
    ['no node name', { 'pod-cidr': ['10.0.0.0/8'] }, /--node-name.*NODE_NAME/],
    ['nothing that tells pods', { 'node-name': ['node1'] }, /--pod-cidr.*--pod-interface/],
    ['a mode without its interface', { ...flags, 'detect-local-mode': ['BridgeInterface'] }, /--pod-bridge-interface/],
    ['a CIDR without length', { ...flags, 'pod-cidr': ['10.244.1.0'] }, /--pod-cidr: "10\.244\.1\.0" is not .*CIDR/],
    ['an interface with a quote', { ...flags, 'pod-interface': ['v"'] }, /--pod-interface/],
    ['an empty interface', { ...flags, 'pod-interface': [''] }, /--pod-interface/],
    ['a controller without port', { ...flags, controller: ['localhost'] }, /--controller: "localhost" .*HOST:PORT/],
    ['a port out of range', { ...flags, controller: ['localhost:70000'] }, /--controller/],
    ['a time without unit', { ...flags, 'controller-return': ['soon'] }, /--controller-return: "soon".*duration/],
    ['a mask of other than two bits', { ...flags, 'mark-mask': ['0xfff'] }, /--mark-mask: "0xfff"/],
    ['a mask that is not a number', { ...flags, 'mark-mask': ['all'] }, /--mark-mask: "all"/],
    ['an Envoy without bootstrap', { ...flags, envoy: ['envoy'] }, /--envoy: needs --bootstrap/],
    ['a size in words', { ...flags, 'envoy-max-heap': ['much'] }, /--envoy-max-heap: "much"/],
    ["kube-proxy's kubeconfig", { ...flags, kubeconfig: ['/k'] }, /--kubeconfig: .*use --controller/],
    ['another proxy mode', { ...flags, 'proxy-mode': ['ipvs'] }, /--proxy-mode: .*nftables/],
    ['cleanup as a flag', { ...flags, cleanup: ['true'] }, /fairlead agent cleanup/],
  ])('refuse %s', (_what, bad, message) => {
    expect(() => resolveOptions({ flags: bad })).toThrow(message);
  });
});
