import type { Logger } from 'pino';
import type { Source } from '../kubernetes/source.ts';
import type { SourceChoice } from './options.ts';

/** Imports the API server's client only when it is used: it alone takes some 80 MiB. */
export async function createSource(choice: SourceChoice, logger: Logger): Promise<Source> {
  if (choice.kind === 'manifests') {
    const { ManifestSource } = await import('../kubernetes/manifests/manifest-source.ts');
    return new ManifestSource({ directory: choice.directory, logger });
  }
  const { ApiSource } = await import('../kubernetes/api/api-source.ts');
  const { convertObject } = await import('../kubernetes/convert.ts');
  return new ApiSource({ origin: choice, logger, convert: convertObject });
}
