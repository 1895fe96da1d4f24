/** Rows of the contract that a column does not keep, and why; a row that holds must go from here. */
type Differences = Readonly<Record<string, string>>;

export const kubeProxyDifferences: Differences = {};

/** Rows that wait for a part of the agent. */
const pending: Differences = because(
  'UDP flows to endpoints that are gone are not removed from connection tracking yet',
  [
    'A UDP flow to a cluster IP goes to the new endpoint',
    'A UDP flow of a node goes to the new endpoint',
    'A UDP flow to a node port goes to the new endpoint',
    'A UDP flow to a load balancer goes to the new endpoint',
    'A UDP flow under internal policy Local goes to the new endpoint of its node',
    'A UDP flow goes to the new port of its endpoint',
    "kube-proxy's metrics on :10249",
  ],
);

export const kernelDifferences: Differences = { ...pending };

export const envoyDifferences: Differences = {
  ...pending,
  'An endpoint that refuses connections is not tried again elsewhere: the client is refused':
    'Envoy has taken the connection when it meets the refusal: it tries the other endpoints, which spares most clients the error, and resets the connection when all refuse',
};

function because(reason: string, rows: readonly string[]): Differences {
  return Object.fromEntries(rows.map((row) => [row, reason]));
}
