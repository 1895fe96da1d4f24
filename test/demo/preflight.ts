import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const tools = ['ip', 'nft', 'nsenter', 'sysctl', 'curl'];

/** Why the demo cannot run here; nothing: it can. */
export function obstacles(envoy: string): readonly string[] {
  if (process.platform !== 'linux') return ['The demo needs Linux: nodes and pods are network namespaces'];
  if (process.getuid?.() !== 0) return ['The demo needs root, to make network namespaces: sudo make demo'];
  const missing = tools.filter((tool) => !isOnPath(tool)).map((tool) => `${tool} is missing; make setup installs it`);
  const noEnvoy = existsSync(envoy) ? [] : [`Envoy is missing at ${envoy}; make setup installs it, or set ENVOY`];
  return [...missing, ...noEnvoy];
}

function isOnPath(tool: string): boolean {
  const directories = (process.env['PATH'] ?? '').split(delimiter);
  return directories.some((directory) => isExecutable(join(directory, tool)));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
