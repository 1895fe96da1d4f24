import {
  appendFileSync,
  chmodSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { formatProblem } from '../../model/problem.ts';
import type { SourceListener } from '../source.ts';
import type { Settling } from './file-state.ts';
import { ManifestSource, type ManifestSourceOptions } from './manifest-source.ts';

const never = 3_600_000;
/** Zones tell one state of a node from another. */
const node = (name: string, zone = 'z') =>
  `---\napiVersion: v1\nkind: Node\nmetadata: {name: ${name}, labels: {topology.kubernetes.io/zone: "${zone}"}}\n`;

let root = '';
let directory = '';
const sources: ManifestSource[] = [];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'fairlead-watch-'));
  directory = join(root, 'manifests');
  mkdirSync(directory);
});
afterEach(async () => {
  await Promise.all(sources.splice(0).map((source) => source.stop()));
  rmSync(root, { recursive: true });
});

const at = (name: string) => join(directory, name);
const write = (name: string, text: string) => writeFileSync(at(name), text);

/** What a source told, as the model would hold it. */
class World {
  readonly nodes = new Map<string, string>();
  readonly problems = new Map<string, readonly string[]>();
  readonly batches: (readonly string[])[] = [];
  syncedTimes = 0;
  readonly #waiting = new Set<() => void>();

  readonly listener: SourceListener = {
    update: (updates) => {
      this.batches.push(updates.map(({ key, value }) => (value === undefined ? `-${key}` : key)));
      for (const { key, value } of updates) {
        if (value === undefined) this.nodes.delete(key);
        else this.nodes.set(key, 'zone' in value ? value.zone : '');
      }
      this.#wake();
    },
    problems: (origin, problems) => {
      const texts = problems.map((problem) => formatProblem(problem).replaceAll(`${directory}/`, ''));
      if (texts.length === 0) this.problems.delete(origin);
      else this.problems.set(origin, texts);
      this.#wake();
    },
    synced: () => {
      this.syncedTimes += 1;
      this.#wake();
    },
  };

  /** Resolves once the condition holds. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  untilNodes(nodes: Readonly<Record<string, string>>): Promise<void> {
    const wanted = JSON.stringify(Object.entries(nodes).sort());
    return this.until(() => JSON.stringify([...this.nodes].sort()) === wanted);
  }

  allProblems(): readonly string[] {
    return [...this.problems.values()].flat().sort();
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}

function startWith(options: Partial<ManifestSourceOptions> & { readonly settling?: Partial<Settling> } = {}) {
  const world = new World();
  // Without the look from time to time, so that only what is noticed counts.
  const source = new ManifestSource({ directory, logger: pino({ level: 'silent' }), rescanMs: never, ...options });
  sources.push(source);
  source.start(world.listener);
  return { world, source };
}

async function synced(options: Partial<ManifestSourceOptions> = {}) {
  const started = startWith(options);
  await started.world.until(() => started.world.syncedTimes > 0);
  return started;
}

describe('ManifestSource at the start', () => {
  it('tells all objects in one batch, then synced, once', async () => {
    write('a.yaml', node('a') + node('b'));
    mkdirSync(at('sub'));
    write('sub/c.json', JSON.stringify({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'c' } }));
    const { world, source } = startWith();
    expect(source.blockers()).toEqual([`manifests in ${directory}`]);
    await world.until(() => world.syncedTimes > 0);
    // A file that has just been written is read a moment later, perhaps after those behind it.
    expect(world.batches.map((batch) => batch.toSorted())).toEqual([['a', 'b', 'c']]);
    expect(source.blockers()).toEqual([]);
    write('d.yaml', node('d'));
    await world.until(() => world.nodes.has('d'));
    expect(world.syncedTimes).toBe(1);
  });

  it('tells what is long in pieces, nodes first and what has gone last, and is synced after the last', async () => {
    const all = Array.from({ length: 600 }, (_none, index) => index);
    const service = (index: number) =>
      `---\napiVersion: v1\nkind: Service\nmetadata: {name: s${index}}\nspec: {clusterIP: 10.0.${index >> 8}.${index & 255}, ports: [{port: 80}]}\n`;
    write('a.yaml', all.map(service).join(''));
    write('b.yaml', node('n'));
    const { world } = await synced();
    expect(world.batches.map(({ length }) => length)).toEqual([250, 250, 101]);
    expect(world.batches[0]?.[0]).toBe('n');
    write('a.yaml', service(700));
    write('b.yaml', node('n', 'other'));
    await world.until(() => world.nodes.size === 2);
    const keys = world.batches.slice(3).flat();
    expect(keys.lastIndexOf('default/s700')).toBeLessThan(keys.findIndex((key) => key.startsWith('-')));
  });

  it('is synced with an empty directory, and with broken files, which are reported', async () => {
    expect((await synced()).world.batches).toEqual([]);
    write('a.yaml', `${node('a')}---\nx: [`);
    const { world } = await synced();
    expect([...world.nodes.keys()]).toEqual(['a']);
    expect(world.allProblems()).toEqual([expect.stringMatching(/^a\.yaml:\d: is not valid YAML/)]);
  });

  it('waits for a directory that does not exist, and says so', async () => {
    rmSync(directory, { recursive: true });
    const { world, source } = startWith({ directory: join(directory, 'deep') });
    await world.until(() => world.problems.size > 0);
    expect(world.allProblems()[0]).toContain('cannot be read: ENOENT');
    expect(source.blockers()).toHaveLength(1);
    mkdirSync(at('deep'), { recursive: true });
    write('deep/a.yaml', node('a'));
    await world.until(() => world.syncedTimes > 0);
    await world.untilNodes({ a: 'z' });
    expect(world.problems.size).toBe(0);
  });

  it('says nothing after stop', async () => {
    write('a.yaml', node('a'));
    const { world, source } = startWith();
    await source.stop();
    await source.stop();
    expect(world.batches).toEqual([]);
    expect(world.syncedTimes).toBe(0);
  });
});

describe('ManifestSource while files change', () => {
  it('tells what an edit in place changes', async () => {
    write('a.yaml', node('a', '1') + node('b', '1'));
    const { world } = await synced();
    write('a.yaml', node('a', '2') + node('b', '1'));
    await world.untilNodes({ a: '2', b: '1' });
    expect(world.batches.at(-1)).toEqual(['a']);
    write('a.yaml', node('b', '1'));
    await world.untilNodes({ b: '1' });
    appendFileSync(at('a.yaml'), node('c'));
    await world.untilNodes({ b: '1', c: 'z' });
  });

  it('takes atomic renames, as editors and kustomize do them', async () => {
    write('a.yaml', node('a', '1'));
    const { world } = await synced();
    write('.a.yaml.tmp', node('a', '2'));
    renameSync(at('.a.yaml.tmp'), at('a.yaml'));
    await world.untilNodes({ a: '2' });
    renameSync(at('a.yaml'), at('a.yaml~'));
    write('a.yaml', node('a', '3'));
    await world.untilNodes({ a: '3' });
    expect(world.batches.flat()).not.toContain('-a');
  });

  it('keeps the objects of a file that breaks, until it heals', async () => {
    write('a.yaml', node('a', '1') + node('b', '1'));
    const { world } = await synced();
    write('a.yaml', `${node('a', '2')}---\nx: "`);
    await world.until(() => world.problems.size > 0);
    expect(world.allProblems()).toEqual([
      expect.stringMatching(/^a\.yaml:\d: is not valid YAML: .*; the last good state of the file is used$/),
    ]);
    expect(Object.fromEntries(world.nodes)).toEqual({ a: '1', b: '1' });
    write('a.yaml', node('a', '2') + node('b', '1'));
    await world.untilNodes({ a: '2', b: '1' });
    await world.until(() => world.problems.size === 0);
    expect(world.batches.flat()).not.toContain('-b');
  });

  it('keeps the objects of a file that becomes too large or loses its encoding', async () => {
    write('a.yaml', node('a'));
    const { world } = await synced({ maxBytes: 1000 });
    write('a.yaml', node('b').repeat(100));
    await world.until(() => world.allProblems()[0]?.includes('more than the limit of 1000') === true);
    writeFileSync(at('a.yaml'), Buffer.from([0xff, 0xfe, 0x00]));
    await world.until(() => world.allProblems()[0]?.includes('is UTF-16') === true);
    expect([...world.nodes.keys()]).toEqual(['a']);
    write('a.yaml', node('a', '2'));
    await world.untilNodes({ a: '2' });
    await world.until(() => world.problems.size === 0);
  });

  it('reports bad objects with their line, and clears what is mended', async () => {
    const service = (ports: string) =>
      `${node('a')}---\napiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec: {clusterIP: 10.0.0.1, ports: ${ports}}\n`;
    write('a.yaml', service('[]'));
    const { world } = await synced();
    expect(world.allProblems()).toEqual([
      'a.yaml:6: Service default/s spec.ports: has no port; the Service is left out',
    ]);
    write('a.yaml', service('[{port: 80}]'));
    await world.until(() => world.nodes.has('default/s'));
    await world.until(() => world.problems.size === 0);
  });

  it('does not take half a file for a deletion', async () => {
    write('a.yaml', node('a', '1') + node('b', '1'));
    const { world } = await synced({ settling: { doubtMs: never, emptyMs: never, patienceMs: never } });
    truncateSync(at('a.yaml'));
    write('marker.yaml', node('marker', '1'));
    await world.until(() => world.nodes.get('marker') === '1');
    write('a.yaml', node('a', '2'));
    write('marker.yaml', node('marker', '2'));
    await world.until(() => world.nodes.get('marker') === '2');
    expect(world.nodes.get('b')).toBe('1');
    appendFileSync(at('a.yaml'), node('b', '2'));
    await world.untilNodes({ a: '2', b: '2', marker: '2' });
    expect(world.batches.flat().filter((key) => key.startsWith('-'))).toEqual([]);
  });

  it('takes an emptied file for a deletion when it stays empty', async () => {
    write('a.yaml', node('a'));
    const { world } = await synced({ settling: { emptyMs: 50 } });
    truncateSync(at('a.yaml'));
    await world.untilNodes({});
  });

  it('deletes the objects of a removed file, and moves those of a renamed one without a gap', async () => {
    write('a.yaml', node('a'));
    write('b.yaml', node('b', '1'));
    const { world } = await synced();
    unlinkSync(at('a.yaml'));
    await world.untilNodes({ b: '1' });
    renameSync(at('b.yaml'), at('c.yaml'));
    await world.until(() => world.problems.has(at('c.yaml')));
    await world.until(() => !world.problems.has(at('c.yaml')));
    write('c.yaml', node('b', '2'));
    await world.untilNodes({ b: '2' });
    expect(world.batches.flat()).not.toContain('-b');
  });

  it('lets the next file serve an object when the first leaves', async () => {
    write('a.yaml', node('n', 'from-a'));
    write('b.yaml', node('n', 'from-b'));
    const { world } = await synced();
    expect(Object.fromEntries(world.nodes)).toEqual({ n: 'from-a' });
    expect(world.allProblems()).toEqual(['b.yaml:2: Node n: is also in a.yaml:2, which is used; this one is ignored']);
    unlinkSync(at('a.yaml'));
    await world.untilNodes({ n: 'from-b' });
    await world.until(() => world.problems.size === 0);
  });
});

describe('ManifestSource while directories change', () => {
  it('finds new directories, what is moved in, and what leaves with them', async () => {
    write('keep.yaml', node('keep'));
    const { world } = await synced();
    mkdirSync(at('new'));
    write('new/a.yaml', node('a'));
    await world.untilNodes({ keep: 'z', a: 'z' });
    write('new/a.yaml', node('a', '2'));
    await world.untilNodes({ keep: 'z', a: '2' });
    renameSync(at('new'), join(root, 'away'));
    await world.untilNodes({ keep: 'z' });
    renameSync(join(root, 'away'), at('new.d'));
    await world.untilNodes({ keep: 'z', a: '2' });
    rmSync(at('new.d'), { recursive: true });
    await world.untilNodes({ keep: 'z' });
  });

  it('keeps everything while the directory itself is away, and continues when it is back', async () => {
    write('a.yaml', node('a', '1'));
    const { world } = await synced();
    renameSync(directory, join(root, 'away'));
    await world.until(() => world.problems.size > 0);
    expect(world.allProblems()[0]).toMatch(/cannot be read: ENOENT.*; what was read before is still used$/);
    expect(Object.fromEntries(world.nodes)).toEqual({ a: '1' });
    mkdirSync(directory);
    write('b.yaml', node('b', '2'));
    await world.untilNodes({ b: '2' });
    expect(world.problems.size).toBe(0);
    write('b.yaml', node('b', '3'));
    await world.untilNodes({ b: '3' });
  });

  it('follows the links of a mounted ConfigMap', async () => {
    const mount = (version: string, text: string) => {
      mkdirSync(at(`..${version}`));
      write(`..${version}/a.yaml`, text);
      symlinkSync(`..${version}`, at('..data_tmp'));
      renameSync(at('..data_tmp'), at('..data'));
    };
    mount('v1', node('a', '1'));
    symlinkSync('..data/a.yaml', at('a.yaml'));
    const { world } = await synced();
    expect(Object.fromEntries(world.nodes)).toEqual({ a: '1' });
    mount('v2', node('a', '2'));
    rmSync(at('..v1'), { recursive: true });
    await world.untilNodes({ a: '2' });
    mount('v3', node('a', '3'));
    await world.untilNodes({ a: '3' });
    expect(world.batches.flat()).not.toContain('-a');
  });

  it('follows links to directories and files elsewhere, and a link that is the directory', async () => {
    const elsewhere = join(root, 'elsewhere');
    mkdirSync(elsewhere);
    writeFileSync(join(elsewhere, 'a.yaml'), node('a', '1'));
    writeFileSync(join(root, 'b.yaml'), node('b', '1'));
    writeFileSync(join(root, 'unrelated.yaml'), node('unrelated'));
    symlinkSync(elsewhere, at('dir'));
    symlinkSync('../b.yaml', at('b.yaml'));
    symlinkSync('.', at('circle'));
    symlinkSync('manifests', join(root, 'current'));
    const { world } = await synced({ directory: join(root, 'current') });
    await world.untilNodes({ a: '1', b: '1' });
    writeFileSync(join(elsewhere, 'a.yaml'), node('a', '2'));
    await world.untilNodes({ a: '2', b: '1' });
    writeFileSync(join(root, 'b.yaml'), node('b', '2'));
    await world.untilNodes({ a: '2', b: '2' });
    symlinkSync('elsewhere', join(root, 'next'));
    renameSync(join(root, 'next'), join(root, 'current'));
    await world.untilNodes({ a: '2' });
    writeFileSync(join(elsewhere, 'a.yaml'), node('a', '3'));
    await world.untilNodes({ a: '3' });
  });

  it('finds by looking what no watch told', async () => {
    const outside = join(root, 'same-file');
    write('a.yaml', node('a', '1'));
    linkSync(at('a.yaml'), outside);
    const { world } = await synced({ rescanMs: 20 });
    // Written through its other name, the file changes without an event in the directory.
    writeFileSync(outside, node('a', '2'));
    await world.untilNodes({ a: '2' });
  });

  it('looks into a directory with the name of a file, and tells nothing of a change of mode', async () => {
    write('a.yaml', node('a', '1'));
    mkdirSync(at('b.yaml'));
    const { world } = await synced();
    chmodSync(at('a.yaml'), 0o600);
    write('b.yaml/c.yaml', node('c'));
    await world.untilNodes({ a: '1', c: 'z' });
    expect(world.batches).toEqual([['a'], ['c']]);
  });
});
