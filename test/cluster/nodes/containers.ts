import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Layout } from '../layout.ts';

/** A container that containerd has started, and its folder, which is there until the container is deleted. */
export interface Container {
  readonly id: string;
  readonly bundle: string;
}

/** The containers of all nodes, also after their containerd was killed. */
export function containersOf(layout: Layout): readonly Container[] {
  const folders = layout.nodes.map(({ folder }) =>
    join(folder, 'containerd-state/io.containerd.runtime.v2.task/k8s.io'),
  );
  return folders
    .filter(existsSync)
    .flatMap((folder) => readdirSync(folder).map((id) => ({ id, bundle: join(folder, id) })));
}
