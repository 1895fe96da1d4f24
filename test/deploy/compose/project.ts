import { run } from '../../testbed/run.ts';

/** What of the Compose model this runner understands; anything else in a service is an error, see `checkKnown`. */
export interface ComposeService {
  readonly image: string;
  readonly build?: { readonly dockerfile: string };
  readonly entrypoint?: readonly string[] | null;
  readonly command?: readonly string[] | null;
  readonly environment?: Readonly<Record<string, string>>;
  readonly hostname?: string;
  readonly user?: string;
  readonly network_mode?: string;
  readonly networks?: Readonly<Record<string, { readonly ipv4_address: string }>>;
  readonly cap_add?: readonly string[];
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly sysctls?: Readonly<Record<string, string>>;
  readonly read_only?: boolean;
  readonly tmpfs?: readonly string[];
  readonly volumes?: readonly ComposeVolume[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: { readonly test: readonly string[] };
}

interface ComposeVolume {
  readonly type: string;
  readonly source: string;
  readonly target: string;
  readonly read_only?: boolean;
}

export interface ComposeProject {
  readonly services: Readonly<Record<string, ComposeService>>;
  readonly networks: Readonly<
    Record<
      string,
      { readonly ipam: { readonly config: readonly { readonly subnet: string; readonly gateway: string }[] } }
    >
  >;
}

const known = new Set([
  ...['image', 'build', 'entrypoint', 'command', 'environment', 'hostname', 'user', 'network_mode', 'networks'],
  ...['cap_add', 'cap_drop', 'security_opt', 'sysctls', 'read_only', 'tmpfs', 'volumes', 'depends_on', 'healthcheck'],
  // Without effect on network namespaces: processes here are no process 1, and are reached without published ports.
  ...['init', 'ports'],
]);

/**
 * Reads a Compose file with the loader of Docker Compose (compose-go), which checks it against the Compose
 * specification, resolves variables, anchors, defaults and paths.
 * @throws with the loader's message; and on a key of a service that this runner would silently ignore
 */
export async function loadProject(file: string, loader: string): Promise<ComposeProject> {
  const project = JSON.parse(await run([loader, file])) as ComposeProject;
  for (const [name, service] of Object.entries(project.services)) {
    const unknown = Object.keys(service).filter((key) => !known.has(key));
    if (unknown.length > 0) throw new Error(`Service ${name}: this runner does not know ${unknown.join(', ')}`);
  }
  return project;
}

/** Services in an order in which each comes after those it depends on, or whose network it shares. */
export function startOrder({ services }: ComposeProject): readonly string[] {
  const order: string[] = [];
  const visit = (name: string): void => {
    if (order.includes(name)) return;
    const service = services[name];
    if (service === undefined) throw new Error(`There is no service ${name}`);
    const host = networkHostOf(service);
    for (const other of [...Object.keys(service.depends_on ?? {}), ...(host === undefined ? [] : [host])]) visit(other);
    order.push(name);
  };
  for (const name of Object.keys(services).sort()) visit(name);
  return order;
}

/** The service whose network namespace a service shares. */
export function networkHostOf(service: ComposeService): string | undefined {
  return /^service:(.+)$/.exec(service.network_mode ?? '')?.[1];
}
