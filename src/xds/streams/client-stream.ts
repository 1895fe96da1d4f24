import type { ClientView } from '../../resources/resource-entry.ts';
import type { ResourceName } from '../../resources/resource-name.ts';
import { typeUrls } from '../../resources/type-urls.ts';
import type { ResourceCache } from '../cache/resource-cache.ts';
import type { Variant } from '../server/ads-events.ts';
import type { LimitName, Limits } from '../server/limits.ts';
import type { Collected, CollectOptions, InFlight } from './batch.ts';
import { OwedRefreshes } from './owed-refreshes.ts';
import { type Rank, rankOf } from './ranks.ts';
import type { DeltaRequest, SotwRequest } from './requests.ts';
import type { Rejection, TypeStatus } from './stream-status.ts';
import { Subscription } from './subscription.ts';

/** Ends the stream; no other stream is affected. */
export class StreamRefused extends Error {
  override readonly name = 'StreamRefused';
  readonly reason: 'invalid' | 'limit';
  /** Which limit was reached. */
  readonly limit: LimitName | undefined;

  constructor(reason: 'invalid' | 'limit', message: string, limit?: LimitName) {
    super(message);
    this.reason = reason;
    this.limit = limit;
  }
}

/** What a request means for the response that was in flight. */
export type AckOutcome =
  | { readonly kind: 'None' }
  | { readonly kind: 'Acknowledged'; readonly sentAt: number }
  | { readonly kind: 'Rejected'; readonly rejection: Rejection };

interface TypeState {
  readonly subscription: Subscription;
  /** A name or `*` was seen: from then on an empty list means nothing, not everything. */
  hasNamed: boolean;
  lastNonce: string;
  acknowledgements: number;
  rejections: number;
  lastRejection: Rejection | undefined;
}

/**
 * Dependencies first: a cluster before its endpoints, these before listeners, then routes
 * (https://www.envoyproxy.io/docs/envoy/v1.40.0/api-docs/xds_protocol#eventual-consistency-considerations).
 */
const order: readonly string[] = [
  typeUrls.cluster,
  typeUrls.endpoint,
  typeUrls.listener,
  typeUrls.scopedRoute,
  typeUrls.route,
];

/** Types that refer to clusters, and by them to endpoints. */
const referrers: readonly string[] = [typeUrls.listener, typeUrls.scopedRoute, typeUrls.route];
const heldRemovals: readonly string[] = [typeUrls.cluster, typeUrls.endpoint];

/**
 * Types of which a state-of-the-world response carries all: listeners and clusters by the protocol, scoped routes because
 * Envoy removes those that are missing (source/common/router/scoped_rds.cc), and our own. Of the others it may carry a
 * part.
 */
const fullState: readonly string[] = [typeUrls.listener, typeUrls.cluster, typeUrls.scopedRoute, typeUrls.serviceView];

const deadNamesFactor = 5;

const longestReason = 1_000;

/** The state of one client's stream over all types: requests in, responses out, no I/O. */
export class ClientStream {
  readonly variant: Variant;
  readonly #cache: ResourceCache;
  readonly #limits: Limits;
  readonly #onWork: () => void;
  readonly #types = new Map<string, TypeState>();
  readonly #owedRefreshes = new OwedRefreshes();
  /** Whether the client has answered a response. By then its first requests of all types were read. */
  #hasRoundTrip = false;
  #ordered: TypeState[] = [];
  #view: ClientView;

  /** @param onWork called when there may be something to send */
  constructor(options: {
    readonly variant: Variant;
    readonly cache: ResourceCache;
    readonly view: ClientView;
    readonly limits: Limits;
    readonly onWork: () => void;
  }) {
    this.variant = options.variant;
    this.#cache = options.cache;
    this.#view = options.view;
    this.#limits = options.limits;
    this.#onWork = options.onWork;
  }

  get view(): ClientView {
    return this.#view;
  }

  set view(view: ClientView) {
    this.#view = view;
    for (const { subscription } of this.#ordered) subscription.viewChanged(view);
  }

  /** Nothing to send and nothing awaited. */
  get isSettled(): boolean {
    return this.#ordered.every(({ subscription }) => !subscription.isBehind && subscription.inFlight === undefined);
  }

  /** What is kept of that which the client asked for, of all types. */
  get heldBytes(): number {
    return this.#ordered.reduce((sum, { subscription }) => sum + subscription.heldBytes, 0);
  }

  /** There may be something that may be sent now. */
  get hasWork(): boolean {
    return this.#ordered.some(({ subscription }) => subscription.hasWork);
  }

  hasWorkOf(rank: Rank): boolean {
    return this.#ordered.some(({ subscription }) => subscription.hasWork && rankOf(subscription.typeUrl) === rank);
  }

  /** @throws StreamRefused */
  receiveDelta(request: DeltaRequest): AckOutcome {
    this.#checkLength(request.subscribe.firstLongerThan(this.#limits.nameLength));
    const isFirst = !this.#types.has(request.typeUrl);
    const type = this.#type(request.typeUrl);
    const outcome = this.#judge(type, request.nonce, request.error);
    // In this order a client that switches to other names never seems to have unsubscribed from everything.
    this.#subscribe(type, request, isFirst);
    this.#unsubscribe(type, request);
    if (isFirst) this.#payRefreshes(type, request);
    this.#checkCount(type);
    this.#checkEmpty(type);
    return outcome;
  }

  /** @throws StreamRefused */
  receiveSotw(request: SotwRequest): AckOutcome {
    this.#checkLength(request.names.find((name) => name.length > this.#limits.nameLength));
    const isFirst = !this.#types.has(request.typeUrl);
    const type = this.#type(request.typeUrl);
    if (isFirst && (request.version ?? '') !== '') type.subscription.comesBack();
    // A later request with the right nonce follows; until a response was sent there is no right one.
    const isStale = request.nonce !== '' && type.lastNonce !== '' && request.nonce !== type.lastNonce;
    if (isStale) return { kind: 'None' };
    const outcome = this.#judge(type, request.nonce, request.error);
    this.#setNames(type, request, outcome);
    this.#checkCount(type);
    this.#checkEmpty(type);
    return outcome;
  }

  /**
   * What to send next, if anything may be sent; `later`: call again, the time is over.
   * @param rank whose turn it is: its types go first, as endpoints that change all the time would keep the others waiting
   */
  next(deadline: number, rank: Rank = 'endpoints'): Collected {
    const collected = this.#firstOf(rank === 'endpoints' ? this.#inOrder() : this.#firstOfRank(rank), deadline);
    if (collected !== undefined) return collected;
    // Removals may have waited for a type that then turned out to have nothing to send.
    const released = this.#ordered.filter(({ subscription: { typeUrl } }) => {
      return heldRemovals.includes(typeUrl) && !this.#holdsRemovals(typeUrl);
    });
    return this.#firstOf(released, deadline);
  }

  /** A response was written. @param changed names of those resources that the client has not had in this version */
  sent(changed: readonly string[], inFlight: InFlight): void {
    const { typeUrl } = inFlight.batch;
    const type = this.#types.get(typeUrl);
    if (type === undefined) return;
    type.lastNonce = inFlight.nonce;
    type.subscription.sent(inFlight);
    this.#refresh(type.subscription, changed);
  }

  /** Types whose response was written before this time of `performance.now()` and is not acknowledged. */
  overdue(before: number): readonly { readonly typeUrl: string; readonly sentAt: number }[] {
    const waiting = this.#ordered.map(({ subscription }) => ({
      typeUrl: subscription.typeUrl,
      sentAt: subscription.inFlight?.sentAt ?? before,
    }));
    return waiting.filter(({ sentAt }) => sentAt < before);
  }

  status(withResources: boolean): readonly TypeStatus[] {
    const epoch = Date.now() - performance.now();
    return this.#ordered.map(({ subscription, acknowledgements, rejections, lastRejection }) => ({
      typeUrl: subscription.typeUrl,
      wildcard: subscription.wildcard,
      named: subscription.namedCount,
      ...subscription.status.progress(),
      acknowledgements,
      rejections,
      lastRejection,
      rejected: subscription.status.rejectedNames(),
      outstandingSince: subscription.inFlight === undefined ? undefined : epoch + subscription.inFlight.sentAt,
      resources: withResources ? subscription.status.resources() : undefined,
    }));
  }

  close(): void {
    for (const { subscription } of this.#ordered) {
      subscription.close();
      this.#cache.releaseStore(subscription.store);
    }
    this.#types.clear();
    this.#ordered = [];
  }

  #type(typeUrl: string): TypeState {
    const existing = this.#types.get(typeUrl);
    if (existing !== undefined) return existing;
    if (this.#types.size >= this.#limits.typesPerStream) {
      const { typesPerStream } = this.#limits;
      throw new StreamRefused('limit', `More than ${typesPerStream} resource types on one stream`, 'typesPerStream');
    }
    const state: TypeState = {
      subscription: new Subscription(this.#cache.store(typeUrl), this.#view, this.variant !== 'sotw', this.#onWork),
      hasNamed: false,
      lastNonce: '',
      acknowledgements: 0,
      rejections: 0,
      lastRejection: undefined,
    };
    this.#types.set(typeUrl, state);
    this.#ordered = [...this.#types.values()].sort((one, other) => rank(one) - rank(other));
    return state;
  }

  #checkLength(long: string | undefined): void {
    if (long === undefined) return;
    const shown = `${long.slice(0, 64)}…`;
    throw new StreamRefused('invalid', `Resource name ${shown} has more than ${this.#limits.nameLength} characters`);
  }

  #checkCount({ subscription }: TypeState): void {
    const { namesPerType } = this.#limits;
    // Dead names, which an Envoy collects, are answered and dropped; no real client gets to this many at once.
    const isUnanswerable = subscription.unansweredNames > deadNamesFactor * namesPerType;
    if (subscription.liveNames <= namesPerType && !isUnanswerable) return;
    const what = `More than ${namesPerType} names of ${subscription.typeUrl} on one stream`;
    throw new StreamRefused('limit', what, 'namesPerType');
  }

  /** What was in flight for a client that unsubscribed from everything is no longer awaited, and removals may have waited for it. */
  #checkEmpty({ subscription }: TypeState): void {
    if (subscription.namedCount === 0 && !subscription.wildcard) this.#onWork();
  }

  #judge(type: TypeState, nonce: string, error: string | undefined): AckOutcome {
    const { inFlight } = type.subscription;
    if (inFlight === undefined || inFlight.nonce !== nonce) return { kind: 'None' };
    this.#hasRoundTrip = true;
    if (error !== undefined) return this.#reject(type, error);
    type.acknowledgements += 1;
    type.subscription.acknowledge();
    this.#onWork();
    return { kind: 'Acknowledged', sentAt: inFlight.sentAt };
  }

  #reject(type: TypeState, error: string): AckOutcome {
    const names = type.subscription.reject(this.#isPartial(type.subscription));
    const message = error.length > longestReason ? `${error.slice(0, longestReason)}…` : error;
    type.rejections += 1;
    type.lastRejection = { message, at: Date.now(), names };
    this.#onWork();
    return { kind: 'Rejected', rejection: type.lastRejection };
  }

  #unsubscribe({ subscription }: TypeState, { subscribe, unsubscribe }: DeltaRequest): void {
    if (unsubscribe.length === 0) return;
    const kept = new Set(subscribe);
    for (const name of unsubscribe) {
      if (kept.has(name)) continue;
      if (name === '*') subscription.unsetWildcard();
      else subscription.unsubscribe(name);
    }
  }

  #subscribe(type: TypeState, request: DeltaRequest, isFirst: boolean): void {
    const { subscription } = type;
    const isLegacyWildcard = isFirst && request.subscribe.length === 0;
    const wildcard = isLegacyWildcard || request.subscribe.includes('*');
    if (isFirst) {
      const known = this.variant === 'node' ? request.known : undefined;
      subscription.resume({ wildcard, names: request.subscribe, claims: request.initialVersions, known });
      if (this.variant === 'node') subscription.promiseCompletion();
    } else {
      if (wildcard) subscription.setWildcard();
      for (const name of request.subscribe) if (name !== '*') subscription.subscribe(name);
    }
    // A new client waits for an answer even if there is nothing. One that returns knows what it has, but Envoy does not take a
    // stream permanently before something came on it, and waits longer each time before it opens the next one (up to 3 s).
    const isFirstOfStream = this.#types.size === 1;
    if (wildcard && (isFirstOfStream || request.initialVersions.length === 0)) subscription.oweAnswer();
  }

  #setNames(type: TypeState, request: SotwRequest, outcome: AckOutcome): void {
    const { subscription } = type;
    const isLegacyWildcard = request.names.length === 0 && !type.hasNamed;
    const wantsWildcard = isLegacyWildcard || request.names.includes('*');
    const names = new Set(request.names);
    names.delete('*');
    type.hasNamed ||= request.names.length > 0;
    const isMore = this.#setWildcard(type, wantsWildcard);
    const added = [...names].filter((name) => !subscription.isNamed(name));
    for (const name of added) subscription.subscribe(name);
    const isLess = subscription.namedCount > names.size;
    if (isLess) subscription.keepOnly(names);
    subscription.listed(names);
    const isPartial = this.#isPartial(subscription);
    if (!isPartial && (isMore || added.length > 0)) subscription.oweAnswer();
    // The same names with a nonce that was handled before: the client dropped some and wants them again, or one of
    // its clusters waits for its endpoints.
    const isRepeated = outcome.kind === 'None' && request.nonce !== '' && added.length === 0 && !isLess;
    if (isRepeated && isPartial && subscription.inFlight === undefined) subscription.forceAll();
  }

  /** @returns whether it was set now */
  #setWildcard({ subscription }: TypeState, wanted: boolean): boolean {
    if (wanted === subscription.wildcard) return false;
    if (wanted) subscription.setWildcard();
    else subscription.unsetWildcard();
    return wanted;
  }

  /** Endpoints first, as they are small and urgent, unless a cluster is about to be sent that must come before them. */
  #inOrder(): readonly TypeState[] {
    const cluster = this.#types.get(typeUrls.cluster)?.subscription;
    const endpoint = this.#types.get(typeUrls.endpoint);
    if (cluster?.hasWork !== true || endpoint?.subscription.hasWork !== true) return this.#ordered;
    const isAwaited = ({ typeUrl, name }: ResourceName) =>
      typeUrl === typeUrls.endpoint && endpoint.subscription.isDirty(name);
    const waits = cluster.someDirty((name) => refreshesOf(cluster, name).some(isAwaited));
    return waits ? this.#ordered : [endpoint, ...this.#ordered.filter((type) => type !== endpoint)];
  }

  #firstOfRank(rank: Rank): readonly TypeState[] {
    const isOfRank = ({ subscription }: TypeState) => rankOf(subscription.typeUrl) === rank;
    return [...this.#ordered.filter(isOfRank), ...this.#ordered.filter((type) => !isOfRank(type))];
  }

  #firstOf(types: readonly TypeState[], deadline: number): Collected {
    for (const { subscription } of types) {
      const collected = subscription.hasWork ? this.#collect(subscription, deadline) : undefined;
      if (collected !== undefined) return collected;
    }
    return undefined;
  }

  #collect(subscription: Subscription, deadline: number): Collected {
    const holdRemovals = this.#holdsRemovals(subscription.typeUrl);
    const options = { maxBytes: this.#limits.responseBytes, deadline, holdRemovals };
    const collected = this.#collectAs(subscription, options);
    if (collected !== undefined || !this.#needsRoundTrip(subscription)) return collected;
    subscription.oweAnswer();
    return this.#collectAs(subscription, options);
  }

  #collectAs(subscription: Subscription, options: CollectOptions): Collected {
    if (this.#isPartial(subscription)) return subscription.collectPart(options, this.variant !== 'sotw');
    return subscription.collectAll(options);
  }

  /** A response may carry a part of what is subscribed. */
  #isPartial(subscription: Subscription): boolean {
    return this.variant !== 'sotw' || !fullState.includes(subscription.typeUrl);
  }

  /**
   * What is removed may still be referred to, by something that is not acknowledged or that was not even asked for yet. Endpoints
   * are removed after their cluster, but do not wait for its acknowledgement: Envoy withholds that while a cluster warms, which ends
   * with endpoints, or with hearing that there are none.
   */
  #holdsRemovals(typeUrl: string): boolean {
    if (!heldRemovals.includes(typeUrl)) return false;
    const comesFirst =
      typeUrl === typeUrls.endpoint && this.#types.get(typeUrls.cluster)?.subscription.hasWork === true;
    const mayRefer = referrers.some((referrer) => {
      const subscription = this.#types.get(referrer)?.subscription;
      return subscription !== undefined && (subscription.isBehind || subscription.inFlight !== undefined);
    });
    return comesFirst || mayRefer || !this.#hasRoundTrip;
  }

  /**
   * Only removals are left, and the client, which has returned, may not have asked for everything yet. It acknowledges an
   * empty response after its first requests.
   */
  #needsRoundTrip(subscription: Subscription): boolean {
    const isHeld = !this.#hasRoundTrip && heldRemovals.includes(subscription.typeUrl) && subscription.isBehind;
    return isHeld && this.#ordered.every(({ subscription: { inFlight } }) => inFlight === undefined);
  }

  /**
   * A new or changed cluster of Envoy warms until its endpoints are sent again, even if unchanged, and a delta client does
   * not ask for them again (https://github.com/envoyproxy/envoy/issues/13009).
   */
  #refresh(subscription: Subscription, changed: readonly string[]): void {
    if (!subscription.store.hasRefreshes) return;
    for (const resource of changed.flatMap((name) => refreshesOf(subscription, name))) {
      const refreshed = this.#types.get(resource.typeUrl)?.subscription;
      if (refreshed === undefined) this.#owedRefreshes.owe(resource);
      else refreshed.force(resource.name);
    }
  }

  /**
   * Envoy asks for clusters first, except while one warms: then it leaves them out, and which one awaits its endpoints
   * cannot be known (ClusterManagerImpl::updateClusterCounts pauses the type).
   */
  #payRefreshes({ subscription }: TypeState, { typeUrl, initialVersions }: DeltaRequest): void {
    const owed = this.#owedRefreshes.take(typeUrl);
    const someWarm = typeUrl === typeUrls.endpoint && initialVersions.length > 0 && !this.#types.has(typeUrls.cluster);
    if (owed === 'All' || someWarm) subscription.forceAll();
    else for (const name of owed) subscription.force(name);
  }
}

function refreshesOf({ store }: Subscription, name: string): readonly ResourceName[] {
  return store.find(name)?.entry?.refreshes ?? [];
}

function rank({ subscription }: TypeState): number {
  const position = order.indexOf(subscription.typeUrl);
  return position === -1 ? order.length : position;
}
