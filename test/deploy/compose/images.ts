import { readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { type ImageConfig, imageConfigOf, parseDockerfile } from '../dockerfile.ts';
import type { ComposeService } from './project.ts';

/** Stands in for an image: how a container of it runs, and the files that it has beside those of Debian. */
export interface Image {
  readonly config: ImageConfig;
  /** Source on this machine → target in the container, read-only. */
  readonly files: Readonly<Record<string, string>>;
}

/**
 * The image of a service. Those that the project builds run as their Dockerfile says, on the compiled program of this
 * tree; Envoy's is the binary.
 */
export function imageOf(service: ComposeService, root: string): Image {
  if (service.build !== undefined) {
    const dockerfile = parseDockerfile(readFileSync(join(root, service.build.dockerfile), 'utf8'));
    return { config: imageConfigOf(dockerfile), files: programFiles(root) };
  }
  if (service.image.startsWith('envoyproxy/envoy:')) {
    const config = { user: '0:0', workdir: '/', entrypoint: [], command: [] };
    return { config, files: { [realpathSync(join(root, '.cache/bin/envoy'))]: '/usr/local/bin/envoy' } };
  }
  throw new Error(`Nothing here stands in for the image ${service.image}`);
}

function programFiles(root: string): Readonly<Record<string, string>> {
  const program = ['package.json', 'node_modules', 'dist'].map((name) => [join(root, name), `/app/${name}`] as const);
  return { ...Object.fromEntries(program), [process.execPath]: '/usr/local/bin/node' };
}
