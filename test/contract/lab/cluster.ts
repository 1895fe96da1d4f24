import type { ApiServer } from '../../support/api-server.ts';
import type { EndpointSpec, ServiceSpec, SlicePort, SliceSpec } from '../scenario.ts';
import { endpointSlice, serviceManifest, slicePorts } from './manifests.ts';
import {
  type Family,
  families,
  hostAddresses,
  type NodeName,
  nodeNames,
  podCidrs,
  virtualAddress,
  zoneOf,
} from './plan.ts';

const namespacePath = 'default';
const servicesPath = `/api/v1/namespaces/${namespacePath}/services`;
const slicesPath = `/apis/discovery.k8s.io/v1/namespaces/${namespacePath}/endpointslices`;

/** What the API server made of a Service: where clients find it. */
export interface LiveService {
  readonly name: string;
  readonly spec: ServiceSpec;
  readonly clusterIps: Partial<Record<Family, string>>;
  readonly loadBalancerIps: Readonly<Record<Family, string>>;
  readonly externalIps: Readonly<Record<Family, string>>;
  readonly ports: readonly LivePort[];
  readonly healthCheckNodePort: number | undefined;
  readonly type: string | undefined;
}

interface LivePort {
  readonly name: string;
  readonly port: number;
  readonly nodePort?: number;
}

interface ServiceObject {
  readonly spec: {
    readonly clusterIPs?: readonly string[];
    readonly ports: readonly LivePort[];
    readonly healthCheckNodePort?: number;
    readonly type?: string;
  };
}

/** The objects of the tests in a real API server. */
export class Cluster {
  readonly #server: ApiServer;
  #virtualAddresses = 0;
  #markers = 0;

  constructor(server: ApiServer) {
    this.#server = server;
  }

  async createNodes(): Promise<void> {
    for (const name of nodeNames) {
      await this.#send('POST', '/api/v1/nodes', nodeManifest(name));
      const addresses = families.map((family) => ({ type: 'InternalIP', address: hostAddresses[name][family] }));
      await this.#patch(`/api/v1/nodes/${name}/status`, { status: { addresses } });
    }
  }

  /** A Service, the status that a cloud would give it, and its slices. */
  async create(name: string, spec: ServiceSpec): Promise<LiveService> {
    const loadBalancerIps = spec.loadBalancer === 'Proxy' ? hostAddresses.ext2 : this.#virtualAddress();
    const externalIps = this.#virtualAddress();
    const body = serviceManifest(
      name,
      spec,
      families.map((family) => externalIps[family]),
    );
    const object = await this.#send<ServiceObject>('POST', servicesPath, body);
    const live = liveService(name, spec, object, loadBalancerIps, externalIps);
    await this.#setStatus(live);
    await this.setEndpoints(live, spec.endpoints ?? []);
    await Promise.all((spec.slices ?? []).map((slice, index) => this.#createSlice(live, slice, index)));
    return live;
  }

  /** Replaces the endpoints of the Service's first slices. */
  async setEndpoints(
    service: LiveService,
    endpoints: readonly EndpointSpec[],
    ports: readonly SlicePort[] = slicePorts,
  ): Promise<void> {
    await Promise.all(
      families.map(async (family) => {
        const slice = endpointSlice({ service: service.name, name: service.name, family, slice: { endpoints, ports } });
        const path = `${slicesPath}/${slice.metadata.name}`;
        const { status } = await this.#server.send('GET', path);
        await (status === 404 ? this.#send('POST', slicesPath, slice) : this.#send('PUT', path, slice));
      }),
    );
  }

  async patch(service: LiveService, patch: object): Promise<LiveService> {
    const object = await this.#patch<ServiceObject>(`${servicesPath}/${service.name}`, patch);
    const live = liveService(service.name, service.spec, object, service.loadBalancerIps, service.externalIps);
    await this.#setStatus(live);
    return live;
  }

  async delete(service: LiveService): Promise<void> {
    await this.#send('DELETE', `${servicesPath}/${service.name}`);
    const selector = encodeURIComponent(`kubernetes.io/service-name=${service.name}`);
    await this.#send('DELETE', `${slicesPath}?labelSelector=${selector}`);
  }

  async patchNode(node: NodeName, patch: object): Promise<void> {
    await this.#patch(`/api/v1/nodes/${node}`, patch);
  }

  /** A Service younger than everything before: who has it has all the rest. */
  createMarker(): Promise<LiveService> {
    this.#markers += 1;
    return this.create(`marker-${this.#markers}`, { endpoints: [{ host: 'p1b' }, { host: 'p2b' }] });
  }

  /** The API server clears the status of a Service that ceases to be a load balancer's. */
  async #setStatus({ name, spec, type, loadBalancerIps }: LiveService): Promise<void> {
    if (spec.loadBalancer === undefined || type !== 'LoadBalancer') return;
    const ingress = families.map((family) => ({ ip: loadBalancerIps[family], ipMode: spec.loadBalancer }));
    await this.#patch(`${servicesPath}/${name}/status`, { status: { loadBalancer: { ingress } } });
  }

  async #createSlice(service: LiveService, slice: SliceSpec, index: number): Promise<void> {
    for (const family of families) {
      const name = `${service.name}-${index}`;
      await this.#send('POST', slicesPath, endpointSlice({ service: service.name, name, family, slice }));
    }
  }

  #virtualAddress(): Readonly<Record<Family, string>> {
    this.#virtualAddresses += 1;
    const number = this.#virtualAddresses;
    return { IPv4: virtualAddress('IPv4', number), IPv6: virtualAddress('IPv6', number) };
  }

  #patch<T>(path: string, body: object): Promise<T> {
    return this.#send('PATCH', path, body);
  }

  async #send<T>(method: string, path: string, body?: object): Promise<T> {
    const contentType = method === 'PATCH' ? { contentType: 'application/merge-patch+json' } : {};
    const answer = await this.#server.send(method, path, { ...(body === undefined ? {} : { body }), ...contentType });
    if (answer.status >= 300) throw new Error(`${method} ${path} answered ${answer.status}: ${answer.body}`);
    return JSON.parse(answer.body) as T;
  }
}

function liveService(
  name: string,
  spec: ServiceSpec,
  { spec: { clusterIPs = [], ports, healthCheckNodePort, type } }: ServiceObject,
  loadBalancerIps: LiveService['loadBalancerIps'],
  externalIps: LiveService['externalIps'],
): LiveService {
  const clusterIps: Partial<Record<Family, string>> = {};
  for (const address of clusterIPs) clusterIps[address.includes(':') ? 'IPv6' : 'IPv4'] = address;
  return { name, spec, clusterIps, loadBalancerIps, externalIps, ports, healthCheckNodePort, type };
}

function nodeManifest(name: NodeName): object {
  const cidrs = families.map((family) => podCidrs[name][family]);
  const labels = { 'topology.kubernetes.io/zone': zoneOf[name], 'kubernetes.io/hostname': name };
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels },
    spec: { podCIDR: cidrs[0], podCIDRs: cidrs },
  };
}
