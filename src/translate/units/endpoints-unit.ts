import { endpointsByPort } from '../endpoint-selection/port-endpoints.ts';
import { endpointEntry } from '../endpoints.ts';
import { backendsOf, frontendsOf } from '../frontends.ts';
import { serviceViewEntry } from '../service-view.ts';
import { noTranslation, type UnitKind } from './unit.ts';

/**
 * The part of a Service's translation that depends on endpoints: ClusterLoadAssignments and the ServiceView. Apart from the rest, so that a change
 * of endpoints, the most frequent by far, makes nothing else.
 */
export const endpointsUnit: UnitKind = {
  of: 'Service',
  translate(reader, key, settings) {
    const service = reader.get('Service', key);
    if (service === undefined) return noTranslation;
    const frontends = frontendsOf(reader, service, settings);
    const slices = reader.slicesOf(key);
    const endpointsOf = endpointsByPort(slices);
    const entries = [
      ...backendsOf(frontends).map((backend) => endpointEntry(backend, slices, endpointsOf)),
      serviceViewEntry(service, frontends, slices, endpointsOf, reader.policedNodesOf(key)),
    ];
    return { entries, problems: [] };
  },
};
