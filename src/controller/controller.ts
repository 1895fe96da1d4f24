import type { Logger } from 'pino';
import { formatHostPort, type HostPort } from '../base/host-port.ts';
import { type HttpRoutes, HttpServer } from '../base/http-server.ts';
import { type Blockers, readyz } from '../base/readiness.ts';
import type { EventWriter } from '../kubernetes/api/event-writer.ts';
import type { Source } from '../kubernetes/source.ts';
import { listenError } from '../model/errors.ts';
import { ModelStore, type ModelUpdate } from '../model/model.ts';
import { grpcResolver } from '../translate/grpc.ts';
import { viewPace } from '../xds/cache/pace.ts';
import { ResourceCache } from '../xds/cache/resource-cache.ts';
import type { AdsEvents } from '../xds/server/ads-events.ts';
import { AdsServer } from '../xds/server/ads-server.ts';
import { clientViewOf } from './client-view.ts';
import { type ControllerMetrics, createMetrics, setSourceMetrics } from './metrics.ts';
import { type ControllerInput, type ControllerOptions, resolveOptions } from './options.ts';
import { Pipeline } from './pipeline.ts';
import { ProblemRegistry } from './problem-registry.ts';
import { reportHandler } from './report-events.ts';
import { servicePaths } from './service-routes.ts';
import { createEvents, createSource } from './sources.ts';
import { resourcesOfNode, statusPage } from './status-routes.ts';
import { warmUp } from './warm-up.ts';
import { adsEventsOf, setServerMetrics } from './xds-metrics.ts';

const conditions = ['source', 'warm-up', 'ads-server'];

/** source → model → translate → xds, with health, metrics and dumps beside it. */
export class Controller {
  readonly model = new ModelStore();
  readonly cache: ResourceCache;
  readonly ads: AdsServer;
  readonly metrics: ControllerMetrics = createMetrics();
  readonly problems: ProblemRegistry;
  readonly #options: ControllerOptions;
  readonly #logger: Logger;
  readonly #source: Source;
  /** Of what agents report; undefined without an API server. */
  readonly #eventWriter: EventWriter | undefined;
  readonly #pipeline: Pipeline;
  readonly #admin: HttpServer;
  readonly #stopped = new AbortController();
  #phase: 'Listing' | 'WarmingUp' | 'Binding' | 'Serving' | 'Stopped' = 'Listing';

  private constructor(
    options: ControllerOptions,
    source: Source,
    eventWriter: EventWriter | undefined,
    logger: Logger,
  ) {
    this.#eventWriter = eventWriter;
    this.#options = options;
    this.#logger = logger;
    this.#source = source;
    this.problems = new ProblemRegistry(logger);
    this.cache = new ResourceCache({
      pace: viewPace,
      resolve: grpcResolver(this.model),
      onSubscriberError: (name, error) => {
        this.metrics.exceptions.inc();
        logger.error({ ...name, error }, 'Could not tell a stream of a change');
      },
      onBuildError: ({ typeUrl, name }, error) => logger.error({ typeUrl, name, error }, 'Could not build a resource'),
    });
    this.ads = new AdsServer({
      cache: this.cache,
      viewOf: (client) => clientViewOf(this.model.nodes, client),
      logger,
      limits: options.limits,
      identifier: 'fairlead',
      events: { ...adsEventsOf(this.metrics), ...this.#reportEvents() },
    });
    this.#pipeline = new Pipeline({
      model: this.model,
      settings: options.settings,
      sink: this.cache,
      // Not `Service KEY`: under that name the API source tells what is wrong with the object itself.
      onProblems: (owner, problems) => this.problems.replace(`translate/${owner}`, problems),
      onError: (owner, error) => logger.error({ unit: owner, error }, 'Could not translate a unit'),
    });
    this.#admin = new HttpServer(this.#routes(), logger);
  }

  /** @throws FairleadError when the options or the source's configuration are wrong */
  static async create(input: ControllerInput): Promise<Controller> {
    const options = resolveOptions(input);
    const source = await createSource(options.source, options.ignoredKinds, input.logger);
    return new Controller(options, source, await createEvents(options.source, input.logger), input.logger);
  }

  /**
   * Resolves with the bound addresses once the first complete list is translated, what every client gets is built, and ADS
   * is served: a client that came earlier would take a partial list for the whole.
   * @throws when it is stopped before that
   */
  async start(): Promise<{ readonly xds: HostPort; readonly admin: HostPort }> {
    try {
      return await this.#start();
    } catch (error) {
      // The source and the admin server would keep the process alive.
      if (!this.#stopped.signal.aborted) await this.stop();
      throw error;
    }
  }

  async #start(): Promise<{ readonly xds: HostPort; readonly admin: HostPort }> {
    const admin = await this.#admin.listen(this.#options.admin).catch((error: NodeJS.ErrnoException) => {
      throw listenError(error, formatHostPort(this.#options.admin));
    });
    this.#logger.info({ address: formatHostPort(admin) }, 'Started to serve health, metrics and dumps');
    await new Promise<void>((resolve) => {
      this.#source.start({
        update: (updates) => this.#update(updates),
        problems: (origin, problems) => this.problems.replace(origin, problems),
        synced: resolve,
      });
    });
    const { services, nodes, revision } = this.model;
    this.#logger.info({ services: services.size, nodes: nodes.size, revision }, 'Listed everything for the first time');
    await this.#warmUp();
    // Behind it the source is stopped: clients would be told of a cluster as it was, until the process is killed.
    this.#stopped.signal.throwIfAborted();
    const xds = await this.#serve(this.#options.xds);
    this.#phase = 'Serving';
    return { xds, admin };
  }

  /** Ends streams gracefully; Envoys and agents keep what they have. */
  async stop(): Promise<void> {
    this.#phase = 'Stopped';
    this.#stopped.abort(new Error('The controller was stopped before it was ready'));
    await this.#source.stop();
    await this.#eventWriter?.stop();
    this.#pipeline.close();
    await this.ads.close();
    await this.#admin.close();
  }

  #reportEvents(): Pick<AdsEvents, 'reported'> {
    const writer = this.#eventWriter;
    return writer === undefined ? {} : { reported: reportHandler((event) => writer.write(event), this.#logger) };
  }

  async #warmUp(): Promise<void> {
    this.#phase = 'WarmingUp';
    const { isComplete, ...counts } = await warmUp(this.cache, this.#options.warmUpBytes, this.#stopped.signal);
    const rest = isComplete ? '' : '; the rest is built when it is asked for (warmUpBytes)';
    this.#logger.info(counts, `Built what every client gets${rest}`);
    this.#phase = 'Binding';
  }

  async #serve(address: HostPort): Promise<HostPort> {
    try {
      const { port } = await this.ads.listen(formatHostPort(address));
      return { ...address, port };
    } catch (error) {
      // grpc-js reports the socket's error only in its text.
      const { message } = error as Error;
      throw listenError({ message, code: /\bE[A-Z]+\b/.exec(message)?.[0] ?? '' }, formatHostPort(address));
    }
  }

  #update(updates: readonly ModelUpdate[]): void {
    const { ignoredKinds } = this.#options;
    const change = this.model.apply(updates.filter(({ kind }) => !ignoredKinds.has(kind)));
    if (change === undefined) return;
    const end = this.metrics.translateSeconds.startTimer();
    this.#pipeline.apply(change);
    end();
    const { revision, changed } = change;
    this.#logger.debug(
      { revision, services: changed.Service.size, endpoints: changed.slicesOf.size, nodes: changed.Node.size },
      'Translated a change',
    );
  }

  #blockers(): Blockers {
    const awaited = this.#source.blockers();
    const phase = this.#phase;
    return {
      ...(awaited.length > 0 ? { source: `waiting for ${awaited.join(', ')}` } : {}),
      ...(phase === 'Listing' ? { 'warm-up': 'not started' } : {}),
      ...(phase === 'WarmingUp' ? { 'warm-up': 'in progress' } : {}),
      ...(phase === 'Serving' ? {} : { 'ads-server': phase === 'Stopped' ? 'stopped' : 'not started' }),
    };
  }

  #routes(): HttpRoutes {
    return {
      '/healthz': () => ({ status: 200, text: 'ok\n' }),
      '/readyz': (query) => readyz(conditions, this.#blockers(), query),
      '/metrics': () => this.#metricsText(),
      '/status': (query) => statusPage(this.ads, this.#status(), query),
      '/debug/resources': (query) => resourcesOfNode(this.ads, query),
      '/debug/services': (query) => servicePaths(this.model, this.#options.settings, query),
      '/debug/problems': () => ({ status: 200, json: this.problems.all() }),
    };
  }

  async #metricsText() {
    const { metrics } = this;
    metrics.revision.set(this.model.revision);
    metrics.services.set(this.model.services.size);
    metrics.nodes.set(this.model.nodes.size);
    metrics.problems.set(this.problems.size);
    metrics.eventsDropped.set(this.#eventWriter?.dropped ?? 0);
    setServerMetrics(metrics, this.ads.totals());
    setSourceMetrics(metrics, this.#source.stats?.() ?? new Map());
    return { status: 200, text: await metrics.registry.metrics(), contentType: metrics.registry.contentType };
  }

  #status() {
    const { services, nodes, revision } = this.model;
    const blockers = Object.keys(this.#blockers());
    const awaited = this.#source.blockers();
    return {
      ready: blockers.length === 0,
      blockers: awaited.length > 0 ? awaited : blockers,
      model: { revision, services: services.size, nodes: nodes.size },
      problems: this.problems.size,
      totals: this.ads.totals(),
    };
  }
}
