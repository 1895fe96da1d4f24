import { typeUrls } from '../../resources/type-urls.ts';

/** Of a type: how many milliseconds to keep between changes, by the number of clients that want all of it; undefined: none. */
export type Pace = (typeUrl: string) => ((clients: number) => number) | undefined;

/** This many responses a second, over all agents, may be spent on views: some 40 % of one core. */
const viewResponsesPerSecond = 10_000;
const longestMs = 1_000;

function viewInterval(agents: number): number {
  return Math.min(longestMs, (agents * 1_000) / viewResponsesPerSecond);
}

/**
 * Every agent gets every Service. With 1,000 agents and 200 changes a second that would be 200,000 responses a second, and
 * a transaction of every node's kernel for each; sent every 100 ms they are 10,000, which are one message put together once. The first change
 * after a pause is sent at once. kube-proxy waits for a second (`minSyncPeriod`).
 */
export const viewPace: Pace = (typeUrl) => (paced.has(typeUrl) ? viewInterval : undefined);

const paced: ReadonlySet<string> = new Set([typeUrls.serviceView, typeUrls.nodeView]);
