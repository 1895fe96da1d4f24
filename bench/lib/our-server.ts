import pino from 'pino';
import { createMetrics } from '../../src/controller/metrics.ts';
import { Pipeline } from '../../src/controller/pipeline.ts';
import { warmUp } from '../../src/controller/warm-up.ts';
import { adsEventsOf } from '../../src/controller/xds-metrics.ts';
import { ModelStore, type ModelUpdate } from '../../src/model/model.ts';
import { grpcResolver } from '../../src/translate/grpc.ts';
import { defaultSettings } from '../../src/translate/settings.ts';
import { viewPace } from '../../src/xds/cache/pace.ts';
import { ResourceCache } from '../../src/xds/cache/resource-cache.ts';
import type { AdsEvents } from '../../src/xds/server/ads-events.ts';
import { AdsServer } from '../../src/xds/server/ads-server.ts';
import { defaultLimits, type Limits } from '../../src/xds/server/limits.ts';

/** All clients of a benchmark have one address. */
const onLoopback: Limits = {
  ...defaultLimits,
  streamsPerPeer: defaultLimits.streams,
  connectionsPerPeer: defaultLimits.connections,
  admissionsPerPeer: defaultLimits.admissions,
  receivingBytesPerPeer: defaultLimits.receivingBytes,
  sendingBytesPerPeer: defaultLimits.sendingBytes,
  namesBytesPerPeer: defaultLimits.namesBytes,
};

/** The default of a controller's configuration. */
const warmUpBytes = 64 * 2 ** 20;

/** The controller without its source and its admin server: objects come from the benchmark itself. */
export class OurServer {
  readonly #model = new ModelStore();
  readonly #cache = new ResourceCache({ resolve: grpcResolver(this.#model), pace: viewPace });
  readonly #ads: AdsServer;
  readonly #pipeline: Pipeline;

  constructor(watch: AdsEvents = {}) {
    const metrics = adsEventsOf(createMetrics());
    this.#ads = new AdsServer({
      cache: this.#cache,
      viewOf: (node) => ({ nodeName: node.id, zone: '' }),
      logger: pino({ level: 'warn' }, pino.destination(2)),
      limits: onLoopback,
      identifier: 'fairlead',
      events: both(metrics, watch),
    });
    this.#pipeline = new Pipeline({
      model: this.#model,
      settings: defaultSettings,
      sink: this.#cache,
      onProblems: () => undefined,
    });
  }

  update(updates: Iterable<ModelUpdate>): void {
    const change = this.#model.apply(updates);
    if (change !== undefined) this.#pipeline.apply(change);
  }

  /** Warm, as a controller is before it is ready. */
  async listen(): Promise<string> {
    await warmUp(this.#cache, warmUpBytes);
    const { port } = await this.#ads.listen('127.0.0.1:0');
    return `127.0.0.1:${port}`;
  }

  /** Resolves when nothing is left to send and everything sent was acknowledged. */
  settled(): Promise<void> {
    return this.#ads.settled();
  }

  close(): Promise<void> {
    return this.#ads.close();
  }
}

/** Two listeners as one: what the controller counts stays part of what is measured. */
export function both(first: AdsEvents, second: AdsEvents): AdsEvents {
  return {
    ...first,
    responseSent: (event) => {
      first.responseSent?.(event);
      second.responseSent?.(event);
    },
    acknowledged: (event) => {
      first.acknowledged?.(event);
      second.acknowledged?.(event);
    },
    rejected: (event) => {
      first.rejected?.(event);
      second.rejected?.(event);
    },
    streamOpened: (stream) => {
      first.streamOpened?.(stream);
      second.streamOpened?.(stream);
    },
  };
}
