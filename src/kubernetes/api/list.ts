import { acceptOf, pathOf } from '../kinds.ts';
import { ApiError } from './api-error.ts';
import { isRecord, parseJson, resourceVersionOf } from './json.ts';
import type { ReflectorContext } from './reflector-context.ts';
import { isBelieved, type Listing, type Outcome } from './reflector-state.ts';
import { get, readBody } from './transport.ts';

interface Page {
  readonly items: readonly unknown[];
  readonly resourceVersion: string;
  /** Empty on the last page. */
  readonly next: string;
}

/**
 * Lists all objects and passes them on as one batch. Without a resourceVersion the list is as new as the store itself;
 * with a continue token, the later pages are of the same version as the first (Kubernetes API concepts, "Retrieving large
 * results sets in chunks").
 */
export async function runList(context: ReflectorContext, state: Listing, signal: AbortSignal): Promise<Outcome> {
  const { feed, counters, logger, kind } = context;
  const relist = feed.beginRelist();
  let page: Page = { items: [], resourceVersion: '', next: '' };
  let pages = 0;
  try {
    do {
      page = await getPage(context, state.paged, page.next, signal);
      feed.addPage(relist, page.items);
      pages += 1;
    } while (page.next !== '');
  } catch (error) {
    return await failure(context, state, error, page.next !== '');
  }
  await feed.finishRelist(relist, signal);
  counters.lists += 1;
  counters.lastError = undefined;
  counters.lastEventAt = Date.now();
  const { resourceVersion } = page;
  logger.info({ resource: kind.resource, objects: feed.size, pages, resourceVersion }, 'Listed objects');
  return { kind: 'Listed', resourceVersion };
}

async function getPage(context: ReflectorContext, paged: boolean, token: string, signal: AbortSignal): Promise<Page> {
  const { kind, access, limits } = context;
  const query = new URLSearchParams(kind.selectors);
  if (paged) query.set('limit', String(limits.pageSize));
  if (token !== '') query.set('continue', token);
  const response = await get(access, `${pathOf(kind)}?${query}`, {
    signal,
    idleMs: limits.listIdleMs,
    ...acceptOf(kind, 'PartialObjectMetadataList'),
  });
  return readPage(access.server, parseJson(await readBody(access.server, response, limits.maxPageBytes)));
}

function readPage(server: string, list: unknown): Page {
  const resourceVersion = resourceVersionOf(list);
  const metadata = isRecord(list) ? list['metadata'] : undefined;
  const items = isRecord(list) ? (list['items'] ?? []) : undefined;
  if (resourceVersion === '' || !isRecord(metadata) || !Array.isArray(items)) {
    throw new ApiError(`API server ${server} sent a list that has no metadata.resourceVersion or no items`);
  }
  const next = metadata['continue'];
  return { items, resourceVersion, next: typeof next === 'string' ? next : '' };
}

async function failure(context: ReflectorContext, state: Listing, error: unknown, paging: boolean): Promise<Outcome> {
  if (!(error instanceof ApiError)) throw error;
  if (context.kind.presence === 'Optional' && (error.status === 404 || error.status === 403)) {
    // What may not be read any more may still exist; what is not installed any more does not.
    if (error.status === 404 && isBelieved(state)) await context.feed.finishRelist(context.feed.beginRelist());
    return { kind: 'Absent', reason: error.message };
  }
  if (error.expired && paging) return { kind: 'PageExpired' };
  return { kind: 'Failed', reason: error.message, healthy: false, retryAfterMs: error.retryAfterMs };
}
