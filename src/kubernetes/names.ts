/** RFC 1123 label: what Kubernetes takes for the names of namespaces, Services and ports. At most 63 characters. */
export function isDnsLabel(text: string): boolean {
  return text.length <= 63 && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(text);
}

/** RFC 1123 subdomain: labels joined by dots, at most 253 characters; the names of most other objects. */
export function isDnsSubdomain(text: string): boolean {
  return text.length <= 253 && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/.test(text);
}

export const labelRule = 'a DNS label (at most 63 of a-z, 0-9 and -, a letter or digit at both ends)';
export const subdomainRule =
  'a DNS subdomain (at most 253 of a-z, 0-9, - and ., a letter or digit at both ends of each part)';

/** A key of the model: `namespace/name`, of cluster-scoped objects the name. */
export function splitKey(key: string): { readonly namespace: string; readonly name: string } {
  const at = key.indexOf('/');
  return { namespace: key.slice(0, Math.max(0, at)), name: key.slice(at + 1) };
}
