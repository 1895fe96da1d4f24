import type { Socket } from 'node:net';
import type { Logger } from 'pino';
import type { AddressNames, Gate } from '../kernel/gate.ts';
import { AdminTimeoutError, type EnvoyAdmin } from './envoy-admin.ts';
import { type EnvoyEvent, type EnvoyState, gateOf, nextEnvoyState } from './envoy-state.ts';

/** What the watch controls. */
export interface RedirectControl {
  /** HTTP addresses that wait for their scope to be seen. */
  missingScopes(): number;
  /** Whether these scopes cover everything that is redirected to the `http` listener. */
  coveredBy(scopes: AddressNames): boolean;
  setScopes(scopes: AddressNames): void;
  setGate(gate: Gate): void;
  /** Resolves once what was set is in the kernel. */
  commit(): Promise<void>;
  /** Lets connections that were sent to Envoy and that nobody has answered take the path that is open now. */
  redirectUnanswered(): Promise<void>;
}

/** Between two polls while all is well; a sudden exit is noticed by a connection that breaks. */
const calmMs = 1_000;
const busyMs = 100;
const scopesBaseMs = 20;
const scopesCapMs = 200;
/** After this many polls without success, scopes are looked for at the slow pace: Envoy may never get them. */
const eagerLooks = 50;
/** How long a restarted Envoy may take to get back the scopes that it had, before those it lacks go to the kernel. */
const recoveryMs = 5_000;

/** Polls Envoy's admin interface, and opens and closes the gates accordingly. */
export class EnvoyWatch {
  readonly #admin: EnvoyAdmin;
  readonly #control: RedirectControl;
  readonly #logger: Logger;
  #state: EnvoyState = { kind: 'Absent' };
  #timeouts = 0;
  #fruitlessLooks = 0;
  #connectedAt = 0;
  #tripwire: Socket | undefined;
  #wake: (() => void) | undefined;
  #recheckAsked = false;
  #gone = false;
  #stopped = false;
  #loop: Promise<void> | undefined;

  constructor(admin: EnvoyAdmin, control: RedirectControl, logger: Logger) {
    this.#admin = admin;
    this.#control = control;
    this.#logger = logger;
  }

  /** The kernel's gates are set for it. */
  get state(): EnvoyState {
    return this.#state;
  }

  start(): void {
    this.#loop ??= this.#run();
  }

  /** Something happened that may concern Envoy: polls now. */
  recheck(): void {
    this.#fruitlessLooks = 0;
    this.#recheckAsked = true;
    this.#wake?.();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#wake?.();
    this.#tripwire?.destroy();
    await this.#loop;
    this.#admin.close();
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      this.#recheckAsked = false;
      try {
        await this.#look();
      } catch (error) {
        this.#logger.error({ error }, 'Could not check Envoy');
      }
      await this.#rest();
    }
  }

  async #look(): Promise<void> {
    if (this.#gone) await this.#take({ kind: 'Refused' });
    this.#gone = false;
    await this.#take(await this.#observe());
    if (this.#state.kind === 'Connected') await this.#lookAtScopes();
    if (this.#state.kind === 'Alone' && this.#state.known === undefined) await this.#lookAtKnown();
  }

  async #observe(): Promise<EnvoyEvent> {
    try {
      const status = await this.#admin.status();
      this.#timeouts = 0;
      this.#tripwire ??= this.#setTripwire();
      return { kind: 'Answered', status };
    } catch (error) {
      return this.#failure(error);
    }
  }

  #failure(error: unknown): EnvoyEvent {
    if (!(error instanceof AdminTimeoutError)) return { kind: 'Refused' };
    this.#timeouts += 1;
    return { kind: 'TimedOut', inARow: this.#timeouts };
  }

  /** A connection that breaks when the process ends: a restart between two polls does not go unnoticed. */
  #setTripwire(): Socket {
    return this.#admin.onceGone(() => {
      this.#tripwire = undefined;
      if (this.#stopped) return;
      this.#gone = true;
      this.recheck();
    });
  }

  async #lookAtScopes(): Promise<void> {
    const seen = this.#state.kind === 'Connected' && this.#state.scopesSeen;
    if (seen && this.#control.missingScopes() === 0) return;
    const missingBefore = this.#control.missingScopes();
    const scopes = await this.#dump(() => this.#admin.scopes());
    if (scopes === undefined) return;
    const isRecovering = !seen && performance.now() - this.#connectedAt < recoveryMs;
    if (isRecovering && !this.#control.coveredBy(scopes)) {
      this.#fruitlessLooks += 1;
      return;
    }
    this.#control.setScopes(scopes);
    this.#fruitlessLooks = this.#control.missingScopes() < missingBefore ? 0 : this.#fruitlessLooks + 1;
    if (seen) await this.#control.commit();
    else await this.#take({ kind: 'ScopesSeen' });
  }

  async #lookAtKnown(): Promise<void> {
    const tcp = await this.#dump(() => this.#admin.clusters());
    const routes = await this.#dump(() => this.#admin.routes());
    if (tcp === undefined || routes === undefined) return;
    await this.#take({ kind: 'KnownSeen', tcp, http: new Set([...tcp].filter((name) => routes.has(name))) });
  }

  /** Undefined when Envoy did not answer; the next poll tells why. */
  async #dump(read: () => Promise<AddressNames>): Promise<AddressNames | undefined> {
    try {
      return await read();
    } catch (error) {
      this.#logger.debug({ error }, 'Could not read the configuration of Envoy');
      return undefined;
    }
  }

  async #take(event: EnvoyEvent): Promise<void> {
    const before = this.#state;
    const after = nextEnvoyState(before, event);
    if (after === before) return;
    if (after.kind !== before.kind) this.#logger.info({ from: before.kind, to: after.kind }, 'Envoy changed its state');
    if (after.kind === 'Connected' && before.kind !== 'Connected') this.#connectedAt = performance.now();
    this.#control.setGate(gateOf(after));
    await this.#control.commit();
    if (before.kind !== after.kind && (before.kind === 'Connected' || before.kind === 'Alone'))
      await this.#control.redirectUnanswered();
    this.#state = after;
  }

  async #rest(): Promise<void> {
    if (this.#recheckAsked || this.#stopped) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, this.#restMs());
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = undefined;
  }

  #restMs(): number {
    if (this.#state.kind !== 'Connected') return this.#state.kind === 'Alone' && this.#state.known ? calmMs : busyMs;
    const waitsForScopes = !this.#state.scopesSeen || this.#control.missingScopes() > 0;
    if (!waitsForScopes || this.#fruitlessLooks > eagerLooks) return calmMs;
    return Math.min(scopesCapMs, scopesBaseMs * 2 ** Math.min(this.#fruitlessLooks, 10));
  }
}
