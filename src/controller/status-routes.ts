import type { HttpAnswer } from '../base/http-server.ts';
import type { AdsServer } from '../xds/server/ads-server.ts';
import type { ServerTotals } from '../xds/server/server-totals.ts';
import type { StreamStatus } from '../xds/streams/stream-status.ts';

/** What `/status` answers. Totals come first, then a page of streams. */
export interface ControllerStatus {
  readonly ready: boolean;
  readonly blockers: readonly string[];
  readonly model: { readonly revision: number; readonly services: number; readonly nodes: number };
  /** Current problems in the inputs; `/debug/problems` has them. */
  readonly problems: number;
  readonly totals: ServerTotals;
  readonly streams: readonly StreamStatus[];
  /** `after` of the next page; null on the last. */
  readonly next: number | null;
}

type Head = Omit<ControllerStatus, 'streams' | 'next'>;

const pageSize = { usual: 100, most: 1_000 };

/** `?limit=` streams `?after=` an id, of `?node=` or of all. They are looked at as the answer is written. */
export function statusPage(ads: AdsServer, head: Head, query: URLSearchParams): HttpAnswer {
  const limit = numberOf(query, 'limit', pageSize.usual);
  const after = numberOf(query, 'after', 0);
  if (limit === undefined || after === undefined || limit < 1 || limit > pageSize.most) {
    return { status: 400, text: `limit is a number from 1 to ${pageSize.most}, after the id of a stream\n` };
  }
  const page = new Page(ads.statuses({ after, ...nodeOf(query) }), limit);
  return { status: 200, json: { ...head, streams: page.items(), next: () => page.next } };
}

/** Every resource of the streams of one node. Of all nodes it would be as many as all streams hold together. */
export function resourcesOfNode(ads: AdsServer, query: URLSearchParams): HttpAnswer {
  if (!query.has('node'))
    return { status: 400, text: 'Of which node? /debug/resources?node=NAME; /status lists them\n' };
  return { status: 200, json: ads.statuses({ resources: true, ...nodeOf(query) }) };
}

/** The first of some streams, and where the next page begins. */
class Page {
  next: number | null = null;
  readonly #streams: Iterable<StreamStatus>;
  readonly #limit: number;

  constructor(streams: Iterable<StreamStatus>, limit: number) {
    this.#streams = streams;
    this.#limit = limit;
  }

  *items(): Generator<StreamStatus> {
    let last = 0;
    let count = 0;
    for (const stream of this.#streams) {
      if (count === this.#limit) {
        this.next = last;
        return;
      }
      yield stream;
      last = stream.id;
      count += 1;
    }
  }
}

function nodeOf(query: URLSearchParams): { readonly node?: string } {
  const node = query.get('node');
  return node === null ? {} : { node };
}

function numberOf(query: URLSearchParams, name: string, usual: number): number | undefined {
  const text = query.get(name);
  if (text === null) return usual;
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
