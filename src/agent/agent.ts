import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Logger } from 'pino';
import type { HostPort } from '../base/host-port.ts';
import type { Blockers } from '../base/readiness.ts';
import { familyOf } from '../model/address.ts';
import { FairleadError } from '../model/errors.ts';
import type { Report } from '../model/report-reasons.ts';
import type { IpFamily } from '../model/service.ts';
import { NftCommand } from '../nftables/runner.ts';
import type { AgentOptions } from './config/options.ts';
import { configurationObject } from './config/write-configuration.ts';
import { OperatorServers } from './endpoints/operator-servers.ts';
import { ProgrammingTimes } from './endpoints/programming-times.ts';
import { ProxyHealth } from './endpoints/proxy-health.ts';
import { ServiceHealth } from './endpoints/service-health.ts';
import { ViewObserver } from './endpoints/view-observer.ts';
import { bootstrapYaml } from './envoy/bootstrap.ts';
import { maxConnections, openFilesLimit } from './envoy/connection-limit.ts';
import { EnvoyAdmin } from './envoy/envoy-admin.ts';
import { EnvoyProcess } from './envoy/envoy-process.ts';
import { EnvoyWatch } from './envoy/envoy-watch.ts';
import { ConntrackCommand } from './kernel/conntrack.ts';
import { hasDrifted, tableSignatures } from './kernel/drift-check.ts';
import type { Families } from './kernel/families.ts';
import { FamilyTable } from './kernel/family-table.ts';
import { KernelSync, textOf } from './kernel/kernel-sync.ts';
import { checkNft, familiesOfKernel } from './kernel/preflight.ts';
import { type NodePreparation, prepareNode } from './kernel/prepare-node.ts';
import { RedirectTables } from './kernel/redirect-tables.ts';
import { ensureRouting, ip } from './kernel/routing.ts';
import { affinityTableName, type NodeTableOptions, tableName } from './kernel/table-options.ts';
import { UdpCleanup } from './kernel/udp-cleanup.ts';
import { UdpFlows } from './kernel/udp-flows.ts';
import { AgentMetrics, type MetricsSource } from './metrics.ts';
import { AddressWatch } from './node/local-addresses.ts';
import { type NodeFacts, NodeState } from './node/node-state.ts';
import { mayHavePods, podDetectorOf } from './node/pod-detector.ts';
import { checkEnvoy, checkIp, runTool } from './tools.ts';
import { AdsClient, type RawNode } from './xds/ads-client.ts';
import { MalformedViewError } from './xds/malformed-view.ts';
import { decodeNodeView } from './xds/read-node-view.ts';
import { ViewSink } from './xds/view-sink.ts';

/** How often the kernel is asked whether the tables are still the agent's. */
const driftCheckMs = 5_000;

const conditions = ['controller-list', 'kernel'];

/** The agent of one node. */
export class NodeAgent {
  readonly #options: AgentOptions;
  readonly #logger: Logger;
  readonly #nft = new NftCommand();
  readonly #families: Families;
  readonly #views: ViewSink;
  readonly #kernel: KernelSync;
  readonly #ads: AdsClient;
  readonly #watch: EnvoyWatch;
  readonly #envoy: EnvoyProcess | undefined;
  readonly #metrics: AgentMetrics;
  readonly #health: ProxyHealth;
  readonly #servers: OperatorServers;
  readonly #checks: ServiceHealth;
  readonly #observer: ViewObserver;
  readonly #times: ProgrammingTimes;
  readonly #udpFlows = new UdpFlows();
  readonly #udpCleanup: UdpCleanup;
  readonly #node: NodeState;
  readonly #addresses: AddressWatch;
  #driftTimer: NodeJS.Timeout | undefined;
  /** Of the tables, at the last check since they were created. */
  #signatures: readonly string[] | undefined;

  constructor(options: AgentOptions, version: string, logger: Logger) {
    this.#options = options;
    this.#logger = logger;
    this.#families = familiesOf(options);
    this.#health = new ProxyHealth(presentFamilies(), options.healthTimeoutMs);
    this.#checks = this.#createChecks();
    this.#observer = new ViewObserver(Date.now(), (service, check) => this.#checks.set(service, check));
    this.#views = new ViewSink(this.#families, logger, (view) => {
      this.#observer.put(view);
      this.#udpFlows.put(view);
    });
    this.#node = new NodeState(options, (facts) => this.#nodeChanged(facts));
    this.#addresses = new AddressWatch((local) => this.#node.setLocal(local), logger);
    this.#kernel = this.#createKernel();
    const redirect = new RedirectTables(this.#tables, this.#kernel, new ConntrackCommand(options.marks, logger));
    const admin = new EnvoyAdmin(options.envoyAdmin);
    this.#watch = new EnvoyWatch(admin, redirect, logger);
    this.#ads = this.#createAdsClient(version);
    this.#envoy = this.#createEnvoy();
    this.#times = this.#createTimes(admin);
    this.#udpCleanup = this.#createUdpCleanup();
    this.#metrics = new AgentMetrics(this.#metricsSource(redirect), presentFamilies());
    this.#servers = this.#createServers();
  }

  #metricsSource(redirect: RedirectTables): MetricsSource {
    return {
      elements: () => this.#tables.reduce((sum, table) => sum + table.elementCount, 0),
      services: () => this.#ads.views.size,
      connected: () => this.#ads.connection.kind === 'Connected',
      envoy: () => this.#watch.state.kind,
      missingScopes: () => redirect.missingScopes(),
      refused: () => this.#kernel.refusedCount,
      failedHealthPorts: () => this.#checks.failed,
      withoutLocal: (policy, family) => this.#observer.withoutLocal(policy, family),
    };
  }

  /** Tells operators, through the controller, as an Event of the Service or the node. */
  report(report: Report): void {
    this.#ads.report(report);
  }

  /** @throws FairleadError when the node cannot be programmed */
  async start(): Promise<{ readonly health: HostPort | undefined }> {
    try {
      await this.#checkTools();
      return await this.#start();
    } catch (error) {
      // What was started before would keep the process alive.
      await this.stop();
      throw error;
    }
  }

  async #checkTools(): Promise<void> {
    await checkNft(this.#nft, textOf(this.#tables.flatMap((table) => table.fullTransactions())));
    await checkIp();
    if (this.#options.envoy !== undefined) await checkEnvoy(this.#options.envoy.path);
  }

  async #start(): Promise<{ readonly health: HostPort | undefined }> {
    const { marks, routeTable } = this.#options;
    const { health, metrics } = await this.#servers.start();
    await this.#addresses.start();
    this.#writeBootstrap();
    const families = presentFamilies();
    await prepareNode(this.#nft, preparationOf(this.#options), this.#logger);
    for (const family of families) await ensureRouting(ip, family, marks, routeTable);
    this.#envoy?.start();
    this.#watch.start();
    this.#ads.start();
    this.#driftTimer = setInterval(() => void this.#checkDrift(), driftCheckMs);
    this.#logger.info({ node: this.#options.nodeName, families, health, metrics }, 'Started the agent');
    this.report({ reason: 'Starting', note: `Fairlead's agent started on node ${this.#options.nodeName}` });
    return { health };
  }

  /** An exception was not caught. */
  countException(): void {
    this.#metrics.exceptions.inc();
  }

  /** The kernel keeps its rules, so that Services keep working until the next agent takes over. */
  async stop(): Promise<void> {
    clearInterval(this.#driftTimer);
    this.#ads.stop();
    // First: the watch may wait for a commit, for as long as the kernel refuses it.
    await this.#kernel.stop();
    await this.#watch.stop();
    await this.#envoy?.stop();
    this.#times.stop();
    await this.#addresses.stop();
    this.#checks.close();
    await this.#servers.stop();
    this.#nft.close();
  }

  get #tables(): readonly FamilyTable[] {
    return [this.#families.IPv4, this.#families.IPv6].filter((table) => table !== undefined);
  }

  #createKernel(): KernelSync {
    return new KernelSync(this.#tables, this.#nft, this.#logger, {
      synced: ({ full, elements, durationMs }) => {
        this.#metrics.syncSeconds.observe({ kind: full ? 'full' : 'difference' }, durationMs / 1_000);
        this.#metrics.syncElements.inc(elements);
        this.#metrics.kubeProxy.synced({ full, durationMs });
        if (full) this.#signatures = undefined;
        // The first rules load the module of connection tracking, which has its settings only then.
        if (full) void prepareNode(this.#nft, preparationOf(this.#options), this.#logger);
      },
      failed: () => {
        this.#metrics.syncFailures.inc();
        this.#metrics.kubeProxy.failed();
      },
      refused: ({ service, family, reason }) => {
        const note = `The kernel of node ${this.#options.nodeName} refused its ${family === 'ip' ? 'IPv4' : 'IPv6'} addresses: ${reason}`;
        this.report({ reason: 'ObjectRefused', note, service });
      },
    });
  }

  #createAdsClient(version: string): AdsClient {
    const { controllers, controllerReturnMs, nodeName, zone } = this.#options;
    const options = {
      controllers,
      home: { spreadMs: controllerReturnMs },
      identity: { nodeName, zone, version },
    };
    return new AdsClient(
      options,
      {
        apply: (response) => {
          const rejected = this.#views.apply(response);
          this.#metrics.rejectedViews.inc(rejected.size);
          this.#health.queued();
          this.#metrics.kubeProxy.queued(this.#observer.takeCounts());
          return rejected;
        },
        effective: (complete) => this.#program(complete),
        node: (raw) => this.#takeNode(raw),
        // Envoy has the same controller, and may have lost it too.
        connectionChanged: () => this.#watch.recheck(),
      },
      this.#logger,
    );
  }

  async #program(complete: boolean): Promise<void> {
    if (complete) this.#kernel.start();
    await this.#kernel.flush();
    this.#watch.recheck();
    if (this.#kernel.state.kind !== 'Following') return;
    this.#health.updated();
    this.#metrics.kubeProxy.updated();
    this.#times.kernelApplied(this.#observer.takeChanges());
    void this.#udpCleanup.run();
  }

  #createUdpCleanup(): UdpCleanup {
    return new UdpCleanup({
      families: presentFamilies(),
      flows: this.#udpFlows,
      conntrack: (args) => runTool('conntrack', args),
      observe: (family, { durationMs, deleted }) => this.#metrics.kubeProxy.cleanedUp(family, durationMs, deleted),
      logger: this.#logger,
    });
  }

  /** @returns why the view was not taken */
  #takeNode(raw: RawNode | undefined): string | undefined {
    try {
      this.#node.setView(raw === undefined ? undefined : decodeNodeView(raw.name, raw.body));
      return undefined;
    } catch (error) {
      if (!(error instanceof MalformedViewError)) throw error;
      this.#logger.warn({ reason: error.message }, 'Rejected the NodeView from the controller');
      return error.message;
    }
  }

  #nodeChanged(facts: NodeFacts): void {
    const { addresses, isAll } = facts.nodePorts;
    this.#health.setNodeEligible(facts.isEligible);
    this.#checks.setAddresses(
      isAll ? { kind: 'All' } : { kind: 'Some', addresses: [...addresses.IPv4, ...addresses.IPv6] },
    );
    this.#programNode(facts);
    this.#logger.info({ nodePorts: addresses, eligible: facts.isEligible }, 'The node changed');
  }

  /** Nothing happens before the whole list of Services is known. */
  #programNode(facts: NodeFacts): void {
    for (const family of presentFamilies()) {
      const table = this.#families[family];
      const isOfFamily = (address: string) => familyOf(address) === family;
      const nodePorts = facts.nodePorts.addresses[family];
      table?.elements.setNodeAddresses({ primary: facts.primary[family], nodePorts });
      table?.setPodCidrs(facts.pods[family].cidrs);
      table?.setServiceCidrs(facts.serviceCidrs.filter(isOfFamily));
      table?.setKernelPathPods(facts.kernelPathPods.filter(isOfFamily));
    }
    void this.#kernel.flush();
  }

  #createChecks(): ServiceHealth {
    return new ServiceHealth({
      isHealthy: () => this.#health.isHealthy,
      onFailure: (service, port, reason) => {
        const note = `node ${this.#options.nodeName} failed to start healthcheck "${service}" on port ${port}: ${reason}`;
        this.report({ reason: 'FailedToStartServiceHealthcheck', note, service });
      },
      logger: this.#logger,
    });
  }

  #createTimes(admin: EnvoyAdmin): ProgrammingTimes {
    return new ProgrammingTimes({
      envoyTimes: (services) => admin.updateTimes(services),
      isEnvoyUsed: () => this.#watch.state.kind === 'Connected',
      observe: (family, ms) => this.#metrics.kubeProxy.programmed(family, ms),
      unconfirmed: () => this.#metrics.unconfirmed.inc(),
    });
  }

  #createEnvoy(): EnvoyProcess | undefined {
    const { envoy, bootstrap } = this.#options;
    if (envoy === undefined || bootstrap === undefined) return undefined;
    const { path, args, log, leave } = envoy;
    const onChange = () => this.#watch.recheck();
    return new EnvoyProcess({ envoy: path, bootstrap, args, logFile: log, leave, onChange }, this.#logger);
  }

  #writeBootstrap(): void {
    const { bootstrap, nodeName, zone, envoyAdmin, controllers, maxHeapBytes } = this.#options;
    if (bootstrap === undefined) return;
    const files = openFilesLimit();
    const limits = {
      ...(maxHeapBytes !== undefined && { maxHeapBytes }),
      ...(files !== undefined && { maxConnections: maxConnections(files) }),
    };
    try {
      mkdirSync(dirname(bootstrap), { recursive: true });
      writeFileSync(bootstrap, bootstrapYaml({ nodeName, zone, admin: envoyAdmin, controllers, ...limits }));
    } catch (error) {
      throw new FairleadError('INPUT_INVALID', `--bootstrap: ${(error as Error).message}`, { cause: error });
    }
    this.#logger.info({ bootstrap }, "Wrote Envoy's bootstrap");
  }

  /** Detects that another program deleted or replaced the tables or the routing, and restores them. */
  async #checkDrift(): Promise<void> {
    if (this.#kernel.state.kind !== 'Following') return;
    try {
      await this.#kernel.retryRefused();
      const before = this.#signatures;
      const now = await tableSignatures(this.#nft, [tableName, affinityTableName]);
      const { marks, routeTable } = this.#options;
      for (const family of presentFamilies()) await ensureRouting(ip, family, marks, routeTable);
      // A full transaction may have been committed meanwhile; the next check will tell.
      if (this.#signatures !== before) return;
      this.#signatures = now;
      if (!hasDrifted(before, now, 2 * this.#tables.length)) return;
      this.#logger.warn({ before, now }, 'Found that another program had changed the tables');
      this.#signatures = undefined;
      this.report({ reason: 'DriftRepaired', note: 'Another program had changed the tables; they were replaced' });
      this.#kernel.invalidate('another program changed the tables');
      await this.#kernel.flush();
    } catch (error) {
      this.#logger.error({ error }, 'Could not check the tables for changes');
    }
  }

  #createServers(): OperatorServers {
    const { healthAddress, metricsAddress, bindAddressHardFail: isRequired, values } = this.#options;
    return new OperatorServers(
      { healthAddress, metricsAddress, isRequired, configuration: configurationObject(values) },
      {
        health: this.#health,
        registry: this.#metrics.registry,
        counters: this.#metrics.kubeProxy,
        conditions,
        blockers: () => this.#blockers(),
        report: (reason, note) => this.report({ reason, note }),
      },
      this.#logger,
    );
  }

  #blockers(): Blockers {
    const blockers: Record<string, string> = {};
    const { state } = this.#kernel;
    if (!this.#ads.views.isComplete) blockers['controller-list'] = this.#controllerText();
    if (state.kind === 'Idle') blockers['kernel'] = 'nothing has been programmed yet';
    if (state.kind === 'Unknown') blockers['kernel'] = state.reason ?? 'the first transaction is in progress';
    return blockers;
  }

  #controllerText(): string {
    const { connection } = this.#ads;
    if (connection.kind === 'Waiting') return `${connection.controller}: ${connection.reason}`;
    return 'the list of Services is not complete yet';
  }
}

function presentFamilies(): readonly IpFamily[] {
  return familiesOfKernel();
}

function familiesOf(options: AgentOptions): Families {
  const { marks, listeners, detector } = options;
  const present = presentFamilies();
  const table = (family: IpFamily, nftFamily: NodeTableOptions['family']) =>
    present.includes(family)
      ? new FamilyTable({
          family: nftFamily,
          pods: podDetectorOf(detector, family, []),
          marks,
          listeners,
          masqueradeAll: options.masqueradeAll,
        })
      : undefined;
  return { IPv4: table('IPv4', 'ip'), IPv6: table('IPv6', 'ip6') };
}

/** Forwarding of a family that pods do not have may be off for a reason: IPv6 hosts that forward ignore router advertisements. */
function preparationOf({ detector, conntrack }: AgentOptions): NodePreparation {
  return { families: presentFamilies().filter((family) => mayHavePods(detector, family)), conntrack };
}

/**
 * Makes the kernel's settings and nothing else, for an init container with the rights for it.
 * @throws FairleadError when nft cannot be used
 */
export async function initializeNode(options: AgentOptions, logger: Logger): Promise<void> {
  const nft = new NftCommand();
  await checkNft(nft, '');
  await prepareNode(nft, preparationOf(options), logger);
  nft.close();
}
