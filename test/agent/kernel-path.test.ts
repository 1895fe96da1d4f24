import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ManagedProcess } from '../testbed/process.ts';
import { waitUntil } from '../testbed/wait.ts';
import type { DialResult } from './support/dial.ts';
import { echoPorts, Lab, pods, serviceUpdate, sliceUpdate } from './support/lab.ts';

const tcpPort = { name: 'tcp', protocol: 'TCP', port: echoPorts.tcp } as const;
const udpPort = { name: 'udp', protocol: 'UDP', port: echoPorts.udp } as const;
const ports = [
  { name: 'tcp', port: 80 },
  { name: 'udp', protocol: 'UDP', port: 53 },
] as const;

describe.each(['IPv4', 'IPv6'] as const)('the kernel path without Envoy, %s', (family) => {
  const vip = (number: number) => (family === 'IPv4' ? `10.96.0.${number}` : `fd00:96::${number}`);
  let lab: Lab;
  let agent: ManagedProcess;

  beforeAll(async () => {
    lab = await Lab.open({ prefix: family === 'IPv4' ? 'fla4-' : 'fla6-' });
    await lab.startController();
    await lab.update([
      serviceUpdate('echo', [vip(10)], ports),
      sliceUpdate('echo', family, [tcpPort, udpPort], ['p1a', 'p1b', 'p2a']),
      serviceUpdate('empty', [vip(11)], ports),
      serviceUpdate('local', [vip(12)], ports, { internalTrafficPolicy: 'Local' }),
      sliceUpdate('local', family, [tcpPort, udpPort], ['p2a']),
      serviceUpdate('self', [vip(13)], ports),
      sliceUpdate('self', family, [tcpPort, udpPort], ['p1a']),
    ]);
    agent = await lab.startAgent('node1');
  });

  afterAll(() => lab.close());

  it.each(['tcp', 'udp'] as const)('balances %s over all endpoints and keeps the client address', async (protocol) => {
    const results = await lab.dial('p1a', protocol, vip(10), protocol === 'tcp' ? 80 : 53, 40);
    expect(podsIn(results)).toEqual(['p1a', 'p1b', 'p2a']);
    const others = results.filter((result) => 'echo' in result && result.echo.pod !== 'p1a');
    expect(clientsIn(others)).toEqual([pods.p1a[family]]);
  });

  it('serves processes of the node itself, with an address that the endpoints can answer', async () => {
    const results = await lab.dial('node1', 'tcp', vip(10), 80, 30);
    expect(podsIn(results)).toEqual(['p1a', 'p1b', 'p2a']);
  });

  it('serves clients that are not pods of the node, with an address of the node', async () => {
    const gateway = family === 'IPv4' ? ['-4', '192.168.50.1'] : ['-6', 'fd00:50::1'];
    await lab.run('ctl', 'ip', gateway[0] ?? '', 'route', 'add', vip(10), 'via', gateway[1] ?? '');
    const results = await lab.dial('ctl', 'tcp', vip(10), 80, 30);
    expect(podsIn(results)).toEqual(['p1a', 'p1b', 'p2a']);
    const control = family === 'IPv4' ? '192.168.50.100' : 'fd00:50::64';
    expect(clientsIn(results)).not.toContain(control);
  });

  it.each(['tcp', 'udp'] as const)('lets a pod reach itself over %s', async (protocol) => {
    const results = await lab.dial('p1a', protocol, vip(13), protocol === 'tcp' ? 80 : 53, 3);
    expect(podsIn(results)).toEqual(['p1a']);
    expect(clientsIn(results)).not.toContain(pods.p1a[family]);
  });

  it.each([
    ['tcp', 80],
    ['udp', 53],
  ] as const)('refuses %s to a Service without endpoints', async (protocol, port) => {
    expect(await lab.dial('p1a', protocol, vip(11), port)).toEqual([{ error: 'ECONNREFUSED' }]);
    expect(await lab.dial('node1', protocol, vip(11), port)).toEqual([{ error: 'ECONNREFUSED' }]);
  });

  it('refuses a port that the Service does not have', async () => {
    expect(await lab.dial('p1a', 'tcp', vip(10), 81)).toEqual([{ error: 'ECONNREFUSED' }]);
    expect(await lab.dial('p1a', 'udp', vip(10), 80)).toEqual([{ error: 'ECONNREFUSED' }]);
  });

  it('drops what may only go to endpoints of the node, when all are elsewhere', async () => {
    expect(await lab.dial('p1a', 'tcp', vip(12), 80)).toEqual([{ error: 'TIMEOUT' }]);
  });

  it('follows a change of endpoints', async () => {
    await lab.update([sliceUpdate('echo', family, [tcpPort, udpPort], ['p2a'])]);
    expect(podsIn(await lab.dial('p1b', 'tcp', vip(10), 80, 10))).toEqual(['p2a']);
    await lab.update([sliceUpdate('echo', family, [tcpPort, udpPort], ['p1a', 'p1b', 'p2a'])]);
    expect(podsIn(await lab.dial('p1b', 'tcp', vip(10), 80, 30))).toEqual(['p1a', 'p1b', 'p2a']);
  });

  it('puts the tables back when somebody deletes them', async () => {
    await lab.run('node1', 'nft', 'flush', 'ruleset');
    await waitUntil(async () => 'echo' in ((await lab.dial('p1a', 'tcp', vip(10), 80))[0] ?? {}), {
      what: 'the tables to come back',
    });
  });

  it('leaves its rules when it ends, and takes them over when it starts again', async () => {
    await agent.stop();
    expect(podsIn(await lab.dial('p1b', 'tcp', vip(10), 80, 30))).toEqual(['p1a', 'p1b', 'p2a']);
    agent = await lab.startAgent('node1');
    expect(podsIn(await lab.dial('p1b', 'tcp', vip(10), 80, 30))).toEqual(['p1a', 'p1b', 'p2a']);
  });

  it('leaves nothing behind after cleanup, twice', async () => {
    await agent.stop();
    await lab.cleanUp('node1');
    await lab.cleanUp('node1');
    await expectNothingLeft();
  });

  it('leaves nothing behind of a family that was switched off meanwhile', async () => {
    agent = await lab.startAgent('node1');
    await agent.stop();
    await lab.run('node1', 'sysctl', '-qw', 'net.ipv6.conf.all.disable_ipv6=1');
    await lab.cleanUp('node1');
    await expectNothingLeft();
  });

  const expectNothingLeft = async () => {
    expect(await lab.run('node1', 'nft', 'list', 'ruleset')).toBe('');
    expect(await lab.run('node1', 'ip', '-4', 'rule')).not.toContain('15001');
    expect(await lab.run('node1', 'ip', '-6', 'rule')).not.toContain('15001');
    expect(await lab.run('node1', 'ip', '-4', 'route', 'show', 'table', 'all')).not.toContain('table 15001');
    expect(await lab.run('node1', 'ip', '-6', 'route', 'show', 'table', 'all')).not.toContain('table 15001');
  };
});

function podsIn(results: readonly DialResult[]): readonly string[] {
  return [...new Set(results.map((result) => ('echo' in result ? result.echo.pod : result.error)))].sort();
}

function clientsIn(results: readonly DialResult[]): readonly string[] {
  return [...new Set(results.map((result) => ('echo' in result ? result.echo.clientAddress : result.error)))].sort();
}
