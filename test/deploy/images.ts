import { readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { type ImageConfig, imageConfigOf, parseDockerfile } from './dockerfile.ts';
import type { Mount } from './sandbox.ts';

/** Stands in for an image: how a container of it runs, and the files that it has beside those of Debian. */
export interface Image {
  readonly config: ImageConfig;
  readonly files: readonly Mount[];
}

const root = join(import.meta.dirname, '../..');

/** An image that the project builds: runs as its Dockerfile says, on the compiled program of this tree. */
export function builtImage(dockerfile: string): Image {
  const config = imageConfigOf(parseDockerfile(readFileSync(join(root, dockerfile), 'utf8')));
  const program = ['package.json', 'node_modules', 'dist'].map((name) => fileAt(join(root, name), `/app/${name}`));
  return { config, files: [...program, fileAt(process.execPath, '/usr/local/bin/node')] };
}

/** The stock image of Envoy: the binary. */
export function envoyImage(): Image {
  const envoy = realpathSync(join(root, '.cache/bin/envoy'));
  const config = { user: '0:0', workdir: '/', entrypoint: [], command: [], environment: {} };
  return { config, files: [fileAt(envoy, '/usr/local/bin/envoy')] };
}

/**
 * The image of a reference such as `registry.example.com/fairlead/agent:0.1.0`.
 * @throws when nothing here stands in for it
 */
export function imageOf(reference: string): Image {
  const name = /([^/:@]+\/[^/:@]+)(?:[:@].*)?$/.exec(reference)?.[1];
  if (name === 'fairlead/controller') return builtImage('deploy/docker/controller.Dockerfile');
  if (name === 'fairlead/agent') return builtImage('deploy/docker/agent.Dockerfile');
  if (name === 'envoyproxy/envoy') return envoyImage();
  throw new Error(`Nothing here stands in for the image ${reference}`);
}

function fileAt(source: string, target: string): Mount {
  return { source, target, readOnly: true };
}
