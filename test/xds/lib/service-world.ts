import type { MessageObject } from '../../../src/protos/registry.ts';
import type { ClientView, ResourceEntry } from '../../../src/resources/resource-entry.ts';
import { typeUrls } from '../../../src/resources/type-urls.ts';
import { encodeContent } from '../../../src/xds/cache/encoded-resource.ts';
import { ResourceCache } from '../../../src/xds/cache/resource-cache.ts';

export const view: ClientView = { nodeName: 'n', zone: 'z' };

/** What a resource says, as far as the model of a client cares. */
export interface Content {
  readonly typeUrl: string;
  readonly name: string;
  /** Contents whose value is divisible by 5 are rejected by clients. */
  readonly value: number;
  readonly wildcard: boolean;
  /** What it refers to: a cluster's endpoints, a scope's route, a route's cluster. */
  readonly refersTo: string;
}

export const isBad = ({ value }: Content): boolean => value % 5 === 0;

/** The server's side of a property test: resources that refer to each other, and what each version of them said. */
export class ServiceWorld {
  readonly cache = new ResourceCache();
  readonly #current = new Map<string, Content>();
  readonly #versions = new Map<string, string>();
  readonly #byVersion = new Map<string, Content>();

  /** One batch, as if each resource were a unit. */
  replace(contents: readonly Content[], gone: readonly Pick<Content, 'typeUrl' | 'name'>[] = []): void {
    const put = contents.map((content) => {
      return { owner: keyOf(content.typeUrl, content.name), entries: [this.#entry(content)] };
    });
    const removed = gone.map(({ typeUrl, name }) => ({ owner: keyOf(typeUrl, name), entries: [] }));
    this.cache.replaceUnits([...put, ...removed]);
    for (const { typeUrl, name } of gone) this.#current.delete(keyOf(typeUrl, name));
  }

  find(typeUrl: string, name: string): Content | undefined {
    return this.#current.get(keyOf(typeUrl, name));
  }

  version(typeUrl: string, name: string): string | undefined {
    return this.#current.has(keyOf(typeUrl, name)) ? this.#versions.get(keyOf(typeUrl, name)) : undefined;
  }

  all(typeUrl: string): readonly Content[] {
    return [...this.#current.values()].filter((content) => content.typeUrl === typeUrl);
  }

  /** @throws when the server sent what it never had */
  contentOf(typeUrl: string, name: string, version: string): Content {
    const content = this.#byVersion.get(`${keyOf(typeUrl, name)} ${version}`);
    if (content === undefined) throw new Error(`${name} never had version ${version}`);
    return content;
  }

  #entry(content: Content): ResourceEntry {
    const { typeUrl, name, wildcard, refersTo } = content;
    const key = keyOf(typeUrl, name);
    const message = messageOf(content);
    const { version } = encodeContent(typeUrl, message);
    this.#current.set(key, content);
    this.#versions.set(key, version);
    this.#byVersion.set(`${key} ${version}`, content);
    const refreshes = typeUrl === typeUrls.cluster ? [{ typeUrl: typeUrls.endpoint, name: refersTo }] : [];
    return { typeUrl, name, wildcard, scope: 'fleet', build: () => message, refreshes };
  }
}

function keyOf(typeUrl: string, name: string): string {
  return `${typeUrl} ${name}`;
}

function messageOf({ typeUrl, name, value, refersTo }: Content): MessageObject {
  switch (typeUrl) {
    case typeUrls.cluster:
      return { name, connectTimeout: { seconds: value }, edsClusterConfig: { serviceName: refersTo } };
    case typeUrls.endpoint:
      return { clusterName: name, policy: { overprovisioningFactor: { value } } };
    case typeUrls.scopedRoute:
      return { name, routeConfigurationName: refersTo, key: { fragments: [{ stringKey: `${value}` }] } };
    case typeUrls.route: {
      const routes = [{ match: { prefix: '' }, route: { cluster: refersTo } }];
      return { name, virtualHosts: [{ name: `${value}`, domains: ['*'], routes }] };
    }
    default:
      return { name, statPrefix: `${value}` };
  }
}
