import type { ClusterOptions, Cni, Family, ProxyKind } from './layout.ts';

export const clusterUsage = `Settings, as variables of the environment or of make:
  PROXY=kube-proxy|fairlead|none   what programs Services in each node (default: fairlead)
  CNI=ptp|bridge                   pods routed by a veth pair each (default), or on a Linux bridge
  IPFAMILY=ipv4|ipv6|dual          of nodes, pods and Services (default: ipv4)
  NODES=2..6                       nodes; zones zone-1 to zone-3 in turn (default: 2)
  LB=1                             a stand-in for a cloud's load balancer
  INSTANCE=0..9                    several clusters at one time on one machine (default: 0)`;

const familiesByName: Readonly<Record<string, readonly Family[]>> = {
  ipv4: ['IPv4'],
  ipv6: ['IPv6'],
  dual: ['IPv4', 'IPv6'],
};

/**
 * Reads the settings of a cluster.
 * @throws with the name of the setting that makes no sense
 */
export function clusterOptions(env: NodeJS.ProcessEnv): ClusterOptions {
  return {
    instance: instanceOf(env),
    proxy: oneOf<ProxyKind>(env, 'PROXY', ['fairlead', 'kube-proxy', 'none']),
    cni: oneOf<Cni>(env, 'CNI', ['ptp', 'bridge']),
    families: familiesByName[oneOf(env, 'IPFAMILY', Object.keys(familiesByName))] ?? [],
    nodes: numberOf(env, 'NODES', { least: 2, most: 6, otherwise: 2 }),
    loadBalancer: oneOf(env, 'LB', ['0', '1']) === '1',
  };
}

/** For a command that makes a cluster and removes it: not the one that somebody works with. */
export function ownClusterOptions(env: NodeJS.ProcessEnv): ClusterOptions {
  return clusterOptions({ ...env, INSTANCE: env['INSTANCE'] || '9' });
}

export function instanceOf(env: NodeJS.ProcessEnv): number {
  return numberOf(env, 'INSTANCE', { least: 0, most: 9, otherwise: 0 });
}

/** The value of a setting; the first choice is the default. */
function oneOf<T extends string>(env: NodeJS.ProcessEnv, name: string, choices: readonly T[]): T {
  const given = env[name] || choices[0];
  const found = choices.find((choice) => choice === given);
  if (found === undefined) throw new Error(`${name}=${given}: expected one of ${choices.join(', ')}`);
  return found;
}

interface Range {
  readonly least: number;
  readonly most: number;
  readonly otherwise: number;
}

export function numberOf(env: NodeJS.ProcessEnv, name: string, { least, most, otherwise }: Range): number {
  const given = Number(env[name] || otherwise);
  if (Number.isInteger(given) && given >= least && given <= most) return given;
  throw new Error(`${name}=${env[name]}: expected a number from ${least} to ${most}`);
}
