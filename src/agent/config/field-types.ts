import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import { formatHostPort, type HostPort, parseHostPort } from '../../base/host-port.ts';
import { marksIn } from '../../base/marks.ts';

/** How a field's value is written, in the file and in a flag. */
export interface FieldType<T> {
  /** For messages: "is X, not EXPECTED". */
  readonly expected: string;
  /** From the file; undefined: the value is not of this type. */
  readonly read: (raw: unknown) => T | undefined;
  /** What the texts of a flag are in the file. A flag may be repeated; one that takes no value has none. */
  readonly ofFlag: (texts: readonly string[]) => unknown;
  /** As it stands in the file. */
  readonly write: (value: T) => unknown;
}

const last = (texts: readonly string[]): string => texts.at(-1) ?? '';

export function text(expected: string, pattern: RegExp): FieldType<string> {
  const read = (raw: unknown) => (typeof raw === 'string' && pattern.test(raw) ? raw : undefined);
  return { expected, read, ofFlag: last, write: (value) => value };
}

export const boolean: FieldType<boolean> = {
  expected: 'true or false',
  read: (raw) => (typeof raw === 'boolean' ? raw : undefined),
  ofFlag: (texts) => ({ true: true, false: false })[last(texts) || 'true'] ?? last(texts),
  write: (value) => value,
};

export function integer(min: number, max: number): FieldType<number> {
  return {
    expected: `a whole number from ${min} to ${max}`,
    read: (raw) => (Number.isInteger(raw) && Number(raw) >= min && Number(raw) <= max ? Number(raw) : undefined),
    ofFlag: (texts) => (/^\d+$/.test(last(texts)) ? Number(last(texts)) : last(texts)),
    write: (value) => value,
  };
}

export function choice<const T extends string>(choices: readonly T[]): FieldType<T> {
  return {
    expected: `one of ${choices.join(', ')}`,
    read: (raw) => choices.find((each) => each === raw),
    ofFlag: last,
    write: (value) => value,
  };
}

/** A list; in a flag its items may be separated by commas, too. */
export function list<T>(item: FieldType<T>): FieldType<readonly T[]> {
  return {
    expected: `a list, each item ${item.expected}`,
    read: (raw) => {
      if (!Array.isArray(raw)) return undefined;
      const items = raw.map(item.read);
      return items.some((each) => each === undefined) ? undefined : (items as readonly T[]);
    },
    ofFlag: (texts) => texts.flatMap((each) => each.split(',')).map((each) => item.ofFlag([each.trim()])),
    write: (values) => values.map(item.write),
  };
}

/** Items of a text that are separated by commas, as kube-proxy has its clusterCIDR. */
export function commaList<T>(item: FieldType<T>): FieldType<readonly T[]> {
  const items = list(item);
  return {
    expected: `a text, separated by commas, each part ${item.expected}`,
    read: (raw) => (typeof raw === 'string' ? items.read(items.ofFlag([raw])) : undefined),
    ofFlag: (texts) => texts.join(','),
    write: (values) => values.map(item.write).join(','),
  };
}

const unitMs = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 } as const;

/** As Kubernetes writes durations: `24h0m0s`, `1m30s`, `500ms`; in milliseconds. A number alone is in seconds. */
export function duration(maxMs = 7 * 24 * unitMs.h): FieldType<number> {
  return {
    expected: `a duration such as 30s, at most ${formatDuration(maxMs)}`,
    read: (raw) => {
      const ms = typeof raw === 'string' ? parseDuration(raw) : typeof raw === 'number' ? raw * 1_000 : undefined;
      return ms !== undefined && ms >= 0 && ms <= maxMs ? ms : undefined;
    },
    ofFlag: (texts) => (/^\d+$/.test(last(texts)) ? Number(last(texts)) : last(texts)),
    write: formatDuration,
  };
}

export function parseDuration(raw: string): number | undefined {
  if (raw === '0') return 0;
  if (!/^(\d+(\.\d+)?(h|ms|m|s))+$/.test(raw)) return undefined;
  const parts = [...raw.matchAll(/(\d+(?:\.\d+)?)(h|ms|m|s)/g)];
  return parts.reduce((sum, [, number, unit]) => sum + Number(number) * unitMs[unit as keyof typeof unitMs], 0);
}

function formatDuration(ms: number): string {
  const parts = Object.entries(unitMs).map(([unit, size], index, all) => {
    const larger = all[index - 1]?.[1];
    const count = Math.floor((larger === undefined ? ms : ms % larger) / size);
    return count === 0 ? '' : `${count}${unit}`;
  });
  return parts.join('') || '0s';
}

const sizeUnits = { Gi: 2 ** 30, Mi: 2 ** 20, Ki: 2 ** 10 } as const;

/** Bytes as Kubernetes writes them: `512Mi`. */
export const size: FieldType<number> = {
  expected: 'a number of bytes such as 512Mi',
  read: (raw) => {
    const [, digits, unit] = /^(\d+)(Ki|Mi|Gi)?$/.exec(String(raw)) ?? [];
    if (digits === undefined) return undefined;
    return Number(digits) * (unit === undefined ? 1 : sizeUnits[unit as keyof typeof sizeUnits]);
  },
  ofFlag: last,
  write: (value) => {
    const [unit = '', bytes = 1] = Object.entries(sizeUnits).find(([, each]) => value > 0 && value % each === 0) ?? [];
    return `${value / bytes}${unit}`;
  },
};

/** Bits of a mark, as `0x3000` or in decimal. */
export const markMask: FieldType<number> = {
  expected: 'two neighbouring bits of 31, such as 0x3000',
  read: (raw) => {
    const value = typeof raw === 'string' || typeof raw === 'number' ? Number(raw) : Number.NaN;
    return marksIn(value)?.mask;
  },
  ofFlag: last,
  write: (value) => `0x${value.toString(16)}`,
};

export const hostPort: FieldType<HostPort> = {
  expected: 'HOST:PORT',
  read: (raw) => {
    const parsed = typeof raw === 'string' ? parseHostPort(raw) : undefined;
    return parsed === undefined || parsed.host === '' ? undefined : parsed;
  },
  ofFlag: last,
  write: formatHostPort,
};

/** Where a server listens: `HOST:PORT`, `:PORT` for all addresses of both families, or, as with kube-proxy, a host alone. */
export function bindAddress(defaultPort: number): FieldType<HostPort> {
  return {
    expected: 'IP:PORT, :PORT or IP',
    read: (raw) => {
      if (typeof raw !== 'string') return undefined;
      if (isIP(raw) !== 0) return { host: raw, port: defaultPort };
      return parseHostPort(raw);
    },
    ofFlag: last,
    write: formatHostPort,
  };
}

/** A socket: HOST:PORT, or a path. */
export type SocketAddress = ({ readonly kind: 'Tcp' } & HostPort) | { readonly kind: 'Unix'; readonly path: string };

export const socketAddress: FieldType<SocketAddress> = {
  expected: 'HOST:PORT or the path of a socket',
  read: (raw) => {
    if (typeof raw === 'string' && raw.startsWith('/')) return { kind: 'Unix', path: raw };
    const tcp = hostPort.read(raw);
    return tcp === undefined ? undefined : { kind: 'Tcp', ...tcp };
  },
  ofFlag: last,
  write: (value) => (value.kind === 'Unix' ? value.path : formatHostPort(value)),
};

export const cidr: FieldType<string> = {
  expected: 'a CIDR such as 10.244.1.0/24',
  read: (raw) => (typeof raw === 'string' && ipaddr.isValidCIDR(raw) ? raw : undefined),
  ofFlag: last,
  write: (value) => value,
};

/** What NodePorts are reached at: a CIDR, or a word for addresses of the node. */
export const nodePortAddress: FieldType<string> = {
  expected: 'a CIDR, primary or all',
  read: (raw) => (raw === 'primary' || raw === 'all' ? raw : cidr.read(raw)),
  ofFlag: last,
  write: (value) => value,
};

export const ipAddress: FieldType<string> = {
  expected: 'an IP address',
  read: (raw) => (typeof raw === 'string' && isIP(raw) !== 0 ? raw : undefined),
  ofFlag: last,
  write: (value) => value,
};
