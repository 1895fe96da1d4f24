import type { ResourceEntry } from '../../resources/resource-entry.ts';
import { ClusterEntry } from '../clusters.ts';
import { type Frontend, frontendProblems, frontendsOf } from '../frontends.ts';
import { policyProblems } from '../policy-problems.ts';
import { RouteEntry } from '../routes.ts';
import { ScopedRouteEntry } from '../scoped-routes.ts';
import type { TranslateSettings } from '../settings.ts';
import { noTranslation, type UnitKind } from './unit.ts';

/** What of a Service does not depend on endpoints. */
export const serviceUnit: UnitKind = {
  of: 'Service',
  translate(reader, key, settings) {
    const service = reader.get('Service', key);
    if (service === undefined) return noTranslation;
    const entries = frontendsOf(reader, service).flatMap((frontend) => frontendEntries(frontend, settings));
    return { entries, problems: [...frontendProblems(reader, service), ...policyProblems(service, settings)] };
  },
};

function frontendEntries(frontend: Frontend, settings: TranslateSettings): readonly ResourceEntry[] {
  switch (frontend.listener) {
    case undefined:
      return [];
    case 'tcp':
      return [new ClusterEntry(frontend)];
    case 'http':
      return [new ScopedRouteEntry(frontend), new RouteEntry(frontend, settings), new ClusterEntry(frontend)];
  }
}
