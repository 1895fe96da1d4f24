export interface HostPort {
  /** A name or an IP address, without brackets. */
  readonly host: string;
  readonly port: number;
}

/**
 * Reads `HOST:PORT`, or `[IPv6]:PORT`; undefined when the text is neither. `:PORT`, which some programs take for all
 * addresses, has an empty host. A host with colons must be in brackets (RFC 3986 §3.2.2).
 */
export function parseHostPort(text: string): HostPort | undefined {
  const [, bracketed, plain, digits] = /^(?:\[([\da-fA-F:.]+)\]|([^:[\]]*)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  return host === undefined || port > 65_535 ? undefined : { host, port };
}

/** `10.96.0.10:80`, `[fd00::a]:80`: also as Envoy prints %DOWNSTREAM_LOCAL_ADDRESS%. */
export function formatHostPort({ host, port }: HostPort): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
