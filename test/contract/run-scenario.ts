import { waitUntil } from '../testbed/wait.ts';
import { connectionsFor, endpointsToMeet, judge, judgeFetch } from './expectation.ts';
import type { Fetched, Outcome, Place } from './host/protocol.ts';
import type { LiveService } from './lab/cluster.ts';
import type { ContractLab } from './lab/contract-lab.ts';
import { type Family, families, type HostName, type NodeName, nodeNames } from './lab/plan.ts';
import type { ServiceProxy } from './lab/service-proxy.ts';
import { placeOf, urlOf } from './places.ts';
import type { Change, Expectation, FetchExpectation, FetchTarget, Probe, Scenario, Target } from './scenario.ts';

/** A verdict of silence takes this long. */
const silenceMs = 1_000;
const answerMs = 5_000;
const eventuallyMs = 10_000;

/** Carries out one scenario on the proxy of a lab and gives what was not as it should be. */
export class ScenarioRun {
  readonly #lab: ContractLab;
  readonly #proxy: ServiceProxy;
  readonly #scenario: Scenario;
  readonly #prefix: string;
  readonly #services = new Map<string, LiveService>();
  /** As they were before they were last patched or deleted. */
  readonly #former = new Map<string, LiveService>();
  readonly #stopped = new Set<NodeName>();
  /** Who answered a group of sticky probes first. */
  readonly #sticky = new Map<string, string>();
  readonly #findings: string[] = [];

  constructor(lab: ContractLab, proxy: ServiceProxy, scenario: Scenario, prefix: string) {
    this.#lab = lab;
    this.#proxy = proxy;
    this.#scenario = scenario;
    this.#prefix = prefix;
  }

  /** @param atMost with so many findings the rest is not looked at */
  async findings(atMost: number): Promise<readonly string[]> {
    for (const [name, spec] of Object.entries(this.#scenario.services)) {
      await this.#change({ kind: 'Create', service: name, spec });
    }
    for (const { changes = [], probes } of this.#scenario.steps) {
      for (const change of changes) await this.#change(change);
      await this.#settle();
      for (const probe of probes) {
        await this.#probe(probe);
        if (this.#findings.length >= atMost) return this.#findings;
      }
    }
    return this.#findings;
  }

  async #change(change: Change): Promise<void> {
    const { cluster } = this.#lab;
    switch (change.kind) {
      case 'Create':
        this.#services.set(change.service, await cluster.create(`${this.#prefix}-${change.service}`, change.spec));
        return;
      case 'SetEndpoints':
        return cluster.setEndpoints(this.#service(change.service), change.endpoints, change.ports);
      case 'Patch':
        return this.#patch(change.service, change.patch);
      case 'Delete':
        this.#former.set(change.service, this.#service(change.service));
        return cluster.delete(this.#service(change.service));
      case 'PatchNode':
        return cluster.patchNode(change.node, change.patch);
      case 'StopProxy':
        this.#stopped.add(change.node);
        return this.#proxy.stopNode(change.node);
      case 'RestartProxy':
        await this.#proxy.stopNode(change.node);
        await this.#proxy.startNode(change.node, change.flags);
        this.#stopped.delete(change.node);
    }
  }

  async #patch(name: string, patch: object): Promise<void> {
    const former = this.#service(name);
    this.#former.set(name, former);
    this.#services.set(name, await this.#lab.cluster.patch(former, patch));
  }

  /** Waits until all that was changed is in effect on the nodes whose proxy runs. */
  #settle(): Promise<void> {
    const nodes = nodeNames.filter((node) => !this.#stopped.has(node));
    return this.#lab.settle(nodes, this.#proxy.isThroughProxy);
  }

  async #probe(probe: Probe): Promise<void> {
    switch (probe.kind) {
      case 'Connect':
        for (const family of probe.families ?? families) {
          for (const protocol of probe.protocols) await this.#connect(probe, family, protocol);
        }
        return;
      case 'Open':
        for (const family of families) await this.#open(probe, family);
        return;
      case 'Send':
        for (const family of families) await this.#send(probe, family);
        return;
      case 'Fetch':
        for (const family of families) await this.#fetch(probe, family);
        return;
      case 'Sysctl':
        return this.#sysctl(probe);
    }
  }

  async #connect(probe: Extract<Probe, { kind: 'Connect' }>, family: Family, protocol: Place['protocol']) {
    const { from, to, expect } = probe;
    const place = placeOf(to, family, protocol, this.#servicesOf(to));
    const what = `${family} ${protocol} ${from} -> ${to.kind} ${place?.address} port ${place?.port}`;
    if (place === undefined) return this.#find(`${what}: there is no such address`);
    const look = async () => this.#judge(expect, await this.#dial(probe, place), from, family);
    await this.#expect(what, probe.isEventual === true, look);
  }

  #dial({ from, expect, pauseMs }: Extract<Probe, { kind: 'Connect' }>, to: Place): Promise<readonly Outcome[]> {
    const pause = pauseMs === undefined ? {} : { pauseMs };
    const order = { to, count: connectionsFor(expect), meet: endpointsToMeet(expect), timeoutMs: timeoutFor(expect) };
    return this.#lab.host(from).outcomes({ kind: 'Dial', ...order, ...pause });
  }

  #judge(expect: Expectation, outcomes: readonly Outcome[], host: HostName, family: Family): string | undefined {
    const wrong = judge(expect, outcomes, { host, family });
    if (wrong !== undefined || expect.kind !== 'Sticky' || expect.group === undefined) return wrong;
    const last = outcomes.at(-1);
    const by = last?.kind === 'Answered' ? last.by : '';
    const group = `${expect.group} ${family}`;
    const first = this.#sticky.get(group) ?? by;
    this.#sticky.set(group, first);
    return first === by ? undefined : `expected ${first}, as before, was ${by}`;
  }

  async #open(probe: Extract<Probe, { kind: 'Open' }>, family: Family): Promise<void> {
    const to = placeOf(probe.to, family, probe.protocol, this.#services);
    if (to === undefined) return this.#find(`${family}: no address for session ${probe.session}`);
    const session = this.#sessionOf(probe.session, family);
    await this.#lab.host(probe.from).outcomes({ kind: 'Open', session, to });
  }

  async #send(probe: Extract<Probe, { kind: 'Send' }>, family: Family): Promise<void> {
    const { from, expect } = probe;
    const session = this.#sessionOf(probe.session, family);
    const order = { kind: 'Send', session, timeoutMs: timeoutFor(expect) } as const;
    const look = async () => this.#judge(expect, [await this.#lab.host(from).outcome(order)], from, family);
    await this.#expect(`${family} ${from} on the open flow ${probe.session}`, probe.isEventual === true, look);
  }

  async #fetch({ from, at, path, expect }: Extract<Probe, { kind: 'Fetch' }>, family: Family): Promise<void> {
    const url = urlOf(at, family, path, this.#servicesOf(at));
    if (url === undefined) return this.#find(`${family}: no address for ${at.kind}${path}`);
    const fetched = (): Promise<Fetched | undefined> =>
      this.#lab
        .host(from)
        .fetch(url, silenceMs)
        .catch(() => undefined);
    await this.#expect(`${from} -> ${url}`, true, async () => judgeFetch(this.#named(expect, at), await fetched()));
  }

  async #sysctl({ node, key, value }: Extract<Probe, { kind: 'Sysctl' }>): Promise<void> {
    const was = (await this.#lab.run(node, 'sysctl', '-n', key)).trim();
    if (was !== value) this.#find(`${key} of ${node}: expected ${value}, was ${was}`);
  }

  /** Looks once, or until nothing is wrong. */
  async #expect(what: string, isEventual: boolean, look: () => Promise<string | undefined>): Promise<void> {
    let wrong = await look();
    if (wrong !== undefined && isEventual) {
      const holds = async () => {
        wrong = await look();
        return wrong === undefined;
      };
      await waitUntil(holds, { what, withinMs: eventuallyMs, everyMs: 50 }).catch(() => {});
    }
    if (wrong !== undefined) this.#find(`${what}: ${wrong}`);
  }

  #service(name: string): LiveService {
    const service = this.#services.get(name);
    if (service === undefined) throw new Error(`${this.#scenario.name}: there is no Service ${name}`);
    return service;
  }

  #servicesOf(target: Target | FetchTarget): ReadonlyMap<string, LiveService> {
    return 'isFormer' in target && target.isFormer ? this.#former : this.#services;
  }

  #sessionOf(session: string, family: Family): string {
    return `${this.#prefix}-${session}-${family}`;
  }

  #named(expect: FetchExpectation, at: FetchTarget): FetchExpectation {
    if (expect.kind === 'Unreachable' || expect.body === undefined || at.kind !== 'HealthCheckNodePort') return expect;
    const { name } = this.#service(at.service);
    return { ...expect, body: expect.body.replace('SERVICE', name) };
  }

  #find(finding: string): void {
    this.#findings.push(finding);
  }
}

function timeoutFor({ kind }: Expectation): number {
  return kind === 'TimedOut' || kind === 'NotAnswered' ? silenceMs : answerMs;
}
