import type { ResourceEntry } from '../../resources/resource-entry.ts';
import { ClusterEntry } from '../clusters.ts';
import { backendsOf, type Frontend, frontendProblems, frontendsOf } from '../frontends.ts';
import { policyProblems } from '../policy-problems.ts';
import { RouteEntry } from '../routes.ts';
import { ScopedRouteEntry } from '../scoped-routes.ts';
import type { TranslateSettings } from '../settings.ts';
import { noTranslation, type UnitKind } from './unit.ts';

/** The part of a Service's translation that does not depend on endpoints. */
export const serviceUnit: UnitKind = {
  of: 'Service',
  translate(reader, key, settings) {
    const service = reader.get('Service', key);
    if (service === undefined) return noTranslation;
    const frontends = frontendsOf(reader, service, settings);
    const entries = [
      ...frontends.flatMap((frontend) => frontendEntries(frontend, settings)),
      ...backendsOf(frontends).map((backend) => new ClusterEntry(backend)),
    ];
    return { entries, problems: [...frontendProblems(reader, service), ...policyProblems(reader, service, settings)] };
  },
};

/** The `tcp` listener asks for the backend's cluster by the frontend's name. */
function frontendEntries(frontend: Frontend, settings: TranslateSettings): readonly ResourceEntry[] {
  if (frontend.listener !== 'http') return [];
  return [new ScopedRouteEntry(frontend), new RouteEntry(frontend, settings)];
}
