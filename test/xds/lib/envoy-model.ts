import { typeUrls } from '../../../src/resources/type-urls.ts';
import type { Variant } from '../../../src/xds/server/ads-events.ts';
import { defaultLimits } from '../../../src/xds/server/limits.ts';
import type { Batch } from '../../../src/xds/streams/batch.ts';
import { ClientStream } from '../../../src/xds/streams/client-stream.ts';
import { deltaRequest } from '../../support/delta-request.ts';
import { type Content, isBad, type ServiceWorld, view } from './service-world.ts';

interface Held {
  readonly version: string;
  readonly content: Content;
}

interface Request {
  readonly typeUrl: string;
  readonly subscribe: readonly string[];
  readonly unsubscribe: readonly string[];
  readonly initialVersions: readonly (readonly [string, string])[];
  readonly nonce: string;
  readonly error: string | undefined;
  /** State-of-the-world: empty until something was accepted. */
  readonly version: string;
}

interface Response {
  readonly batch: Batch;
  readonly nonce: string;
}

/** The client's state of one type, as Envoy's DeltaSubscriptionState and GrpcMuxImpl keep it. */
class ClientType {
  readonly typeUrl: string;
  wildcard = false;
  readonly named = new Set<string>();
  /** Versions that it will claim when it comes back; of a rejected response none is taken over. */
  readonly claims = new Map<string, string>();
  /** What is in use. A response that is rejected may have been applied in part. */
  readonly applied = new Map<string, Held>();
  /** In use when the stream broke, but of a rejected response and so not claimed: no server can know of it. */
  readonly forgotten = new Set<string>();
  readonly added = new Set<string>();
  readonly dropped = new Set<string>();
  acknowledgements: { readonly nonce: string; readonly error: string | undefined }[] = [];
  isFresh = true;
  /** State-of-the-world: of the response accepted last; kept when the stream breaks. */
  version = '';
  lastNonce = '';
  /** State-of-the-world: the names are to be sent, again perhaps. */
  isDue = false;

  constructor(typeUrl: string) {
    this.typeUrl = typeUrl;
  }

  get isEmpty(): boolean {
    return this.named.size === 0 && !this.wildcard;
  }

  subscribe(name: string): void {
    this.named.add(name);
    this.added.add(name);
    this.dropped.delete(name);
    this.isDue = true;
  }

  unsubscribe(name: string): void {
    this.named.delete(name);
    this.added.delete(name);
    this.dropped.add(name);
    this.claims.delete(name);
    this.applied.delete(name);
    this.isDue = true;
  }

  /** Makes the names these. */
  follow(names: ReadonlySet<string>): void {
    for (const name of [...this.named]) if (!names.has(name)) this.unsubscribe(name);
    for (const name of names) if (!this.named.has(name)) this.subscribe(name);
  }

  /** Of a response, in order; `all`: also behind one that is bad. @returns whether one was bad */
  apply(resources: readonly Held[], all: boolean): boolean {
    const bad = resources.findIndex(({ content }) => isBad(content));
    const good = bad === -1 || all ? resources : resources.slice(0, bad);
    for (const held of good) if (!isBad(held.content)) this.applied.set(held.content.name, held);
    return bad !== -1;
  }

  reconnect(): void {
    for (const name of this.applied.keys()) if (!this.claims.has(name)) this.forgotten.add(name);
    this.isFresh = true;
    this.acknowledgements = [];
    this.added.clear();
    this.dropped.clear();
    this.lastNonce = '';
    this.isDue = !this.isEmpty;
  }

  /** What is to be said now, oldest acknowledgement first; the first request carries the changes of names. */
  delta(): readonly Request[] {
    if (this.isFresh) return this.isEmpty ? [] : [this.#first()];
    const empty = { typeUrl: this.typeUrl, subscribe: [], unsubscribe: [], initialVersions: [], version: '' };
    const requests: Request[] = this.acknowledgements.map((acknowledgement) => ({ ...empty, ...acknowledgement }));
    this.acknowledgements = [];
    const names = { subscribe: [...this.added], unsubscribe: [...this.dropped] };
    if (this.added.size + this.dropped.size > 0) {
      const [first = { ...empty, nonce: '', error: undefined }, ...rest] = requests;
      requests.splice(0, requests.length, { ...first, ...names }, ...rest);
    }
    this.added.clear();
    this.dropped.clear();
    return requests;
  }

  sotw(): readonly Request[] {
    const subscribe = [...(this.wildcard && this.named.size > 0 ? ['*'] : []), ...this.named];
    const { typeUrl, version } = this;
    const all = { typeUrl, subscribe, unsubscribe: [], initialVersions: [], version };
    const requests: Request[] = this.acknowledgements.map((acknowledgement) => ({ ...all, ...acknowledgement }));
    if (requests.length === 0 && this.isDue && !(this.isFresh && this.isEmpty)) {
      requests.push({ ...all, nonce: this.lastNonce, error: undefined });
    }
    if (requests.length > 0) this.isFresh = false;
    this.acknowledgements = [];
    this.isDue = false;
    return requests;
  }

  /** The old form of the wildcard is an empty list. */
  #first(): Request {
    this.isFresh = false;
    this.added.clear();
    this.dropped.clear();
    const subscribe = this.wildcard && this.named.size > 0 ? ['*', ...this.named] : [...this.named];
    const initialVersions = [...this.claims];
    const { typeUrl } = this;
    return { typeUrl, subscribe, unsubscribe: [], initialVersions, nonce: '', error: undefined, version: '' };
  }
}

/** Of these a state-of-the-world response carries all. */
const fullState: readonly string[] = [typeUrls.cluster, typeUrls.listener, typeUrls.scopedRoute];
/** Envoy applies the good ones of a response and reports the others; of the other types it stops at the first bad one. */
const appliesAllGood = fullState;

/**
 * Envoy as a client, and the server's end of its stream: it takes all listeners, scopes and clusters of the wildcard; routes
 * when they are used, clusters when a route names one that is not there, endpoints with their cluster. A new or changed
 * cluster warms until its endpoints come in a response written after it, and while one warms nothing is said about
 * clusters, not even after a reconnect (source/common/upstream/cluster_manager_impl.cc, updateClusterCounts).
 */
export class EnvoyModel {
  readonly #variant: Variant;
  readonly #world: ServiceWorld;
  readonly #types: ReadonlyMap<string, ClientType>;
  readonly #warming = new Map<string, Held>();
  readonly #usedScopes = new Set<string>();
  #stream: ClientStream;
  #hasWork = false;
  #nonces = 0;
  #toServer: Request[] = [];
  #toClient: Response[] = [];
  /** Types of which a response awaits its acknowledgement. */
  readonly #inFlight = new Set<string>();

  constructor(variant: Variant, world: ServiceWorld) {
    this.#variant = variant;
    this.#world = world;
    // In the order of their first subscription, which is that of their requests after a reconnect.
    const order = [typeUrls.cluster, typeUrls.endpoint, typeUrls.listener, typeUrls.scopedRoute, typeUrls.route];
    this.#types = new Map(order.map((typeUrl) => [typeUrl, new ClientType(typeUrl)]));
    for (const typeUrl of fullState) {
      this.#type(typeUrl).wildcard = true;
      this.#type(typeUrl).isDue = true;
    }
    this.#stream = this.#open();
    this.#speak();
  }

  get warming(): readonly string[] {
    return [...this.#warming.keys()];
  }

  /** A request meets this scope: its route is fetched, and the route's cluster. */
  use(scope: string): void {
    this.#usedScopes.add(scope);
    this.#followScopes();
    const route = this.#type(typeUrls.scopedRoute).applied.get(scope)?.content.refersTo ?? '';
    const cluster = this.#type(typeUrls.route).applied.get(route)?.content.refersTo;
    const clusters = this.#type(typeUrls.cluster);
    const isThere = cluster === undefined || clusters.applied.has(cluster) || this.#warming.has(cluster);
    // Envoy's state-of-the-world client gives up the wildcard when it names one; not mixed here.
    if (!isThere && !clusters.named.has(cluster) && this.#variant === 'delta') clusters.subscribe(cluster);
    this.#speak();
  }

  /** The server reads one request. @returns whether there was one */
  serverReads(): boolean {
    const request = this.#toServer.shift();
    if (request === undefined) return false;
    if (this.#variant === 'delta') this.#stream.receiveDelta(deltaRequest(request));
    else this.#stream.receiveSotw({ ...request, names: request.subscribe, node: undefined });
    const { named = 0, wildcard = false } =
      this.#stream.status(false).find(({ typeUrl }) => typeUrl === request.typeUrl) ?? {};
    // A client that let go of everything drops what is in flight without a word.
    if (request.nonce !== '' || (named === 0 && !wildcard)) this.#inFlight.delete(request.typeUrl);
    return true;
  }

  /** The server writes one response. @returns whether there was one */
  serverWrites(): boolean {
    this.#world.cache.propagate(Number.POSITIVE_INFINITY);
    return this.#write();
  }

  /** The same, when there is time to announce only one change of each kind before. */
  serverWritesEarly(): boolean {
    this.#world.cache.propagate(0);
    return this.#write();
  }

  #write(): boolean {
    if (!this.#hasWork) return false;
    const collected = this.#stream.next(Number.POSITIVE_INFINITY);
    this.#hasWork = collected !== undefined;
    if (collected === undefined || collected === 'later') return false;
    if (this.#inFlight.has(collected.typeUrl)) throw new Error(`A second response of ${collected.typeUrl} in flight`);
    this.#inFlight.add(collected.typeUrl);
    this.#nonces += 1;
    const response = { batch: collected, nonce: `${this.#nonces}` };
    this.#stream.sent(collected.changed, { ...response, sentAt: 0 });
    this.#toClient.push(response);
    return true;
  }

  /** The client reads one response. @returns whether there was one */
  clientReads(): boolean {
    const response = this.#toClient.shift();
    if (response === undefined) return false;
    const type = this.#type(response.batch.typeUrl);
    type.lastNonce = response.nonce;
    if (!type.isEmpty) this.#take(type, response);
    // What nobody asks for is dropped without a word in delta only (source/extensions/config_subscription/grpc/grpc_mux_impl.cc).
    else if (this.#variant === 'sotw') type.acknowledgements.push({ nonce: response.nonce, error: undefined });
    this.#speak();
    return true;
  }

  /** The stream breaks, with all that is on its way, and the client opens another. */
  breakStream(): void {
    this.#stream.close();
    this.#stream = this.#open();
    this.#toServer = [];
    this.#toClient = [];
    this.#inFlight.clear();
    const clusters = this.#type(typeUrls.cluster);
    for (const name of this.#warming.keys()) if (!clusters.claims.has(name)) clusters.forgotten.add(name);
    for (const type of this.#types.values()) type.reconnect();
    this.#speak();
  }

  /** Everything on its way arrives, and what comes of it. @throws when that does not end */
  settle(): void {
    for (let round = 0; round < 2_000; round += 1) {
      const moved = [this.serverReads(), this.serverWrites(), this.clientReads()].some(Boolean);
      if (!moved) return;
    }
    throw new Error('It does not come to an end');
  }

  /**
   * Envoy's 15 s are over: what still warms is used with the endpoints of before. @returns whether something warmed
   * @throws when the server could have ended it
   */
  warmingTimesOut(): boolean {
    const late = [...this.#warming];
    for (const [name, held] of late) {
      const endpoints = this.#world.find(typeUrls.endpoint, held.content.refersTo);
      const isExcused = endpoints === undefined ? this.#variant === 'sotw' : isBad(endpoints);
      if (!isExcused) throw new Error(`${name} was left warming`);
      this.#warmed(name, held);
    }
    this.#speak();
    return late.length > 0;
  }

  /** What differs from what the server has for this client. */
  differences(): readonly string[] {
    return [...this.#types.values()].flatMap((type) => [...this.#missing(type), ...this.#leftOver(type)]);
  }

  get isSettled(): boolean {
    return this.#stream.isSettled;
  }

  close(): void {
    this.#stream.close();
  }

  *#missing({ typeUrl, named, wildcard, applied }: ClientType): Iterable<string> {
    for (const content of this.#world.all(typeUrl)) {
      const isWanted = named.has(content.name) || (wildcard && content.wildcard);
      const version = this.#world.version(typeUrl, content.name);
      if (isWanted && !isBad(content) && applied.get(content.name)?.version !== version) {
        yield `${content.name} is not held as it is`;
      }
    }
  }

  *#leftOver({ typeUrl, named, wildcard, applied, forgotten }: ClientType): Iterable<string> {
    // A part of the state of the world cannot tell that something is gone, and Envoy keeps a route that was removed.
    if (this.#variant === 'sotw' && !fullState.includes(typeUrl)) return;
    for (const name of applied.keys()) {
      const content = this.#world.find(typeUrl, name);
      const isWanted = content !== undefined && (named.has(name) || (wildcard && content.wildcard));
      if (!isWanted && !forgotten.has(name)) yield `${name} is held and should not be`;
    }
  }

  #open(): ClientStream {
    const options = { variant: this.#variant, cache: this.#world.cache, view, limits: defaultLimits };
    this.#hasWork = false;
    return new ClientStream({ ...options, onWork: () => (this.#hasWork = true) });
  }

  #type(typeUrl: string): ClientType {
    const type = this.#types.get(typeUrl);
    if (type === undefined) throw new Error(`A response of ${typeUrl}, which was not asked for`);
    return type;
  }

  #speak(): void {
    for (const type of this.#types.values()) {
      if (type.typeUrl === typeUrls.cluster && this.#warming.size > 0) continue;
      this.#toServer.push(...(this.#variant === 'delta' ? type.delta() : type.sotw()));
    }
  }

  #take(type: ClientType, { batch, nonce }: Response): void {
    const { typeUrl } = type;
    const names = [...batch.resources.map(({ name }) => name), ...batch.removed];
    if (new Set(names).size < names.length) throw new Error('A name twice in one response');
    const resources = batch.resources
      .filter(({ name }) => type.wildcard || type.named.has(name))
      .map(({ name, version }) => ({ version, content: this.#world.contentOf(typeUrl, name, version) }));
    const isBadResponse =
      typeUrl === typeUrls.cluster
        ? this.#takeClusters(resources)
        : type.apply(resources, appliesAllGood.includes(typeUrl));
    const isFull = this.#variant === 'sotw' && fullState.includes(typeUrl);
    const held = [...type.applied.keys(), ...(typeUrl === typeUrls.cluster ? this.#warming.keys() : [])];
    const gone = isFull ? held.filter((name) => !names.includes(name)) : batch.removed;
    for (const name of gone) this.#drop(type, name);
    if (!isBadResponse) type.version = nonce;
    if (!isBadResponse) for (const { content, version } of resources) type.claims.set(content.name, version);
    type.acknowledgements.push({ nonce, error: isBadResponse ? 'bad' : undefined });
    this.#follow(type, resources, gone);
  }

  /** What of the other types comes of it. */
  #follow({ typeUrl }: ClientType, resources: readonly Held[], gone: readonly string[]): void {
    if (typeUrl === typeUrls.cluster) this.#followClusters();
    if (typeUrl === typeUrls.scopedRoute) this.#followScopes();
    if (typeUrl !== typeUrls.endpoint) return;
    const arrived = new Set([...resources.filter(({ content }) => this.#isApplied(content)).map(nameOf), ...gone]);
    for (const [name, held] of [...this.#warming]) if (arrived.has(held.content.refersTo)) this.#warmed(name, held);
    this.#followClusters();
  }

  #isApplied({ typeUrl, name }: Content): boolean {
    return this.#type(typeUrl).applied.has(name);
  }

  #takeClusters(resources: readonly Held[]): boolean {
    const { applied } = this.#type(typeUrls.cluster);
    for (const held of resources) {
      const { name } = held.content;
      const before = this.#warming.get(name) ?? applied.get(name);
      if (isBad(held.content) || before?.version === held.version) continue;
      this.#warming.set(name, held);
      // State-of-the-world asks again for endpoints that it has.
      this.#type(typeUrls.endpoint).isDue = true;
    }
    return resources.some(({ content }) => isBad(content));
  }

  #warmed(name: string, held: Held): void {
    this.#warming.delete(name);
    this.#type(typeUrls.cluster).applied.set(name, held);
  }

  #drop(type: ClientType, name: string): void {
    if (type.typeUrl === typeUrls.cluster) {
      // Otherwise it is told that what it asks for is not there.
      if (type.applied.has(name)) this.#checkUnused(name);
      this.#warming.delete(name);
    }
    // Envoy ignores the removal of a RouteConfiguration.
    if (type.typeUrl !== typeUrls.route) type.applied.delete(name);
    type.claims.delete(name);
  }

  /** @throws when a route still sends requests there, although the server has another one that the client would take */
  #checkUnused(cluster: string): void {
    for (const { content } of this.#type(typeUrls.route).applied.values()) {
      if (content.refersTo !== cluster) continue;
      const now = this.#world.find(typeUrls.route, content.name);
      if (now !== undefined && now.refersTo !== cluster && !isBad(now)) {
        throw new Error(`${cluster} was removed before ${content.name} let go of it`);
      }
    }
  }

  /** An EDS subscription lives as long as a cluster that uses it, also while another of its name takes its place. */
  #followClusters(): void {
    const clusters = [...this.#type(typeUrls.cluster).applied.values(), ...this.#warming.values()];
    this.#type(typeUrls.endpoint).follow(new Set(clusters.map(({ content }) => content.refersTo)));
  }

  #followScopes(): void {
    const { applied } = this.#type(typeUrls.scopedRoute);
    const used = [...applied.values()].filter(({ content }) => this.#usedScopes.has(content.name));
    this.#type(typeUrls.route).follow(new Set(used.map(({ content }) => content.refersTo)));
  }
}

function nameOf({ content }: Held): string {
  return content.name;
}
