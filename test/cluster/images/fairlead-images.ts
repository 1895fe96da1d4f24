import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { imageConfigOf, parseDockerfile } from '../../deploy/dockerfile.ts';
import { bin, repository } from '../layout.ts';
import type { Archive, ContainerConfig } from './archive.ts';
import { images } from './names.ts';
import { programPath, type RootFolder } from './root-folder.ts';

/** The images that deploy/docker builds, and Envoy's, from what is compiled and installed here. */
export function fairleadArchives(): readonly Archive[] {
  return [
    {
      name: 'fairlead',
      root: programRoot(),
      images: [
        { references: [images.controller], config: configOf('deploy/docker/controller.Dockerfile') },
        { references: [images.agent], config: configOf('deploy/docker/agent.Dockerfile') },
      ],
    },
    { name: 'envoy', root: envoyRoot(), images: [{ references: [images.envoy], config: {} }] },
  ];
}

/** One for both, with the agent's tools: half the work, and nothing that the controller would notice. */
function programRoot(): RootFolder {
  return {
    programs: { '/usr/local/bin/node': process.execPath, ...agentTools() },
    copies: { ...programFiles(), '/bin/busybox': programPath('busybox') },
    links: Object.fromEntries(['sh', 'cat', 'sleep', 'test', 'ls'].map((tool) => [`/bin/${tool}`, '/bin/busybox'])),
    folders: { '/tmp': 0o1777 },
  };
}

/** What the Dockerfile installs as packages. */
function agentTools(): Readonly<Record<string, string>> {
  const names = ['nft', 'ip', 'conntrack', 'sysctl'];
  return Object.fromEntries(names.map((name) => [`/usr/sbin/${name}`, programPath(name)]));
}

/** The compiled program and the packages that it runs on, as `npm prune --omit=dev` would leave them. */
function programFiles(): Readonly<Record<string, string>> {
  const packages = Object.entries(lockedPackages())
    .filter(([path, { dev, devOptional }]) => path !== '' && dev !== true && devOptional !== true)
    .map(([path]) => path)
    // Those of the top level hold the others.
    .filter((path) => path.lastIndexOf('node_modules/') === 0 && existsSync(join(repository, path)));
  const names = ['package.json', 'dist', ...packages];
  return Object.fromEntries(names.map((name) => [`/app/${name}`, join(repository, name)]));
}

interface LockedPackage {
  readonly dev?: boolean;
  readonly devOptional?: boolean;
}

function lockedPackages(): Readonly<Record<string, LockedPackage>> {
  const lock = JSON.parse(readFileSync(join(repository, 'package-lock.json'), 'utf8')) as {
    readonly packages: Readonly<Record<string, LockedPackage>>;
  };
  return lock.packages;
}

function envoyRoot(): RootFolder {
  return { programs: { '/usr/local/bin/envoy': join(bin, 'envoy') }, folders: { '/tmp': 0o1777 } };
}

function configOf(dockerfile: string): ContainerConfig {
  const { user, workdir, entrypoint, command, environment } = imageConfigOf(
    parseDockerfile(readFileSync(join(repository, dockerfile), 'utf8')),
  );
  const path = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
  const Env = [path, ...Object.entries(environment).map(([name, value]) => `${name}=${value}`)];
  return { Entrypoint: entrypoint, Cmd: command, Env, WorkingDir: workdir, User: user };
}
