import type { IpFamily } from '../../model/service.ts';

/** The body of /healthz and /livez, with kube-proxy's fields in kube-proxy's order (1.36, pkg/proxy/healthcheck). */
export interface HealthReport {
  readonly lastUpdated: string;
  readonly currentTime: string;
  /** Only of /healthz. */
  readonly nodeEligible?: boolean;
  readonly healthy: boolean;
  readonly status: Readonly<Partial<Record<IpFamily, { readonly lastUpdated: string; readonly healthy: boolean }>>>;
}

export interface Clock {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Milliseconds that no one sets back or forward. */
  readonly monotonic: () => number;
}

export const systemClock: Clock = { now: () => Date.now(), monotonic: () => performance.now() };

interface FamilyState {
  /** `now` of the last change that the kernel took; a family that was never programmed counts as healthy. */
  updatedAt: number | undefined;
  /** `monotonic` of the oldest change that it has not taken. */
  queuedAt: number | undefined;
}

/** As Go prints a time that was never set. */
const never = '0001-01-01T00:00:00Z';

/** Whether the kernel follows, by kube-proxy's rule: no change waits for longer than twice the sync period. */
export class ProxyHealth {
  readonly #timeoutMs: number;
  readonly #clock: Clock;
  readonly #families: ReadonlyMap<IpFamily, FamilyState>;
  #isNodeEligible = false;

  constructor(families: readonly IpFamily[], timeoutMs: number, clock: Clock = systemClock) {
    this.#timeoutMs = timeoutMs;
    this.#clock = clock;
    this.#families = new Map(families.map((family) => [family, { updatedAt: undefined, queuedAt: undefined }]));
  }

  /** A change came that the kernel does not have. */
  queued(): void {
    for (const state of this.#families.values()) state.queuedAt ??= this.#clock.monotonic();
  }

  /** The kernel has everything. */
  updated(): void {
    for (const state of this.#families.values()) {
      state.queuedAt = undefined;
      state.updatedAt = this.#clock.now();
    }
  }

  /** False while the node is not known, is being deleted, or the autoscaler is about to remove it (KEP-3836). */
  setNodeEligible(isEligible: boolean): void {
    this.#isNodeEligible = isEligible;
  }

  get isHealthy(): boolean {
    return [...this.#families.values()].every((state) => this.#isFollowing(state));
  }

  /** Of /livez. */
  live(): HealthReport {
    const { isHealthy } = this;
    return { ...this.#times(isHealthy), healthy: isHealthy, status: this.#status() };
  }

  /** Of /healthz: load balancers are told to go elsewhere while the node leaves. `ok`: with status 200. */
  ready(): { readonly ok: boolean; readonly report: HealthReport } {
    const { isHealthy } = this;
    const ok = isHealthy && this.#isNodeEligible;
    const report = {
      ...this.#times(ok),
      nodeEligible: this.#isNodeEligible,
      healthy: isHealthy,
      status: this.#status(),
    };
    return { ok, report };
  }

  /** `lastUpdated` is the current time while all is well, which older versions of kube-proxy began. */
  #times(ok: boolean): Pick<HealthReport, 'lastUpdated' | 'currentTime'> {
    const now = this.#clock.now();
    const last = Math.max(...[...this.#families.values()].map(({ updatedAt = Number.NEGATIVE_INFINITY }) => updatedAt));
    return { lastUpdated: ok ? textOf(now) : textOf(last), currentTime: textOf(now) };
  }

  #status(): HealthReport['status'] {
    const known = [...this.#families].filter(([, { updatedAt }]) => updatedAt !== undefined);
    const entries = known.map(([family, state]) => {
      return [family, { lastUpdated: textOf(state.updatedAt ?? 0), healthy: this.#isFollowing(state) }];
    });
    return Object.fromEntries(entries);
  }

  #isFollowing({ queuedAt, updatedAt }: FamilyState): boolean {
    if (queuedAt === undefined || updatedAt === undefined) return true;
    return this.#clock.monotonic() - queuedAt < this.#timeoutMs;
  }
}

function textOf(ms: number): string {
  return Number.isFinite(ms) ? new Date(ms).toISOString() : never;
}
