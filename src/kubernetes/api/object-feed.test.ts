import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { ModelUpdate } from '../../model/model.ts';
import { formatProblem, type Problem } from '../../model/problem.ts';
import type { Conversion } from '../conversion.ts';
import type { FieldReader } from '../field-reader.ts';
import { kindsNamed } from '../kinds.ts';
import { isRecord } from './json.ts';
import { ObjectFeed } from './object-feed.ts';

const services = kindsNamed('Service')[0];
const nodes = kindsNamed('Node')[0];

let batches: (readonly string[])[];
let problems: Map<string, readonly string[]>;
let converted: unknown[];

const listener = {
  update: (updates: readonly ModelUpdate[]) => {
    batches.push(updates.map(({ key, value }) => `${value === undefined ? '-' : '+'}${key}`));
  },
  problems: (origin: string, list: readonly Problem[]) => {
    problems.set(origin, list.map(formatProblem));
  },
  synced: () => {},
};

/** Takes every object with a zone as a node; any other is a problem. */
function convert(reader: FieldReader): Conversion {
  converted.push(reader.raw('kind'));
  const metadata = reader.raw('metadata');
  const { name, zone } = isRecord(metadata) ? metadata : {};
  if (typeof name !== 'string' || typeof zone !== 'string') {
    const object = { kind: 'Node', namespace: '', name: String(name) };
    return { update: undefined, problems: [{ object, field: 'zone', code: 'MissingValue', message: 'is missing' }] };
  }
  return {
    update: { kind: 'Node', key: name, value: { name, zone, addresses: [], podCidrs: [], isLeaving: false } },
    problems: [],
  };
}

function node(name: string, zone: string | undefined = 'z') {
  return { metadata: { name, ...(zone === '' ? {} : { zone }) } };
}

function newFeed(kind = nodes): ObjectFeed {
  if (kind === undefined) throw new Error('No such kind');
  return new ObjectFeed({ ...kind, convert }, listener);
}

function failOnce(): void {
  vi.spyOn(listener, 'update').mockImplementationOnce(() => {
    throw new Error('The listener broke');
  });
}

function relist(feed: ObjectFeed, ...pages: (readonly unknown[])[]): Promise<void> {
  const list = feed.beginRelist();
  for (const page of pages) feed.addPage(list, page);
  return feed.finishRelist(list);
}

beforeEach(() => {
  batches = [];
  problems = new Map();
  converted = [];
});

describe('ObjectFeed', () => {
  it('tells a list of several pages as one batch', async () => {
    const feed = newFeed();
    await relist(feed, [node('a')], [node('b')]);
    expect(batches).toEqual([['+a', '+b']]);
    expect(feed.size).toBe(2);
  });

  it('tells what has gone since the last list in the same batch', async () => {
    const feed = newFeed();
    await relist(feed, [node('a'), node('b')]);
    feed.apply([{ deleted: false, object: node('c') }]);
    await relist(feed, [node('b'), node('d')]);
    expect(batches).toEqual([['+a', '+b'], ['+c'], ['+b', '+d', '-a', '-c']]);
  });

  it('lets others have their turn within a long list, and tells what has gone last', async () => {
    const feed = newFeed();
    await relist(feed, [node('gone')]);
    let turns = 0;
    const turn = () => {
      turns += 1;
      timer = setImmediate(turn);
    };
    let timer = setImmediate(turn);
    const names = Array.from({ length: 1_000 }, (_, index) => `node-${index}`);
    await relist(
      feed,
      names.map((name) => node(name)),
    );
    clearImmediate(timer);
    expect(Math.max(...batches.map(({ length }) => length))).toBe(250);
    expect(turns).toBeGreaterThanOrEqual(batches.length - 2);
    expect(batches.slice(1).flat()).toEqual([...names.map((name) => `+${name}`), '-gone']);
    expect(feed.size).toBe(1_000);
  });

  it('goes on with a long list that the listener took a part of, when it is listed again', async () => {
    const feed = newFeed();
    const all = Array.from({ length: 300 }, (_, index) => node(`node-${index}`));
    await relist(feed, all);
    const update = vi.spyOn(listener, 'update');
    update
      .mockImplementationOnce(() => undefined)
      .mockImplementationOnce(() => {
        throw new Error('The listener broke');
      });
    await expect(relist(feed, all.slice(1))).rejects.toThrow('The listener broke');
    await relist(feed, all.slice(1));
    expect(batches.at(-1)?.at(-1)).toBe('-node-0');
  });

  it('tells nothing of a list that was not finished', async () => {
    const feed = newFeed();
    await relist(feed, [node('a')]);
    feed.addPage(feed.beginRelist(), [node('b')]);
    expect(batches).toEqual([['+a']]);
    expect(feed.size).toBe(1);
  });

  it('keeps an object that became unreadable, and reports it until it is well or gone', async () => {
    const feed = newFeed();
    await relist(feed, [node('a'), node('b')]);
    const broken = [node('a', ''), node('b', '')].map((object) => ({ deleted: false, object }));
    feed.apply(broken);
    expect(batches).toEqual([['+a', '+b']]);
    expect(problems).toEqual(
      new Map([
        ['Node a', ['Node a zone: is missing']],
        ['Node b', ['Node b zone: is missing']],
      ]),
    );
    feed.apply([{ deleted: false, object: node('a') }]);
    feed.apply([{ deleted: true, object: node('b') }]);
    expect(batches.slice(1)).toEqual([['+a'], ['-b']]);
    expect([...problems.values()]).toEqual([[], []]);
  });

  it('does not take an unreadable object of a list for a deleted one', async () => {
    const feed = newFeed();
    await relist(feed, [node('a')]);
    await relist(feed, [node('a', '')]);
    expect(batches).toEqual([['+a']]);
    await relist(feed, [node('a')]);
    expect(problems.get('Node a')).toEqual([]);
  });

  it('tells again of a deletion that the listener failed to take', async () => {
    const feed = newFeed();
    await relist(feed, [node('a'), node('b')]);
    failOnce();
    expect(() => feed.apply([{ deleted: true, object: node('a') }])).toThrow('The listener broke');
    await relist(feed, [node('b')]);
    expect(batches.at(-1)).toEqual(['+b', '-a']);
  });

  it('tells again of everything in a list that the listener failed to take', async () => {
    const feed = newFeed();
    await relist(feed, [node('a'), node('b')]);
    failOnce();
    await expect(relist(feed, [node('b'), node('c')])).rejects.toThrow('The listener broke');
    await relist(feed, [node('b')]);
    // Of c it may have heard before it failed.
    expect(batches.at(-1)).toEqual(['+b', '-a', '-c']);
    await relist(feed, [node('b')]);
    expect(batches.at(-1)).toEqual(['+b']);
  });

  it('keeps what was deleted and made again in one batch', async () => {
    const feed = newFeed();
    await relist(feed, [node('a')]);
    feed.apply([
      { deleted: true, object: node('a') },
      { deleted: false, object: node('a', 'y') },
    ]);
    await relist(feed, []);
    expect(batches.slice(1)).toEqual([['-a', '+a'], ['-a']]);
  });

  it('reports what it lost until the next complete list', async () => {
    const feed = newFeed();
    feed.reportLost('A line broke');
    expect(problems.get('Watch nodes')).toEqual(['Watch nodes: A line broke; all nodes were listed again']);
    await relist(feed, []);
    expect(problems.get('Watch nodes')).toEqual([]);
  });

  it('gives the items of a list the kind that they do not name', async () => {
    await relist(newFeed(services), [{ metadata: { namespace: 'shop', name: 'web' } }]);
    expect(converted).toEqual(['Service']);
  });

  it.each([null, 'text', {}, { metadata: null }, { metadata: { name: 7 } }, { metadata: { name: '' } }])(
    'reports an object without a name, deleted or not: %j',
    (object) => {
      const feed = newFeed();
      for (const deleted of [false, true]) {
        problems.clear();
        feed.apply([{ deleted, object }]);
        expect(problems.get('Node (unnamed)')).toHaveLength(1);
      }
      expect(converted).toEqual([]);
      expect(batches).toEqual([]);
    },
  );
});
