import type { Http1ProtocolOptions } from '../protos/generated/types/envoy/config/core/v3/Http1ProtocolOptions.ts';
import type { Route } from '../protos/generated/types/envoy/config/route/v3/Route.ts';
import type { HttpConnectionManager } from '../protos/generated/types/envoy/extensions/filters/network/http_connection_manager/v3/HttpConnectionManager.ts';
import { durationOf } from './common.ts';

/**
 * Protocols that Envoy carries once the server has taken the upgrade; it has no "any". The last two are what the APIs of
 * Docker and of Kubernetes before 1.31 switch to.
 */
const carried = ['websocket', 'tcp', 'spdy/3.1'] as const;

export const upgradeConfigs = [...carried, 'CONNECT'].map((upgradeType) => ({
  upgradeType,
})) satisfies HttpConnectionManager['upgradeConfigs'];

/** A request for a tunnel goes to the endpoint as it is, as every other does: the Service is a proxy itself, or refuses. */
export function connectRouteTo(cluster: string): Route {
  return {
    match: { connectMatcher: {} },
    route: { cluster, timeout: durationOf(0), upgradeConfigs: [{ upgradeType: 'CONNECT' }] },
  };
}

/**
 * Envoy answers an upgrade that it does not carry with 403. A server ignores one that it does not know (RFC 9110, 7.8), and so does
 * Envoy with what matches here: Apache HttpClient 5.4 (Spring Boot 3.4) offers TLS/1.2 with every request that has no body.
 */
export const ignoredUpgrades = anyBut(carried).map((regex) => ({
  safeRegex: { regex: `(?i)${regex}` },
})) satisfies Http1ProtocolOptions['ignoreHttp_11Upgrade'];

/**
 * Regular expressions, in RE2's syntax, one of which matches every text but these, which are in lower case. RE2 cannot look ahead,
 * and one for all would be longer than Envoy takes (a program size of 100).
 */
export function anyBut(words: readonly string[]): readonly string[] {
  const prefixes = new Set(words.flatMap((word) => Array.from(`${word}.`, (_, length) => word.slice(0, length))));
  return [...prefixes].map((prefix) => {
    const next = words.filter((word) => word.startsWith(prefix) && word !== prefix).map((word) => word[prefix.length]);
    const other = next.length === 0 ? '.' : `[^${next.map((character) => literal(character ?? '')).join('')}]`;
    const rest = words.includes(prefix) ? `${other}.*` : `(?:${other}.*)?`;
    return `${[...prefix].map(literal).join('')}${rest}`;
  });
}

function literal(character: string): string {
  return /[a-z0-9]/.test(character) ? character : `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
}
