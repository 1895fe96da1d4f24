import type { Endpoint } from '../../model/endpoint.ts';

/** An endpoint of one Service port. */
export interface Candidate {
  readonly endpoint: Endpoint;
  readonly port: number;
}

/** One order for every list, so that what is built does not depend on the order of the slices or of their endpoints. */
export function byAddress(a: Candidate, b: Candidate): number {
  return compare(a.endpoint.address, b.endpoint.address) || a.port - b.port || byUsability(a.endpoint, b.endpoint);
}

/** The order of one slice, where all endpoints of a port have its number. */
export function byEndpoint(a: Endpoint, b: Endpoint): number {
  return compare(a.address, b.address) || byUsability(a, b);
}

/** Of entries for one address, the one that counts is first. */
function byUsability(a: Endpoint, b: Endpoint): number {
  return (
    usability(a) - usability(b) ||
    compare(a.nodeName ?? '', b.nodeName ?? '') ||
    compare(a.zone ?? '', b.zone ?? '') ||
    compare(hintsOf(a), hintsOf(b)) ||
    // Nothing may be left to the order of the slices, which changes when one is replaced.
    compare(conditionsOf(a), conditionsOf(b))
  );
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function hintsOf({ hintNodes, hintZones }: Endpoint): string {
  return `${hintNodes.join()} ${hintZones.join()}`;
}

function conditionsOf({ ready, serving, terminating }: Endpoint): string {
  return `${ready} ${serving} ${terminating}`;
}

function usability(endpoint: Endpoint): number {
  if (endpoint.ready) return 0;
  return isFallback(endpoint) ? 1 : 2;
}

/** Serving while terminating: used only where nothing is ready (KEP-1669). */
function isFallback(endpoint: Endpoint): boolean {
  return endpoint.serving && endpoint.terminating;
}

export function isUsable(endpoint: Endpoint): boolean {
  return endpoint.ready || isFallback(endpoint);
}

/**
 * The ready ones of candidates in order, else those that still serve while terminating; one for each address and port.
 * Where slices disagree about one, the ready entry counts (kube-proxy 1.36 prefers the one that is not terminating: an
 * address may be reused while the old pod is still listed).
 */
export function usableOf(candidates: readonly Candidate[]): readonly Candidate[] {
  const one = distinct(candidates);
  const ready = one.filter(({ endpoint }) => endpoint.ready);
  return ready.length > 0 ? ready : one.filter(({ endpoint }) => isFallback(endpoint));
}

/** Of candidates in order, those that are serving, whatever may be said of them otherwise. */
export function servingOf(candidates: readonly Candidate[]): readonly Candidate[] {
  return distinct(candidates.filter(({ endpoint }) => endpoint.serving));
}

function distinct(candidates: readonly Candidate[]): readonly Candidate[] {
  return candidates.filter((candidate, index) => !sameAddress(candidates[index - 1], candidate));
}

function sameAddress(a: Candidate | undefined, b: Candidate): boolean {
  return a?.port === b.port && a.endpoint.address === b.endpoint.address;
}

/** All of it, as text: messages may be made of what selection does not look at. */
export function identityOf({ endpoint, port }: Candidate): string {
  const { address, nodeName = '', zone = '' } = endpoint;
  return `${address} ${port} ${conditionsOf(endpoint)} ${nodeName} ${zone} ${hintsOf(endpoint)}`;
}
