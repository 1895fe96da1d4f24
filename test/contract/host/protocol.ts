/** What a test and the process in a host's network namespace say to each other: one line of JSON each way. */

export type Protocol = 'tcp' | 'udp' | 'http';

export interface Place {
  readonly protocol: Protocol;
  readonly address: string;
  readonly port: number;
}

export type Order =
  /**
   * New connections (or datagrams from new ports), one after the other, until one is not answered: `count`, and up to 200 while
   * someone of `meet` has not answered. With a pause, until two have answered.
   */
  | {
      readonly kind: 'Dial';
      readonly to: Place;
      readonly count: number;
      readonly meet: readonly string[];
      readonly timeoutMs: number;
      /** Between two connections. */
      readonly pauseMs?: number;
    }
  /** A new connection every few milliseconds until one is answered; `throughProxy`: by an endpoint that sees another source port. */
  | { readonly kind: 'Await'; readonly to: Place; readonly throughProxy: boolean; readonly withinMs: number }
  /** A socket that stays: what is sent on it shows what becomes of a flow that exists. */
  | { readonly kind: 'Open'; readonly session: string; readonly to: Place }
  | { readonly kind: 'Send'; readonly session: string; readonly timeoutMs: number }
  | { readonly kind: 'Fetch'; readonly url: string; readonly timeoutMs: number };

/** `by` is the answering host and `seenAs` the address that it saw. */
export interface Answered {
  readonly kind: 'Answered';
  readonly by: string;
  readonly seenAs: string;
  /** Whether the endpoint saw the client's own source port: no proxy and no masquerade was on the way. */
  readonly keepsPort: boolean;
}

export type Outcome =
  | Answered
  | { readonly kind: 'Refused' }
  | { readonly kind: 'TimedOut' }
  | { readonly kind: 'Failed'; readonly error: string };

export interface Fetched {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export type Reply =
  | { readonly kind: 'Outcomes'; readonly outcomes: readonly Outcome[] }
  | { readonly kind: 'Fetched'; readonly answer: Fetched }
  | { readonly kind: 'Broken'; readonly error: string };

export interface Numbered<T> {
  readonly number: number;
  readonly content: T;
}
