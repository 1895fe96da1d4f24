import { Command, Option } from 'commander';
import type { ControllerStatus } from '../controller/status-routes.ts';
import { formatProblem, type Problem } from '../model/problem.ts';
import type { StreamStatus, TypeStatus } from '../xds/streams/stream-status.ts';
import { adminAddressOption, readAdmin } from './admin.ts';
import { columns } from './columns.ts';

interface Flags {
  readonly adminAddress: string;
  readonly node?: string;
  readonly output: 'table' | 'json';
  readonly problems?: true;
}

/** After which the controller logs it, too (`ackWarningMs` in src/xds/server/limits.ts). */
const longOutstandingMs = 30_000;
/** Of `namesPerType`. */
const crowdedShare = 0.8;

export function statusCommand(): Command {
  return new Command('status')
    .description('print nodes, versions, ACK/NACK and age, as the controller sees them')
    .addOption(adminAddressOption())
    .option('--node <name>', 'print each resource of one node, the version it acknowledged and the one that is served')
    .addOption(new Option('--problems', 'print only the streams and the objects that have a problem').conflicts('node'))
    .addOption(new Option('-o, --output <format>', 'how to print it').choices(['table', 'json']).default('table'))
    .action(run);
}

async function run({ adminAddress, node, output, problems }: Flags): Promise<void> {
  if (node !== undefined) {
    const streams = await readAdmin<readonly StreamStatus[]>(
      adminAddress,
      `/debug/resources?node=${encodeURIComponent(node)}`,
    );
    console.log(output === 'json' ? JSON.stringify(streams, null, 2) : formatResources(node, streams));
    return;
  }
  await (problems === true ? printProblems(adminAddress, output) : printAll(adminAddress, output));
}

async function printAll(address: string, output: Flags['output']): Promise<void> {
  const { totals, streams } = await readStreams(address, output);
  console.log(output === 'json' ? asJson({ ...totals, streams }) : formatStreams(totals, streams));
}

async function printProblems(address: string, output: Flags['output']): Promise<void> {
  const all = await readStreams(address, output);
  const streams = troubledOf(all.totals, all.streams);
  const objects = await readAdmin<readonly Problem[]>(address, '/debug/problems');
  const json = { ...all.totals, streams, objects };
  console.log(output === 'json' ? asJson(json) : formatProblems(all.totals, streams, objects));
}

/** Prints the totals of a table at once: there may be many pages. */
async function readStreams(
  address: string,
  output: Flags['output'],
): Promise<{ readonly totals: Totals; readonly streams: readonly StreamStatus[] }> {
  const { next, streams: first, ...totals } = await readAdmin<ControllerStatus>(address, statusPath(0));
  if (output === 'table') console.log(formatTotals(totals));
  const streams = [...first];
  for (let after = next; after !== null; ) {
    const page = await readAdmin<ControllerStatus>(address, statusPath(after));
    streams.push(...page.streams);
    after = page.next;
  }
  return { totals, streams };
}

function asJson(value: unknown): string {
  return JSON.stringify(value, null, 2);
}

function statusPath(after: number): string {
  return `/status?limit=500&after=${after}`;
}

/** The table of `fairlead status --node`: a resource a line. */
export function formatResources(node: string, streams: readonly StreamStatus[]): string {
  if (streams.length === 0) return `${node} has no stream to this controller`;
  const rows = streams.flatMap(({ node: client, variant, types }) =>
    types.flatMap(({ typeUrl, resources = [], rejected }) =>
      resources.map(({ name, acknowledged, served }) => {
        const state = rejected.includes(name) ? 'REJECTED' : acknowledged === served ? 'ACK' : 'behind';
        const versions = [acknowledged || '-', served || '-'];
        return [`${client?.userAgent || '?'} ${variant}`, shortType(typeUrl), name, ...versions, state];
      }),
    ),
  );
  return columns([['CLIENT', 'TYPE', 'NAME', 'ACKNOWLEDGED', 'SERVED', 'STATE'], ...rows]).join('\n');
}

type Totals = Omit<ControllerStatus, 'streams' | 'next'>;

/** What `fairlead status` prints first: one line, and one for each limit that was reached. */
export function formatTotals({ ready, blockers, model, problems, totals }: Totals, now = Date.now()): string {
  const state = ready ? 'ready' : `awaiting ${blockers.join(', ')}`;
  const { revision, services, nodes } = model;
  const { streams, connections, waitingForAdmission } = totals;
  const refusals = totals.refusals.map(({ limit, count, last }) => {
    const who = last.node === undefined ? last.peer : `${last.node} (${last.peer})`;
    return `limit ${limit} reached ${count} times, last ${age(now - last.at)} ago by ${who}: ${last.reason}`;
  });
  return [
    `${state}; revision ${revision}, ${services} Services, ${nodes} nodes, ${problems} problems`,
    `${streams} streams on ${connections} connections, ${waitingForAdmission} wait to be admitted`,
    ...refusals,
  ].join('\n');
}

/** The table of `fairlead status`; `now` in milliseconds since the epoch. */
export function formatStreams({ totals }: Totals, streams: readonly StreamStatus[], now = Date.now()): string {
  const rows = streams.flatMap((stream) => stream.types.map((type) => rowOf(stream, type, now)));
  const titles = ['NODE', 'CLIENT', 'AGE', 'TYPE', 'CURRENT', 'NAMES', 'STATE', 'ACK', 'NACK'];
  const { namesPerType } = totals.limits;
  const remarks = streams.flatMap((stream) =>
    stream.types.flatMap((type) => [...rejectionOf(stream, type, now), ...crowdedOf(stream, type, namesPerType)]),
  );
  return ['', ...columns([titles, ...rows]), ...(remarks.length > 0 ? ['', ...remarks] : [])].join('\n');
}

/** Streams with a problem, each with those of its types that have one; `now` in milliseconds since the epoch. */
export function troubledOf(
  { totals }: Totals,
  streams: readonly StreamStatus[],
  now = Date.now(),
): readonly StreamStatus[] {
  const isTroubled = ({ rejected, outstandingSince, named }: TypeStatus) =>
    rejected.length > 0 ||
    now - (outstandingSince ?? now) > longOutstandingMs ||
    isCrowded(named, totals.limits.namesPerType);
  const troubled = streams.map((stream) => ({ ...stream, types: stream.types.filter(isTroubled) }));
  return troubled.filter(({ types }) => types.length > 0);
}

/** What `fairlead status --problems` prints after the totals. @param streams only those with a problem */
export function formatProblems(
  totals: Totals,
  streams: readonly StreamStatus[],
  objects: readonly Problem[],
  now = Date.now(),
): string {
  const table = streams.length === 0 ? '\nNo stream has a problem' : formatStreams(totals, streams, now);
  const list = objects.length === 0 ? ['No object has a problem'] : objects.map(formatProblem);
  return [table, '', ...list].join('\n');
}

function isCrowded(named: number, limit: number): boolean {
  return named >= crowdedShare * limit;
}

/** Envoy never drops a name that it asked for on demand, and lists all of them when it reconnects. */
function crowdedOf(stream: StreamStatus, { typeUrl, named }: TypeStatus, limit: number): readonly string[] {
  if (!isCrowded(named, limit)) return [];
  const who = stream.node?.id ?? '?';
  const wayOut = 'restart its Envoy, or raise limits.namesPerType';
  return [`${who} holds ${named} names of ${shortType(typeUrl)}, of ${limit} that are allowed: ${wayOut}`];
}

function rowOf(stream: StreamStatus, type: TypeStatus, now: number): readonly string[] {
  const { node } = stream;
  return [
    node?.nodeName || node?.id || '?',
    `${node?.userAgent || '?'} ${stream.variant}`,
    age(now - stream.connectedAt),
    shortType(type.typeUrl),
    `${type.current}/${type.wanted}`,
    String(type.named),
    stateOf(type, now),
    String(type.acknowledgements),
    String(type.rejections),
  ];
}

function stateOf(type: TypeStatus, now: number): string {
  if (type.rejected.length > 0) return 'REJECTED';
  if (type.outstandingSince !== undefined) return `sent ${age(now - type.outstandingSince)} ago`;
  return 'ACK';
}

function rejectionOf(stream: StreamStatus, type: TypeStatus, now: number): readonly string[] {
  const rejection = type.lastRejection;
  if (rejection === undefined) return [];
  const names = rejection.names.slice(0, 5).join(', ');
  return [
    `NACK ${age(now - rejection.at)} ago by ${stream.node?.id ?? '?'}: ${shortType(type.typeUrl)} ${names}: ${rejection.message}`,
  ];
}

function shortType(typeUrl: string): string {
  return typeUrl.slice(typeUrl.lastIndexOf('.') + 1);
}

/** `5s`, `12m`, `3h`, `2d`, as kubectl prints ages. */
function age(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  if (seconds < 120) return `${seconds}s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}
