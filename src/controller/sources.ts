import { readdirSync } from 'node:fs';
import type { Logger } from 'pino';
import type { EventWriter } from '../kubernetes/api/event-writer.ts';
import type { Source } from '../kubernetes/source.ts';
import { FairleadError } from '../model/errors.ts';
import type { KindName } from '../model/model.ts';
import type { SourceChoice } from './options.ts';

/** Imports of the two sources only the one that is used. A directory of manifests is read whole, with all kinds. */
export async function createSource(
  choice: SourceChoice,
  ignoredKinds: ReadonlySet<KindName>,
  logger: Logger,
): Promise<Source> {
  if (choice.kind === 'Manifests') {
    checkDirectory(choice.directory);
    const { ManifestSource } = await import('../kubernetes/manifests/manifest-source.ts');
    return new ManifestSource({ directory: choice.directory, logger });
  }
  const { ApiSource } = await import('../kubernetes/api/api-source.ts');
  const { kubernetesKinds } = await import('../kubernetes/kinds.ts');
  return new ApiSource({
    origin: choice,
    logger,
    kinds: kubernetesKinds.filter(({ kind }) => !ignoredKinds.has(kind)),
  });
}

/** Writes what agents report; a controller that reads manifests has no API server to write to. */
export async function createEvents(choice: SourceChoice, logger: Logger): Promise<EventWriter | undefined> {
  if (choice.kind === 'Manifests') return undefined;
  const { EventWriter } = await import('../kubernetes/api/event-writer.ts');
  return new EventWriter(choice, logger);
}

/** A directory that disappears later is waited for; one that never existed is a typing error. */
function checkDirectory(path: string): void {
  try {
    readdirSync(path);
  } catch (error) {
    throw new FairleadError('MANIFESTS_UNREADABLE', `--manifests: ${path}: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
