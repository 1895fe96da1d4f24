/** One response, decoded. */
export interface ViewResponse {
  readonly nonce: string;
  readonly resources: readonly {
    readonly name: string;
    readonly version: string;
    readonly body: Uint8Array;
  }[];
  readonly removed: readonly string[];
  /** Everything that existed when the stream asked has been sent; always false of plain delta ADS. */
  readonly complete: boolean;
  /** Buckets in which the controller found other resources than the digests said. */
  readonly staleBuckets: readonly number[];
}

/** What a request says; fields as in fairlead.node.v1.NodeRequest. */
export interface ViewRequest {
  readonly resourceNamesSubscribe?: readonly string[];
  readonly resourceNamesUnsubscribe?: readonly string[];
  readonly initialResourceVersions?: Readonly<Record<string, string>>;
  readonly responseNonce?: string;
  readonly errorDetail?: { readonly code: number; readonly message: string };
  readonly known?: { readonly buckets: number; readonly digests: Uint8Array };
  readonly reports?: readonly RawReport[];
}

/** Message Report. */
export interface RawReport {
  readonly reason: string;
  readonly note: string;
  readonly serviceNamespace?: string;
  readonly serviceName?: string;
}

/** The reasons, by name, why resources of a response were not taken. */
export type Rejections = ReadonlyMap<string, string>;

/** The agent's half of one stream. */
export interface ViewProtocol {
  readonly method: string;
  /** The first request. */
  open(): ViewRequest;
  /** Takes a response before it is applied: what it means for the views that are held, with every name that is gone. */
  take(response: ViewResponse): ViewResponse;
  /** Once it was applied; what was rejected keeps its last good version. */
  record(response: ViewResponse, rejected: Rejections): void;
  /** ACK, or NACK when something was rejected. */
  acknowledge(response: ViewResponse, rejected: Rejections): ViewRequest;
}

/** Longest reason of a NACK, in characters: errors travel in the server's logs and status. */
const reasonLength = 1_000;

/** google.rpc.Code.INVALID_ARGUMENT */
const invalidArgument = 3;

/** The part of an acknowledgement that all protocols share. */
export function verdictOn({ nonce }: ViewResponse, rejected: Rejections): ViewRequest {
  if (rejected.size === 0) return { responseNonce: nonce };
  const message = [...rejected.values()].join('; ').slice(0, reasonLength);
  return { responseNonce: nonce, errorDetail: { code: invalidArgument, message } };
}
