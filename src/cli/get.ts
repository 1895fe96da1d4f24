import { Command, Option } from 'commander';
import type { ServicePath } from '../translate/service-paths.ts';
import { adminAddressOption, readAdmin } from './admin.ts';
import { columns } from './columns.ts';

interface Flags {
  readonly adminAddress: string;
  readonly namespace?: string;
  readonly node?: string;
  readonly output: 'table' | 'json';
}

export function getCommand(): Command {
  const services = new Command('services')
    .description('print which path new connections to each Service port take, and why')
    .addOption(adminAddressOption())
    .option('-n, --namespace <name>', 'only those of this namespace')
    .option('--node <name>', 'as pods of this node see it')
    .addOption(new Option('-o, --output <format>', 'how to print it').choices(['table', 'json']).default('table'))
    .action(run);
  return new Command('get').description('print what the controller knows').addCommand(services);
}

async function run({ adminAddress, namespace, node, output }: Flags): Promise<void> {
  const query = new URLSearchParams({
    ...(namespace === undefined ? {} : { namespace }),
    ...(node === undefined ? {} : { node }),
  });
  const services = await readAdmin<readonly ServicePath[]>(adminAddress, `/debug/services?${query}`);
  console.log(output === 'json' ? JSON.stringify(services, null, 2) : formatServices(services));
}

/** The table of `fairlead get services`: a Service port a line. */
export function formatServices(services: readonly ServicePath[]): string {
  const rows = services.map(({ namespace, name, addresses, port, portName, protocol, path, reason, kernelNodes }) => {
    const label = portName === '' ? `${port}/${protocol}` : `${port}/${protocol} ${portName}`;
    return [namespace, name, addresses.join(',') || '-', label, path, reasonOf(reason, kernelNodes)];
  });
  return columns([['NAMESPACE', 'NAME', 'CLUSTER-IP', 'PORT', 'PATH', 'REASON'], ...rows]).join('\n');
}

function reasonOf(reason: string, nodes: readonly string[]): string {
  if (nodes.length === 0) return reason;
  const named = nodes.length > 3 ? `${nodes.length} nodes` : nodes.join(', ');
  return `${reason}; on ${named} Kernel, NetworkPolicy`;
}
