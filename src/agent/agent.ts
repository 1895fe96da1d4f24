import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Logger } from 'pino';
import { formatHostPort, type HostPort } from '../base/host-port.ts';
import { HttpServer } from '../base/http-server.ts';
import { type Blockers, readyz } from '../base/readiness.ts';
import { FairleadError, listenError } from '../model/errors.ts';
import type { IpFamily } from '../model/service.ts';
import { NftCommand } from '../nftables/runner.ts';
import type { AgentOptions } from './config/options.ts';
import { bootstrapYaml } from './envoy/bootstrap.ts';
import { EnvoyAdmin } from './envoy/envoy-admin.ts';
import { EnvoyProcess } from './envoy/envoy-process.ts';
import { EnvoyWatch } from './envoy/envoy-watch.ts';
import { hasDrifted, tableHandles } from './kernel/drift-check.ts';
import { FamilyTable } from './kernel/family-table.ts';
import { KernelSync } from './kernel/kernel-sync.ts';
import { type NodeTableOptions, type PodDetector, tableName } from './kernel/node-table.ts';
import { checkNft, familiesOfKernel } from './kernel/preflight.ts';
import { RedirectTables } from './kernel/redirect-tables.ts';
import { ensureRouting, ip } from './kernel/routing.ts';
import { kernelSysctls, prepareSysctls } from './kernel/sysctls.ts';
import { AgentMetrics } from './metrics.ts';
import { podDetectorOf } from './node/pod-detector.ts';
import { checkEnvoy, checkIp } from './tools.ts';
import { AdsClient } from './xds/ads-client.ts';
import { type Families, ViewSink } from './xds/view-sink.ts';

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
  readonly #health: HttpServer;
  #driftTimer: NodeJS.Timeout | undefined;
  /** Of the tables, at the last check since they were created. */
  #handles: readonly string[] | undefined;

  constructor(options: AgentOptions, version: string, logger: Logger) {
    this.#options = options;
    this.#logger = logger;
    this.#families = familiesOf(options);
    this.#views = new ViewSink(this.#families, logger);
    this.#kernel = this.#createKernel();
    const redirect = new RedirectTables(this.#tables, this.#kernel);
    const admin = new EnvoyAdmin(options.envoyAdmin);
    this.#watch = new EnvoyWatch(admin, redirect, logger);
    this.#ads = this.#createAdsClient(version);
    this.#envoy = this.#createEnvoy();
    this.#metrics = new AgentMetrics({
      elements: () => this.#tables.reduce((sum, table) => sum + table.elementCount, 0),
      unprogrammed: (kind) => this.#views.unprogrammed(kind),
      services: () => this.#ads.views.size,
      connected: () => this.#ads.connection.kind === 'Connected',
      envoy: () => this.#watch.state.kind,
      missingScopes: () => redirect.missingScopes(),
    });
    this.#health = this.#createHealthServer();
  }

  /** @throws FairleadError when the node cannot be programmed */
  async start(): Promise<{ readonly health: HostPort }> {
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
    await checkNft(this.#nft, this.#tables.map((table) => table.fullTransaction().toText()).join(''));
    await checkIp();
    if (this.#options.envoy !== undefined) await checkEnvoy(this.#options.envoy.path);
  }

  async #start(): Promise<{ readonly health: HostPort }> {
    const { marks, routeTable, healthAddress } = this.#options;
    const health = await this.#health.listen(healthAddress).catch((error: NodeJS.ErrnoException) => {
      throw listenError(error, formatHostPort(healthAddress));
    });
    this.#writeBootstrap();
    const families = presentFamilies();
    // Forwarding of a family that pods do not have may be off for a reason: IPv6 hosts that forward ignore router advertisements.
    prepareSysctls(
      kernelSysctls,
      families.filter((family) => hasPods(podDetectorOf(this.#options.detector, family, []))),
      this.#logger,
    );
    for (const family of families) await ensureRouting(ip, family, marks, routeTable);
    this.#envoy?.start();
    this.#watch.start();
    this.#ads.start();
    this.#driftTimer = setInterval(() => void this.#checkDrift(), driftCheckMs);
    this.#logger.info({ node: this.#options.nodeName, families, health }, 'Started the agent');
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
    await this.#health.close();
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
        if (full) this.#handles = undefined;
      },
      failed: () => this.#metrics.syncFailures.inc(),
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
          return rejected;
        },
        effective: (complete) => this.#program(complete),
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
    const heap = maxHeapBytes === undefined ? {} : { maxHeapBytes };
    try {
      mkdirSync(dirname(bootstrap), { recursive: true });
      writeFileSync(bootstrap, bootstrapYaml({ nodeName, zone, admin: envoyAdmin, controllers, ...heap }));
    } catch (error) {
      throw new FairleadError('INPUT_INVALID', `--bootstrap: ${(error as Error).message}`, { cause: error });
    }
    this.#logger.info({ bootstrap }, "Wrote Envoy's bootstrap");
  }

  /** Detects that another program deleted or replaced the tables or the routing, and restores them. */
  async #checkDrift(): Promise<void> {
    if (this.#kernel.state.kind !== 'Following') return;
    try {
      const before = this.#handles;
      const now = await tableHandles(this.#nft, tableName);
      const { marks, routeTable } = this.#options;
      for (const family of presentFamilies()) await ensureRouting(ip, family, marks, routeTable);
      // A full transaction may have been committed meanwhile; the next check will tell.
      if (this.#handles !== before) return;
      this.#handles = now;
      if (!hasDrifted(before, now, this.#tables.length)) return;
      this.#logger.warn({ before, now }, 'Found that another program had changed the tables');
      this.#handles = undefined;
      this.#kernel.invalidate('another program changed the tables');
      await this.#kernel.flush();
    } catch (error) {
      this.#logger.error({ error }, 'Could not check the tables for changes');
    }
  }

  #createHealthServer(): HttpServer {
    const { registry } = this.#metrics;
    const routes = {
      '/healthz': () => ({ status: 200, text: 'ok\n' }),
      '/readyz': (query: URLSearchParams) => readyz(conditions, this.#blockers(), query),
      '/metrics': async () => ({ status: 200, text: await registry.metrics(), contentType: registry.contentType }),
    };
    return new HttpServer(routes, this.#logger);
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
      ? new FamilyTable({ family: nftFamily, pods: podDetectorOf(detector, family, []), marks, listeners })
      : undefined;
  return { IPv4: table('IPv4', 'ip'), IPv6: table('IPv6', 'ip6') };
}

function hasPods({ cidrs, interfacePrefix, interfaceName }: PodDetector): boolean {
  return cidrs.length > 0 || interfacePrefix !== undefined || interfaceName !== undefined;
}
