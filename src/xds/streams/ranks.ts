import { typeUrls } from '../../resources/type-urls.ts';

/** `endpoints`, `views` of agents, and `others`, such as answers on demand: each has its share of the sender's time. */
export type Rank = 'endpoints' | 'others' | 'views';

/** Before the others where all have had their share. */
export const ranks: readonly Rank[] = ['endpoints', 'others', 'views'];

const byType: ReadonlyMap<string, Rank> = new Map([
  [typeUrls.endpoint, 'endpoints'],
  [typeUrls.serviceView, 'views'],
  [typeUrls.nodeView, 'views'],
]);

export function rankOf(typeUrl: string): Rank {
  return byType.get(typeUrl) ?? 'others';
}
