import type { Acknowledged, AdsEvents, ResponseSent, StreamRef } from '../../src/xds/server/ads-events.ts';
import { percentile } from './statistics.ts';

/** Milliseconds from the oldest change in a response to its acknowledgement, over all responses of a type. */
export interface AckTimes {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** Times from an event to its acknowledgement, as the server sees them. */
export class AckTimer {
  readonly #sent = new WeakMap<StreamRef, Map<string, number>>();
  readonly #times = new Map<string, number[]>();

  /** To be given to the ADS server. */
  readonly events: AdsEvents = {
    responseSent: (event) => this.#wasSent(event),
    acknowledged: (event) => this.#wasAcknowledged(event),
  };

  clear(): void {
    this.#times.clear();
  }

  of(typeUrl: string): AckTimes {
    const times = this.#times.get(typeUrl) ?? [];
    if (times.length === 0) return { count: 0, p50: Number.NaN, p99: Number.NaN, max: Number.NaN };
    const max = times.reduce((most, time) => Math.max(most, time), 0);
    return { count: times.length, p50: percentile(times, 50), p99: percentile(times, 99), max };
  }

  #wasSent({ stream, typeUrl, latencyMs, resources }: ResponseSent): void {
    const ofStream = this.#sent.get(stream) ?? new Map<string, number>();
    this.#sent.set(stream, ofStream);
    if (resources > 0) ofStream.set(typeUrl, latencyMs);
    else ofStream.delete(typeUrl);
  }

  #wasAcknowledged({ stream, typeUrl, latencyMs }: Acknowledged): void {
    const untilWrite = this.#sent.get(stream)?.get(typeUrl);
    if (untilWrite === undefined) return;
    const times = this.#times.get(typeUrl);
    if (times === undefined) this.#times.set(typeUrl, [untilWrite + latencyMs]);
    else times.push(untilWrite + latencyMs);
  }
}
