/** Rows of the contract that a column does not keep, and why; a row that holds must go from here. */
type Differences = Readonly<Record<string, string>>;

export const kubeProxyDifferences: Differences = {};

export const kernelDifferences: Differences = {};

export const envoyDifferences: Differences = {
  'An endpoint that refuses connections is not tried again elsewhere: the client is refused':
    'Envoy has taken the connection when it meets the refusal: it tries the other endpoints, which spares most clients the error, and resets the connection when all refuse',
};
