import type { ResourceEntry } from '../../resources/resource-entry.ts';
import { typeUrls } from '../../resources/type-urls.ts';
import { httpListenerOf, tcpListenerOf } from '../listeners.ts';
import type { TranslateSettings } from '../settings.ts';
import { collectorCluster, collectorClusterOf } from '../tracing.ts';
import type { UnitKind } from './unit.ts';

/** What exists without any Service: the listeners and the clusters that they need. */
export const commonUnit: UnitKind = {
  of: undefined,
  translate: (_reader, _key, settings) => ({ entries: commonEntries(settings), problems: [] }),
};

function commonEntries(settings: TranslateSettings): readonly ResourceEntry[] {
  const { tracing } = settings;
  const common = { wildcard: true, scope: 'fleet' } as const;
  const listeners: readonly ResourceEntry[] = [
    { ...common, typeUrl: typeUrls.listener, name: 'tcp', build: () => tcpListenerOf(settings) },
    { ...common, typeUrl: typeUrls.listener, name: 'http', build: () => httpListenerOf(settings) },
  ];
  if (tracing === undefined) return listeners;
  const build = () => collectorClusterOf(tracing);
  return [{ ...common, typeUrl: typeUrls.cluster, name: collectorCluster, build }, ...listeners];
}
