/** Addresses as Envoy names them (`10.96.0.10:80`). */
export type AddressNames = ReadonlySet<string>;

/** What may go to Envoy. */
export interface Gate {
  /** Whether everything that asks for the `tcp` listener may. */
  readonly tcp: boolean;
  readonly http: boolean;
  /** What may although the gate of its listener is closed. */
  readonly known: { readonly tcp: AddressNames; readonly http: AddressNames };
}

export const closedGate: Gate = { tcp: false, http: false, known: { tcp: new Set(), http: new Set() } };
