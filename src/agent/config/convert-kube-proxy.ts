import { readYaml } from '../../base/yaml-file.ts';
import { FairleadError } from '../../model/errors.ts';
import { isObject } from './configuration-file.ts';
import { apiVersion, type FieldPath, fieldAt, fieldPaths, kind } from './fields.ts';

/** An AgentConfiguration made of a KubeProxyConfiguration. */
export interface Conversion {
  /** YAML; what could not be taken over stands in comments. */
  readonly text: string;
  /** What could not be taken over, each with the field and the reason. */
  readonly warnings: readonly string[];
}

const kubeProxy = { apiVersion: 'kubeproxy.config.k8s.io/v1alpha1', kind: 'KubeProxyConfiguration' } as const;

/** Fields with the same path and meaning. */
const taken = [
  'hostnameOverride',
  'bindAddress',
  'healthzBindAddress',
  'metricsBindAddress',
  'bindAddressHardFail',
  'detectLocalMode',
  'clusterCIDR',
  'detectLocal.bridgeInterface',
  'detectLocal.interfaceNamePrefix',
  'nodePortAddresses',
  'nftables.masqueradeAll',
  'nftables.syncPeriod',
  'conntrack.maxPerCore',
  'conntrack.min',
  'conntrack.tcpEstablishedTimeout',
  'conntrack.tcpCloseWaitTimeout',
  'conntrack.tcpBeLiberal',
  'conntrack.udpTimeout',
  'conntrack.udpStreamTimeout',
] as const satisfies readonly FieldPath[];

/** Without meaning here: the field, or what it begins with, and why. */
const meaningless: readonly (readonly [path: string, reason: string])[] = [
  ['clientConnection', 'the agent does not speak to the API server; the controller has --kubeconfig and --in-cluster'],
  ['configSyncPeriod', 'the controller watches the API server and never lists again at intervals'],
  ['enableProfiling', 'start node with --inspect or --cpu-prof in NODE_OPTIONS'],
  ['featureGates', "none of kube-proxy's feature gates exists here"],
  ['iptables.localhostNodePorts', 'NodePorts are not reached at 127.0.0.1, as with kube-proxy in nftables mode'],
  ['iptables', 'Fairlead programs nftables'],
  ['ipvs', 'there is no IPVS; for the load balancing of Services that go through Envoy see docs/annotations.md'],
  ['logging', '--log-level sets how much is logged'],
  ['mode', 'Fairlead programs nftables'],
  ['nftables.masqueradeBit', 'connections are masqueraded by markMask; the bit of kube-proxy stays free'],
  ['nftables.minSyncPeriod', 'each change is programmed at once'],
  ['oomScoreAdj', 'the score is that of the container, which follows from its requests and limits'],
  ['portRange', 'kube-proxy does not use it either'],
  ['showHiddenMetricsForVersion', 'no metric is hidden'],
  ['windowsRunAsService', 'Fairlead is for Linux'],
  ['winkernel', 'Fairlead is for Linux'],
];

/**
 * @param name of the file, for messages
 * @throws FairleadError CONFIG_INVALID when it is not a KubeProxyConfiguration, or a value is of a wrong type
 */
export function convertKubeProxy(text: string, name: string): Conversion {
  const reading = readYaml(text, name);
  if (reading.kind === 'Broken') throw new FairleadError('CONFIG_INVALID', reading.mistakes.join('\n'));
  const { value, where } = reading.file;
  if (!isObject(value) || value['kind'] !== kubeProxy.kind || value['apiVersion'] !== kubeProxy.apiVersion) {
    throw new FairleadError('CONFIG_INVALID', `${where([])}: is not a ${kubeProxy.kind} of ${kubeProxy.apiVersion}`);
  }
  const { apiVersion: _version, kind: _kind, ...fields } = value;
  const leaves = new Map(leavesOf(fields));
  const conversion = new KubeProxyConversion(leaves, (path) => where(path.split('.')));
  return conversion.result();
}

/** Fields that say something: kubeadm writes those that are unset as null, "", 0s or empty lists. */
function leavesOf(object: Readonly<Record<string, unknown>>, prefix = ''): readonly [string, unknown][] {
  return Object.entries(object).flatMap(([key, value]): readonly [string, unknown][] => {
    const path = `${prefix}${key}`;
    if (isObject(value)) return leavesOf(value, `${path}.`);
    const isUnset = value === null || value === '' || (Array.isArray(value) && value.length === 0);
    return isUnset || isDefaultDuration(path, value) ? [] : [[path, value]];
  });
}

/** Zero is the default of these, but says "leave it" of connection tracking. */
function isDefaultDuration(path: string, value: unknown): boolean {
  return !path.startsWith('conntrack.') && (value === '0s' || value === 0);
}

class KubeProxyConversion {
  readonly #leaves: ReadonlyMap<string, unknown>;
  readonly #where: (path: string) => string;
  readonly #values = new Map<FieldPath, unknown>();
  readonly #warnings: string[] = [];

  constructor(leaves: ReadonlyMap<string, unknown>, where: (path: string) => string) {
    this.#leaves = leaves;
    this.#where = where;
  }

  result(): Conversion {
    for (const [path, value] of this.#leaves) this.#field(path, value);
    this.#followMode();
    const comments = this.#warnings.map((warning) => `# ${warning}`);
    const lines = [`apiVersion: ${apiVersion}`, `kind: ${kind}`, ...comments, ...this.#lines()];
    return { text: `${lines.join('\n')}\n`, warnings: this.#warnings };
  }

  #field(path: string, value: unknown): void {
    const same = taken.find((each) => each === path);
    const reason = meaningless.find(([known]) => path === known || path.startsWith(`${known}.`))?.[1];
    if (same !== undefined) this.#take(same, value);
    else this.#warn(path, value, reason ?? 'kube-proxy 1.36 does not have it');
  }

  #take(path: FieldPath, value: unknown): void {
    const { type } = fieldAt(path);
    const read = type.read(value);
    if (read === undefined) {
      const reason = `${this.#where(path)}: ${path}: is ${JSON.stringify(value)}, not ${type.expected}`;
      throw new FairleadError('CONFIG_INVALID', reason);
    }
    const isUnspecific = path === 'bindAddress' && (value === '0.0.0.0' || value === '::');
    if (!isUnspecific) this.#values.set(path, read);
  }

  /** What the iptables and IPVS modes have in fields of their own, or as another default. */
  #followMode(): void {
    const mode = this.#leaves.get('mode') ?? 'iptables';
    if (mode === 'nftables') return;
    if (this.#leaves.get('iptables.masqueradeAll') === true) this.#values.set('nftables.masqueradeAll', true);
    if (this.#values.has('nodePortAddresses')) return;
    this.#values.set('nodePortAddresses', ['all']);
    this.#warnings.push(
      `nodePortAddresses: the default of mode ${String(mode)} is all addresses; the default here, as in mode nftables, is primary`,
    );
  }

  #warn(path: string, value: unknown, reason: string): void {
    const says = path === 'mode' ? value === 'nftables' : value === false;
    const isTakenOver = path === 'iptables.masqueradeAll' && value === true;
    if (!says && !isTakenOver) this.#warnings.push(`${path}: ${JSON.stringify(value)} has no meaning here: ${reason}`);
  }

  #lines(): readonly string[] {
    const groups = new Set<string>();
    return fieldPaths.flatMap((path) => {
      if (!this.#values.has(path)) return [];
      const written = JSON.stringify(fieldAt(path).type.write(this.#values.get(path) as never));
      const [group = '', name] = path.split('.');
      if (name === undefined) return [`${path}: ${written}`];
      const heading = groups.has(group) ? [] : [`${group}:`];
      groups.add(group);
      return [...heading, `  ${name}: ${written}`];
    });
  }
}
