import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Attempt } from '../testbed/load/attempt.ts';
import type { ManagedProcess } from '../testbed/process.ts';
import { requestFrom } from '../testbed/request.ts';
import { type LoadRequest, RunningLoad } from '../testbed/running-load.ts';
import { now, waitUntil } from '../testbed/wait.ts';
import type { DialResult, Echo } from './support/dial.ts';
import { echoPorts, Lab, leastEnvoyPort, type PodName, pods, serviceUpdate, sliceUpdate } from './support/lab.ts';

const tcpPort = { name: 'tcp', protocol: 'TCP', port: echoPorts.tcp } as const;
const httpPort = { name: 'http', protocol: 'TCP', port: echoPorts.http } as const;
const ports = [
  { name: 'tcp', port: 9 },
  { name: 'http', port: 80, appProtocol: 'http' },
] as const;

const echo = ['10.96.0.10', 'fd00:96::10'] as const;
const self = ['10.96.0.13', 'fd00:96::13'] as const;

describe('the path through Envoy', () => {
  let lab: Lab;
  let controller: ManagedProcess;

  beforeAll(async () => {
    lab = await Lab.open({ prefix: 'flae-' });
    controller = await lab.startController();
    await lab.update([
      serviceUpdate('echo', echo, ports),
      sliceUpdate('echo', 'IPv4', [tcpPort, httpPort], ['p1a', 'p1b', 'p2a']),
      sliceUpdate('echo', 'IPv6', [tcpPort, httpPort], ['p1a', 'p1b', 'p2a']),
      serviceUpdate('self', self, ports),
      sliceUpdate('self', 'IPv4', [tcpPort, httpPort], ['p1a']),
      sliceUpdate('self', 'IPv6', [tcpPort, httpPort], ['p1a']),
      serviceUpdate('other', ['10.96.0.14'], ports),
      sliceUpdate('other', 'IPv4', [tcpPort, httpPort], ['p2a']),
    ]);
    await lab.startAgent('node1', lab.envoyArgs('node1'));
    await untilRedirected();
  });

  afterAll(() => lab.close());

  const untilRedirected = () =>
    waitUntil(async () => isThroughEnvoy(await lab.dial('p1a', 'tcp', echo[0], 9)) && (await httpIsThroughEnvoy()), {
      what: 'connections to go through Envoy',
    });

  const httpIsThroughEnvoy = async () => {
    return isThroughEnvoy([{ echo: await get('p1a', echo[0]) }]);
  };

  const startLoad = (pod: PodName, request: LoadRequest) =>
    RunningLoad.start(
      lab.processes,
      { namespace: lab.network.namespaceOf(pod), logFile: join(lab.directory, `load-${pod}.log`) },
      request,
    );

  const get = async (from: string, host: string) => {
    const answer = await requestFrom(lab.network.namespaceOf(from), `http://${host}/`);
    if (answer.status !== 200) throw new Error(`${host} answered ${answer.status}`);
    return JSON.parse(answer.body) as Echo;
  };

  describe.each([
    ['IPv4', 0],
    ['IPv6', 1],
  ] as const)('%s', (family, index) => {
    it('balances TCP over all endpoints and keeps the client address', async () => {
      const results = await lab.dial('p1a', 'tcp', echo[index], 9, 40);
      expect(podsIn(results)).toEqual(['p1a', 'p1b', 'p2a']);
      expect(isThroughEnvoy(results)).toBe(true);
      expect(clientsIn(results.filter((result) => !('echo' in result && result.echo.pod === 'p1a')))).toEqual([
        pods.p1a[family],
      ]);
    });

    it('lets a pod reach itself', async () => {
      const results = await lab.dial('p1a', 'tcp', self[index], 9, 3);
      expect(podsIn(results)).toEqual(['p1a']);
    });

    it('carries HTTP', async () => {
      const host = index === 0 ? echo[0] : `[${echo[1]}]`;
      expect(isThroughEnvoy([{ echo: await get('p1b', host) }])).toBe(true);
    });
  });

  it('works under strict reverse path filters', async () => {
    await lab.run('node1', 'sh', '-c', 'for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 1 > $f; done');
    const results = await lab.dial('p1a', 'tcp', echo[0], 9, 20);
    await lab.run('node1', 'sh', '-c', 'for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 > $f; done');
    expect(podsIn(results)).toEqual(['p1a', 'p1b', 'p2a']);
    expect(isThroughEnvoy(results)).toBe(true);
  });

  it('leaves connections between pods alone, even to the port of a listener of Envoy', async () => {
    expect(await lab.dial('p1a', 'tcp', pods.p1b.IPv4, 15_001)).toEqual([{ error: 'ECONNREFUSED' }]);
    expect(await lab.dial('p1a', 'tcp', pods.p2a.IPv4, 15_002)).toEqual([{ error: 'ECONNREFUSED' }]);
  });

  it('never sends a first request of a new HTTP Service into an Envoy that does not know it', async () => {
    const address = '10.96.0.20';
    const codes = lab.run('p1b', 'sh', '-c', curlLoop(`http://${address}/`, 60));
    await lab.update([
      serviceUpdate('new', [address], [{ name: 'http', port: 80, appProtocol: 'http' }]),
      sliceUpdate('new', 'IPv4', [httpPort], ['p1a', 'p2a']),
    ]);
    expect([...new Set((await codes).trim().split('\n'))].sort()).toEqual(expect.arrayContaining(['200']));
    expect(
      (await codes)
        .trim()
        .split('\n')
        .filter((code) => code !== '200' && code !== '000'),
    ).toEqual([]);
    await waitUntil(async () => isThroughEnvoy([{ echo: await get('p1b', address) }]), {
      what: 'the new Service to go through Envoy',
    });
  });

  // Envoy cannot tell a policy's refusal from an endpoint's: what it costs the others is balance for a while, never a connection.
  it('fails no connection of a pod while another is denied an endpoint', async () => {
    const address = '10.96.0.21';
    await lab.update([
      serviceUpdate('policed', [address], ports),
      sliceUpdate('policed', 'IPv4', [tcpPort, httpPort], ['p1b', 'p2a']),
    ]);
    await waitUntil(async () => isThroughEnvoy(await lab.dial('p1b', 'tcp', address, 9)), { what: 'the way to stand' });
    expect(podsIn(await lab.dial('p1b', 'tcp', address, 9, 20))).toEqual(['p1b', 'p2a']);
    const flow = `ip saddr ${pods.p1a.IPv4} ip daddr ${pods.p2a.IPv4} tcp dport ${echoPorts.tcp}`;
    const chain = 'add chain ip denying forward { type filter hook forward priority 0; }';
    const rule = `add rule ip denying forward ${flow} reject with tcp reset`;
    await lab.run('node2', 'nft', `add table ip denying; ${chain}; ${rule}`);
    const [denied, other] = await Promise.all([
      lab.dial('p1a', 'tcp', address, 9, 40),
      lab.dial('p1b', 'tcp', address, 9, 40),
    ]);
    await lab.run('node2', 'nft', 'delete table ip denying');
    // Until the endpoint is ejected, all six tries of one of its own connections may meet the refusal.
    expect(podsIn(denied.filter((result) => 'echo' in result))).toEqual(['p1b']);
    expect(other.filter((result) => !('echo' in result))).toEqual([]);
  });

  it('loses no new connection when Envoy is killed, and redirects again when it is back', async () => {
    const loads = await Promise.all([
      startLoad('p1a', { protocol: 'tcp', target: `${echo[0]}:9`, connections: 'new', rate: 0, concurrency: 4 }),
      startLoad('p1b', { protocol: 'http', target: `${echo[0]}:80`, connections: 'new', rate: 0, concurrency: 4 }),
    ]);
    await Promise.all(loads.map((load) => load.more(100, isAttemptThroughEnvoy)));
    await lab.killEnvoy('node1', 'SIGKILL');
    const killedAt = now();
    await Promise.all(loads.map((load) => load.more(50, (attempt) => attempt.startedAt > killedAt)));
    await Promise.all(loads.map((load) => load.more(100, isAttemptThroughEnvoy)));
    const [tcp = [], http = []] = await Promise.all(loads.map((load) => load.stop()));
    // What was inside the killed process went with it; whatever began later did not.
    expect({ tcp: lostSince(tcp, killedAt), http: lostSince(http, killedAt) }).toEqual({ tcp: [], http: [] });
  });

  it('goes round an Envoy that hangs', async () => {
    await lab.killEnvoy('node1', 'SIGSTOP');
    await waitUntil(async () => (await lab.envoyState('node1')) === 'Hung', { what: 'the hang to be noticed' });
    const results = await lab.dial('p1a', 'tcp', echo[0], 9, 20);
    expect(podsIn(results)).toEqual(['p1a', 'p1b', 'p2a']);
    expect(isThroughKernel(results)).toBe(true);
    await lab.killEnvoy('node1', 'SIGCONT');
    await untilRedirected();
  });

  it('sends only what Envoy knows to it while the controller is away', async () => {
    await controller.kill('SIGKILL');
    await waitUntil(async () => (await lab.envoyState('node1')) === 'Alone', { what: 'the loss to be noticed' });
    await untilRedirected();
    const unknown = await lab.dial('p1a', 'tcp', '10.96.0.14', 9, 5);
    expect(podsIn(unknown)).toEqual(['p2a']);
    expect(isThroughKernel(unknown)).toBe(true);
  });
});

/** Attempts that began later and failed: how, when, and for how long they were tried, in milliseconds. */
function lostSince(attempts: readonly Attempt[], since: number): readonly string[] {
  const lost = attempts.filter(({ outcome, startedAt }) => outcome !== 'ok' && startedAt > since);
  return lost.map(({ outcome, detail, status, startedAt, endedAt }) => {
    const [after, took] = [startedAt - since, endedAt - startedAt].map(Math.round);
    return `${outcome} ${detail ?? status ?? ''} after ${after}, took ${took}`;
  });
}

/** Status codes of requests one after the other, a line each; 000 is no answer. */
function curlLoop(url: string, count: number): string {
  return `for i in $(seq ${count}); do curl -s -m 3 -o /dev/null -w '%{http_code}\\n' ${url} || true; sleep 0.02; done`;
}

function isThroughEnvoy(results: readonly DialResult[]): boolean {
  return results.every(
    (result) => 'echo' in result && (result.echo.clientPort >= leastEnvoyPort || isSelf(result.echo)),
  );
}

function isAttemptThroughEnvoy({ clientPort }: Attempt): boolean {
  return clientPort !== undefined && clientPort >= leastEnvoyPort;
}

function isThroughKernel(results: readonly DialResult[]): boolean {
  return results.every(
    (result) => 'echo' in result && (result.echo.clientPort < leastEnvoyPort || isSelf(result.echo)),
  );
}

/** A pod that reaches itself sees the node as its client, with any port, on either path. */
function isSelf({ clientAddress }: Echo): boolean {
  return !clientAddress.startsWith('10.244.') && !clientAddress.startsWith('fd00:244:');
}

function podsIn(results: readonly DialResult[]): readonly string[] {
  return [...new Set(results.map((result) => ('echo' in result ? result.echo.pod : result.error)))].sort();
}

function clientsIn(results: readonly DialResult[]): readonly string[] {
  return [...new Set(results.map((result) => ('echo' in result ? result.echo.clientAddress : result.error)))].sort();
}
