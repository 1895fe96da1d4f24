import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const out = join(root, '.cache/bench');
let compiled: string | undefined;

/**
 * The server program as JavaScript, as it is shipped: Node's own stripping of types would add its compiler to the
 * memory that is measured.
 */
export function compiledServer(): string {
  compiled ??= compile();
  return compiled;
}

function compile(): string {
  execFileSync(
    process.execPath,
    [join(root, 'node_modules/typescript/bin/tsc'), '-p', join(root, 'bench/tsconfig.json')],
    {
      stdio: ['ignore', 'inherit', 'inherit'],
    },
  );
  const descriptors = 'src/protos/generated/descriptors.json';
  mkdirSync(join(out, 'src/protos/generated'), { recursive: true });
  copyFileSync(join(root, descriptors), join(out, descriptors));
  return join(out, 'bench/lib/ads-server-main.js');
}
