/** The text of a kubeconfig with one context; JSON is YAML. Without `trust` it takes any certificate. */
export function kubeconfigOf(server: string, user: object = {}, trust?: object): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'c', cluster: { server, ...(trust ?? { 'insecure-skip-tls-verify': true }) } }],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  });
}
