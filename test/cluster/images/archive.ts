import { createHash } from 'node:crypto';
import {
  createReadStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { run } from '../../testbed/run.ts';
import { repository } from '../layout.ts';
import { fingerprint, type RootFolder, stage } from './root-folder.ts';

/** How a container of an image runs, with the names of the OCI image specification. */
export interface ContainerConfig {
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly Env?: readonly string[];
  readonly WorkingDir?: string;
  readonly User?: string;
}

/** Images with one root folder, in one archive. */
export interface Archive {
  readonly name: string;
  readonly root: RootFolder;
  readonly images: readonly { readonly references: readonly string[]; readonly config: ContainerConfig }[];
}

const folder = join(repository, '.cache/images');

/**
 * Makes a Docker archive (manifest.json, configurations, one layer), as `docker save` writes and containerd imports; none is
 * made while the last one has the same contents. Gives its path.
 */
export async function makeArchive(archive: Archive): Promise<string> {
  const path = join(folder, `${archive.name}.tar`);
  const stamp = `${path}.stamp`;
  const wanted = JSON.stringify([archive.images, await fingerprint(archive.root)]);
  if (existsSync(path) && existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return path;
  mkdirSync(folder, { recursive: true });
  const work = mkdtempSync(join(tmpdir(), 'fairlead-image-'));
  try {
    await pack(archive, work, path);
  } finally {
    rmSync(work, { recursive: true });
  }
  writeFileSync(stamp, wanted);
  return path;
}

async function pack({ root, images }: Archive, work: string, path: string): Promise<void> {
  await stage(root, join(work, 'root'));
  const owned = ['--sort=name', '--owner=0', '--group=0', '--numeric-owner'];
  await run(['tar', ...owned, '-C', join(work, 'root'), '-cf', join(work, 'layer.tar'), '.'], { timeoutMs: 300_000 });
  const layer = await sha256(join(work, 'layer.tar'));
  const manifest = images.map(({ references, config }, at) => {
    writeFileSync(join(work, `config-${at}.json`), JSON.stringify(imageConfig(config, layer)));
    return { Config: `config-${at}.json`, RepoTags: references, Layers: ['layer.tar'] };
  });
  writeFileSync(join(work, 'manifest.json'), JSON.stringify(manifest));
  const files = ['manifest.json', ...manifest.map(({ Config }) => Config), 'layer.tar'];
  await run(['tar', '-C', work, '-cf', `${path}.part`, ...files], { timeoutMs: 300_000 });
  renameSync(`${path}.part`, path);
}

function imageConfig(config: ContainerConfig, layer: string): object {
  const created = '1970-01-01T00:00:00Z';
  const architecture = process.arch === 'x64' ? 'amd64' : process.arch;
  const rootfs = { type: 'layers', diff_ids: [`sha256:${layer}`] };
  return { architecture, os: 'linux', created, config, rootfs, history: [{ created }] };
}

async function sha256(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
