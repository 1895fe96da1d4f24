import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { run } from '../testbed/run.ts';
import { copyOf, type Dockerfile, imageConfigOf, parseDockerfile } from './dockerfile.ts';
import { root } from './setup.ts';

const folder = join(root, 'deploy/docker');
const names = readdirSync(folder);
const contexts: string[] = [];

afterAll(() => {
  for (const context of contexts) rmSync(context, { recursive: true, force: true });
});

describe.each(names)('%s', (name) => {
  const dockerfile = parseDockerfile(readFileSync(join(folder, name), 'utf8'));
  const build = dockerfile.stages.find((stage) => stage.name === 'build');

  it('takes every base image from a build argument with a default', () => {
    for (const { base } of dockerfile.stages) {
      const argument = /^\$\{(\w+)\}$/.exec(base)?.[1];
      expect(argument, base).toBeDefined();
      expect(dockerfile.args[argument ?? ''], base).toMatch(/^[\w./-]+:[\w.-]+$/);
    }
  });

  it('copies from stages that exist, and only what the build made', () => {
    const made = { envoy: /^\/usr\/local\/bin\/envoy$/, build: /^\/app\/(package\.json|node_modules\/|dist\/)$/ };
    for (const copy of copiesOf(dockerfile).filter(({ from }) => from !== undefined)) {
      expect(dockerfile.stages.map((stage) => stage.name)).toContain(copy.from);
      for (const source of copy.sources) expect(source).toMatch(made[copy.from as keyof typeof made]);
    }
  });

  it('is built with the Envoy of the project', () => {
    const version = /ENVOY_VERSION:-([\d.]+)/.exec(readFileSync(join(root, 'scripts/setup.sh'), 'utf8'))?.[1];
    expect(dockerfile.args['ENVOY_IMAGE']).toBe(`envoyproxy/envoy:v${version}`);
  });

  it('runs the compiled program, whose path its package names', () => {
    const { entrypoint, workdir } = imageConfigOf(dockerfile);
    const { bin } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    expect([workdir, entrypoint]).toEqual(['/app', ['node', bin.fairlead]]);
  });

  it('runs as root only where the kernel is programmed, by number', () => {
    expect(imageConfigOf(dockerfile).user).toBe(name.startsWith('agent') ? '0:0' : '65532:65532');
  });

  it('builds from what it copies alone', async () => {
    const context = mkdtempSync(join(tmpdir(), 'fairlead-image-'));
    contexts.push(context);
    const sent = filesOfContext();
    for (const { sources, target } of copiesOf(dockerfile).filter(({ from }) => from === undefined)) {
      for (const source of sources) copyInto(context, source, target, sent);
    }
    const [binary] = copiesOf(dockerfile).filter(({ from }) => from === 'envoy');
    mkdirSync(join(context, dirname(binary?.target ?? '')), { recursive: true });
    symlinkSync(realpathSync(join(root, '.cache/bin/envoy')), join(context, binary?.target ?? ''));
    // `npm ci` would fetch what is there already.
    symlinkSync(join(root, 'node_modules'), join(context, 'node_modules'));
    const commands = build?.instructions.filter(({ keyword }) => keyword === 'RUN').map(({ value }) => value) ?? [];
    expect(commands).toEqual(['npm ci', 'npm run generate && npm run build && npm prune --omit=dev']);
    await run(['sh', '-c', `cd ${context} && npm run --silent generate && npm run --silent build`], {
      timeoutMs: 110_000,
    });
    const version = await run([process.execPath, join(context, 'dist/cli/main.js'), '--version']);
    expect(version.trim()).toBe(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version);
  });
});

describe('.dockerignore', () => {
  it('lets the builder see sources only: no tests, nothing installed, built or secret', () => {
    const sent = filesOfContext();
    expect(sent).toContain('src/cli/main.ts');
    expect(sent.filter((path) => /(\.test\.ts|node_modules|^dist|^\.git|^\.cache|generated)/.test(path))).toEqual([]);
  });
});

function copiesOf({ stages }: Dockerfile) {
  return stages.flatMap(({ instructions }) => instructions.filter(({ keyword }) => keyword === 'COPY').map(copyOf));
}

/** As COPY does: a target that ends in a slash is a folder, and a folder's content goes into it. */
function copyInto(context: string, source: string, target: string, sent: readonly string[]): void {
  const from = join(root, source);
  if (!existsSync(from)) throw new Error(`COPY: there is no ${source}`);
  const isFolder = statSync(from).isDirectory();
  const below = sent.filter((path) => path === source || path.startsWith(source));
  if (below.length === 0) throw new Error(`COPY: .dockerignore keeps ${source} from the builder`);
  for (const path of below) {
    const rest = isFolder ? path.slice(source.length) : (path.split('/').at(-1) ?? '');
    const to = join(context, target, rest);
    cpSync(join(root, path), to, { recursive: true });
    expect(existsSync(dirname(to))).toBe(true);
  }
}

/** Files that .dockerignore leaves; of its language just what is used: `*`, `!NAME`, `!FOLDER/`, `FOLDER/…/` and a leading double star. */
function filesOfContext(): readonly string[] {
  const rules = readFileSync(join(root, '.dockerignore'), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  if (rules[0] !== '*') throw new Error('.dockerignore must begin with *');
  const allowed = rules.filter((rule) => rule.startsWith('!')).map((rule) => rule.slice(1));
  const denied = rules.slice(1).filter((rule) => !rule.startsWith('!'));
  return allowed.flatMap((rule) => filesBelow(rule)).filter((path) => !denied.some((rule) => matches(path, rule)));
}

function filesBelow(path: string): readonly string[] {
  if (!statSync(join(root, path)).isDirectory()) return [path];
  return readdirSync(join(root, path), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1));
}

function matches(path: string, rule: string): boolean {
  if (rule.startsWith('**/*')) return path.endsWith(rule.slice('**/*'.length));
  return path === rule || path.startsWith(rule);
}
