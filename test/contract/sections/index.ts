import type { Section } from '../scenario.ts';
import { addresses } from './addresses.ts';
import { balancing } from './balancing.ts';
import { conntrack } from './conntrack.ts';
import { endpointSlices } from './endpoint-slices.ts';
import { healthCheckNodePort } from './health-check-node-port.ts';
import { localDetection } from './local-detection.ts';
import { nodeEndpoints } from './node-endpoints.ts';
import { policies } from './policies.ts';
import { selection } from './selection.ts';
import { sourceAddress } from './source-address.ts';
import { topology } from './topology.ts';

/** The contract, in the order of docs/service-contract.md. */
export const sections: readonly Section[] = [
  selection,
  endpointSlices,
  addresses,
  balancing,
  policies,
  topology,
  sourceAddress,
  localDetection,
  healthCheckNodePort,
  conntrack,
  nodeEndpoints,
];
