import type { RedirectControl } from '../envoy/envoy-watch.ts';
import type { Conntrack } from './conntrack.ts';
import type { FamilyTable } from './family-table.ts';
import type { AddressNames, Gate } from './gate.ts';
import type { KernelSync } from './kernel-sync.ts';

/** The gates and captures of all families as one. */
export class RedirectTables implements RedirectControl {
  readonly #tables: readonly FamilyTable[];
  readonly #kernel: KernelSync;
  readonly #conntrack: Conntrack;

  constructor(tables: readonly FamilyTable[], kernel: KernelSync, conntrack: Conntrack) {
    this.#conntrack = conntrack;
    this.#tables = tables;
    this.#kernel = kernel;
  }

  missingScopes(): number {
    return this.#tables.reduce((sum, { elements }) => sum + elements.capture.missingScopes.size, 0);
  }

  coveredBy(scopes: AddressNames): boolean {
    return this.#tables.every(({ elements }) => elements.capture.coveredBy(scopes));
  }

  setScopes(scopes: AddressNames): void {
    for (const { elements } of this.#tables) elements.capture.setScopes(scopes);
  }

  setGate(gate: Gate): void {
    for (const { elements } of this.#tables) elements.capture.setGate(gate);
  }

  commit(): Promise<void> {
    return this.#kernel.flush();
  }

  redirectUnanswered(): Promise<void> {
    return this.#conntrack.forgetUnanswered();
  }
}
