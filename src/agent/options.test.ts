import { describe, expect, it } from 'vitest';
import { type AgentFlags, parseAgentOptions } from './options.ts';

const flags: AgentFlags = { nodeName: 'node1', podCidr: ['10.244.1.0/24,fd00:244:1::/64'] };

describe("the agent's options", () => {
  it('have defaults', () => {
    expect(parseAgentOptions(flags)).toMatchObject({
      nodeName: 'node1',
      controllers: [{ host: '127.0.0.1', port: 18_000 }],
      controllerReturnMs: 60_000,
      pods: { IPv4: { cidrs: ['10.244.1.0/24'] }, IPv6: { cidrs: ['fd00:244:1::/64'] } },
      marks: { mask: 0xfff, redirect: 1, upstream: 1337 },
      envoyAdmin: { kind: 'Tcp', host: '127.0.0.1', port: 15_000 },
      healthAddress: { host: '127.0.0.1', port: 10_256 },
    });
  });

  it('take several controllers, sockets and sizes', () => {
    const controller = ['10.0.0.1:1,[fd00::1]:2', 'controller.fairlead.svc:3'];
    const options = parseAgentOptions({ ...flags, controller, envoyAdmin: '/run/envoy.sock', envoyMaxHeap: '512Mi' });
    expect(options.controllers).toEqual([
      { host: '10.0.0.1', port: 1 },
      { host: 'fd00::1', port: 2 },
      { host: 'controller.fairlead.svc', port: 3 },
    ]);
    expect(options.envoyAdmin).toEqual({ kind: 'Unix', path: '/run/envoy.sock' });
    expect(options.maxHeapBytes).toBe(512 * 1024 * 1024);
  });

  it.each<[string, AgentFlags, RegExp]>([
    ['no node name', { ...flags, nodeName: '' }, /--node-name.*NODE_NAME/],
    ['nothing that tells pods', { nodeName: 'node1' }, /--pod-cidr.*--pod-interface/],
    ['a CIDR without length', { ...flags, podCidr: ['10.244.1.0'] }, /--pod-cidr: "10\.244\.1\.0" is not a CIDR/],
    ['an interface with a quote', { ...flags, podInterface: 'v"' }, /--pod-interface/],
    [
      'a controller without port',
      { ...flags, controller: ['localhost'] },
      /--controller: "localhost" is not HOST:PORT/,
    ],
    [
      'a time with a unit',
      { ...flags, controllerReturn: '1m' },
      /--controller-return: "1m" is not a number of seconds/,
    ],
    ['a port out of range', { ...flags, controller: ['localhost:70000'] }, /--controller/],
    ['a mark outside the mask', { ...flags, redirectMark: '0x1000' }, /--redirect-mark/],
    ['equal marks', { ...flags, redirectMark: '1337' }, /--redirect-mark: must differ/],
    ['a mark that is not a number', { ...flags, markMask: 'all' }, /--mark-mask: "all"/],
    ['an Envoy without bootstrap', { ...flags, envoy: 'envoy' }, /--envoy: needs --bootstrap/],
    ['a size in words', { ...flags, envoyMaxHeap: 'much' }, /--envoy-max-heap: "much"/],
  ])('refuse %s', (_what, bad, message) => {
    expect(() => parseAgentOptions(bad)).toThrow(message);
  });
});
