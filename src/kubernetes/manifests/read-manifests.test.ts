import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { formatProblem } from '../../model/problem.ts';
import { parseText } from './parse-off-thread.ts';
import { type ReadManifestsOptions, readManifests } from './read-manifests.ts';

const node = (name: string) => `apiVersion: v1\nkind: Node\nmetadata: {name: ${name}}\n---\n`;

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'fairlead-read-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const at = (name: string) => join(directory, name);
const write = (name: string, content: string | Uint8Array) => writeFileSync(at(name), content);

async function read(paths: string | readonly string[], options?: ReadManifestsOptions) {
  const { updates, problems } = await readManifests([paths].flat(), options);
  const texts = problems.map((problem) => formatProblem(problem).replaceAll(`${directory}/`, ''));
  return { keys: updates.map(({ key }) => key).sort(), problems: texts };
}

describe('readManifests', () => {
  it('reads a directory with all below it, and no other files', async () => {
    mkdirSync(at('sub/deep'), { recursive: true });
    mkdirSync(at('.hidden'));
    write('a.yaml', node('a1') + node('a2'));
    write('b.yml', node('b'));
    write('C.JSON', JSON.stringify({ apiVersion: 'v1', kind: 'NodeList', items: [{ metadata: { name: 'c' } }] }));
    write('sub/deep/d.yaml', node('d'));
    for (const name of ['a.yaml~', '.a.yaml', '.a.yaml.swp', 'README.md', '.hidden/e.yaml']) write(name, node('no'));
    expect(await read(directory)).toEqual({ keys: ['a1', 'a2', 'b', 'c', 'd'], problems: [] });
  });

  it('reads one file whatever its name, and standard input', async () => {
    write('objects.txt', node('a'));
    expect(await read(at('objects.txt'))).toEqual({ keys: ['a'], problems: [] });
    const stdin = () => Readable.from([Buffer.from(node('b')), Buffer.from('x: [')]);
    const { keys, problems } = await read('-', { stdin: stdin() });
    expect(keys).toEqual(['b']);
    expect(problems[0]).toMatch(/^-:\d: is not valid YAML/);
    expect((await read('-', { stdin: stdin(), maxBytes: 10 })).problems[0]).toContain('more than the limit of 10');
  });

  it('reads several paths as one, and says what stands in two of them', async () => {
    mkdirSync(at('sub'));
    write('sub/a.yaml', node('a'));
    write('b.yaml', node('a') + node('b'));
    expect(await read([at('sub'), at('b.yaml'), at('b.yaml')])).toEqual({
      keys: ['a', 'b'],
      problems: ['sub/a.yaml:1: Node a: is also in b.yaml:1, which is used; this one is ignored'],
    });
  });

  it('reports what cannot be read and keeps the rest', async () => {
    write('a.yaml', node('a'));
    write('b.yaml', `${node('b')}x: [`);
    write('latin1.yaml', Buffer.from('a: 1\nname: caf\xe9\n', 'latin1'));
    write('utf16.yaml', Buffer.from('\uFEFFa: 1', 'utf16le'));
    write('z.yaml', node('a'));
    write('bad.yaml', '# first\napiVersion: v1\nkind: Service\nmetadata: {name: s}\n');
    const { keys, problems } = await read(directory);
    expect(keys).toEqual(['a', 'b']);
    expect(problems).toEqual([
      expect.stringMatching(/^b\.yaml:[45]: is not valid YAML/),
      'bad.yaml:2: Service default/s spec: is missing; the Service is left out',
      'latin1.yaml:2: is not UTF-8 text',
      'utf16.yaml:1: is UTF-16, not UTF-8 text',
      'z.yaml:1: Node a: is also in a.yaml:1, which is used; this one is ignored',
    ]);
  });

  it('refuses files that are too large, and pipes', async () => {
    write('big.yaml', '');
    truncateSync(at('big.yaml'), 256 * 1024 * 1024 + 1);
    execFileSync('mkfifo', [at('pipe.yaml')]);
    write('small.yaml', node('a'));
    expect(await read(directory)).toEqual({
      keys: ['a'],
      problems: [
        'big.yaml:1: has 268435457 bytes, more than the limit of 268435456; split it into several files',
        'pipe.yaml:1: is not a regular file',
      ],
    });
  });

  it('says whether all of the input could be read', async () => {
    write('good.yaml', `${node('a')}---\napiVersion: v1\nkind: Service\nmetadata: {name: s}\n`);
    expect((await readManifests([directory])).complete).toBe(true);
    write('broken.yaml', 'a: [');
    expect((await readManifests([directory])).complete).toBe(false);
    expect((await readManifests([at('none')])).complete).toBe(false);
    const stdin = Readable.from([Buffer.alloc(101, ' ')]);
    expect((await readManifests(['-'], { stdin, maxBytes: 100 })).complete).toBe(false);
  });

  it('takes a dump of a large cluster, as JSON, from the standard input', async () => {
    const object = (index: number) => ({ apiVersion: 'v1', kind: 'Node', metadata: { name: `node-${index}` } });
    const items = Array.from({ length: 20_000 }, (_, index) => ({ ...object(index), filler: 'x'.repeat(500) }));
    const text = JSON.stringify({ apiVersion: 'v1', kind: 'List', items }, undefined, 2);
    expect(text.length).toBeGreaterThan(11 * 1024 * 1024);
    const { updates, problems, complete } = await readManifests(['-'], { stdin: Readable.from([Buffer.from(text)]) });
    expect([updates.length, problems, complete]).toEqual([20_000, [], true]);
  });

  it('follows links, and links in a circle once', async () => {
    mkdirSync(at('real'));
    write('real/a.yaml', node('a'));
    mkdirSync(at('dir'));
    symlinkSync('../real', at('dir/link'));
    symlinkSync('..', at('dir/up'));
    symlinkSync('nowhere', at('dir/dangling.yaml'));
    symlinkSync('../real/a.yaml', at('dir/file.yaml'));
    symlinkSync('self.yaml', at('dir/self.yaml'));
    const { keys, problems } = await read(at('dir'));
    expect(keys).toEqual(['a']);
    expect(problems.filter((problem) => problem.includes('self'))).toHaveLength(1);
    expect(problems.some((problem) => problem.includes('dangling'))).toBe(false);
  });

  it('says that there is no such file', async () => {
    expect((await read(at('none'))).problems[0]).toMatch(/^none:1: cannot be read: ENOENT/);
  });

  it('gives up a large text when it is told to', async () => {
    const text = node('a').repeat(100_000);
    const controller = new AbortController();
    const parsing = parseText({ text, file: 'a.yaml' }, controller.signal);
    controller.abort();
    expect((await parsing).broken).toBe(true);
    expect((await parseText({ text, file: 'a.yaml' }, controller.signal)).entries).toEqual([]);
  });

  it('reads large files in a thread, to the same result', async () => {
    const names = Array.from({ length: 2000 }, (_, index) => `node-${index}`);
    write('large.yaml', names.map(node).join(''));
    write('bomb.yaml', `${'# filler\n'.repeat(10_000)}${'['.repeat(5000)}`);
    const { keys, problems } = await read(directory);
    expect(keys).toEqual([...names].sort());
    expect(problems).toEqual(['bomb.yaml:10001: is nested deeper than 100 levels']);
  });
});
