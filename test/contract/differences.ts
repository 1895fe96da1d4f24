/** Rows of the contract that a column does not keep, and why; a row that holds must go from here. */
type Differences = Readonly<Record<string, string>>;

export const kubeProxyDifferences: Differences = {};

/** Rows that wait for a part of the agent. */
const pending: Differences = {
  ...because('only cluster IPs are programmed yet', [
    'A node port answers on every node, to everyone',
    'A node port ends with the type of its Service',
    'A node port of one number for TCP and UDP',
    'New connections are spread over all endpoints',
    'Source ranges of the other family do not matter',
    'An external IP answers whoever sends to it by a node',
    'The address of a load balancer is taken on the node',
    'A load balancer without node ports',
    'A load balancer is taken away',
    'Source ranges protect the address of the load balancer, from pods too, and no other address',
    'Source ranges that are everything let everyone in',
    'Source ranges that change',
    'External policy Local, endpoints elsewhere only: silence to clients outside, short circuit for those inside',
    'External policy Local, an endpoint on this node',
    'Terminating endpoints are not used while others are ready',
    'Cluster policies, endpoints elsewhere only',
    'Cluster policies, endpoints here and elsewhere',
    'Internal policy Local, an endpoint on this node',
    'Hints hold for node ports of external policy Cluster',
    'Hints hold for the short circuit of external policy Local',
    'Internal policy Local, endpoints elsewhere only: silence, but for the external addresses',
    'Each node falls back to its own terminating endpoints under Local policies',
    'Internal policy Local, no endpoints: refused',
    'Without a ready endpoint those that still serve while terminating are used',
    'The external policy changes',
    'Cluster policies, no endpoints: refused',
    'External policy Local, no endpoints: refused',
    'Endpoints that do not serve any more are never used',
    "A pod that speaks to another node's port is subject to that node's rules",
    'External policy Cluster: everyone gets the address of the node, pods too',
    'External policy Local: clients outside and pods keep their address, the node has its own',
    'A pod that reaches itself by an external address is seen as its node',
    'A pod that reaches itself by the short circuit is seen as its node',
    'Pods known by the CIDR of the cluster',
    'Pods known by the names of their interfaces',
    'Node ports on all addresses',
    'Node ports on the primary addresses only, by default',
    'A UDP flow to a node port goes to the new endpoint',
    'A TCP connection by a node port goes on, too',
    'A UDP flow to a load balancer goes to the new endpoint',
  ]),
  ...because('sessionAffinity is not programmed yet', [
    'Affinity holds for every address of a Service, and it is one',
    'With ClientIP affinity a client stays with its endpoint',
    'Affinity is turned off and on',
    'Affinity ends when a client was away for its time-out',
    'Affinity lasts while endpoints come and go, and ends with its endpoint',
    'Affinity of clients outside',
    'Affinity survives a restart of the proxy',
  ]),
  ...because('the agent does not serve or set this yet', [
    'With masqueradeAll every client of a cluster IP gets the address of the node',
    'Time-outs of connection tracking',
    'The mode of the proxy on :10249',
    "kube-proxy's metrics on :10249",
    'Health and configuration on :10249',
    'Health and liveness on :10256, for load balancers outside',
    'A node that is to be removed is not eligible, and alive',
  ]),
  ...because('there are no servers of healthCheckNodePort yet', [
    'One endpoint of several ports counts once, endpoints that are not ready do not count',
    'It is closed with the Service',
    'A node without endpoints answers 503',
    'Each node tells of its own ready endpoints, on any path',
    'Terminating endpoints take connections but do not count',
    'It is open without any endpoint',
    'It is closed while the policy is Cluster',
  ]),
  ...because('connection tracking is not cleaned yet', [
    'A UDP flow to a cluster IP goes to the new endpoint',
    'A UDP flow of a node goes to the new endpoint',
    'A UDP flow under internal policy Local goes to the new endpoint of its node',
    'A UDP flow goes to the new port of its endpoint',
  ]),
};

export const kernelDifferences: Differences = pending;

export const envoyDifferences: Differences = {
  ...pending,
  'An endpoint that refuses connections is not tried again elsewhere: the client is refused':
    'Envoy has taken the connection when it meets the refusal: it tries the other endpoints, which spares most clients the error, and resets the connection when all refuse',
  'A TCP connection outlives its Service':
    "packets to an address that is no Service's any more do not find Envoy's socket: the connection hangs",
};

function because(reason: string, rows: readonly string[]): Differences {
  return Object.fromEntries(rows.map((row) => [row, reason]));
}
