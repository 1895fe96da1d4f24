import { affinityTableName } from '../agent/kernel/table-options.ts';
import { formatHostPort } from '../base/host-port.ts';
import type { Answer, Decision, EndpointAnswer, EnvoyAnswer, SourceAnswer } from './answer.ts';

/** Endpoints that are printed; `--output json` has all. */
const mostEndpoints = 20;

/** As `fairlead why` prints it. */
export function answerText(answer: Answer): string {
  const { from, to, node, meaning, path, verdict, endpoints, unused, envoy } = answer;
  return [
    `From ${clientKinds[from.kind]} ${clientText(from)} to ${formatHostPort({ host: to.address, port: to.port })} ${to.protocol}, by the rules of node ${node}`,
    '',
    `Address: ${meaning}`,
    ...(path.kind === 'None' ? [] : [`Path:    ${path.kind === 'Envoy' ? 'Envoy' : 'the kernel'}: ${path.text}`]),
    `Verdict: the connection ${verdict.text}`,
    ...stayLines(answer),
    ...section('Decisions', decisionsOf(answer).flatMap(decisionLines)),
    ...(envoy === undefined ? [] : section('Envoy', envoyLines(envoy))),
    ...section('Endpoints', endpointLines(endpoints)),
    ...section('Not used', limited(unused.map(({ address, text }) => `${address} ${text}`))),
  ].join('\n');
}

const clientKinds = { Pod: 'pod', Node: 'node', Outside: 'outside address' } as const;

/** The address of a node that has none is not known. */
function clientText({ name, address }: Answer['from']): string {
  return [name, '0.0.0.0', '::'].includes(address) ? name : `${name} (${address})`;
}

function stayLines({ frontend, path, endpoints }: Answer): readonly string[] {
  const seconds = frontend?.affinityTimeoutSeconds ?? 0;
  if (seconds === 0 || path.kind !== 'Kernel' || endpoints.length === 0) return [];
  return [`         a client that came within the last ${seconds} s stays with its endpoint (sessionAffinity)`];
}

/** Without those that remember nothing, as the Service does not ask for it. */
function decisionsOf({ decisions, frontend }: Answer): readonly Decision[] {
  const isRemembered = (frontend?.affinityTimeoutSeconds ?? 0) > 0;
  return decisions.filter(({ table }) => isRemembered || table !== affinityTableName);
}

function section(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : ['', `${title}:`, ...lines.map((line) => `  ${line}`)];
}

function decisionLines({ hook, table, chain, meaning, elements, rule }: Decision): readonly string[] {
  const found = elements.map((element) => `    found  ${element}`);
  return [`${hook} ${table} ${chain}: ${meaning}`, `    rule   ${rule}`, ...found];
}

function envoyLines({ listener, route, cluster, loadBalancing }: EnvoyAnswer): readonly string[] {
  return [
    `listener ${listener}`,
    ...(route === undefined ? [] : [`scoped route and route ${route}`]),
    `cluster ${cluster}, ${loadBalancing}`,
  ];
}

function endpointLines(endpoints: readonly EndpointAnswer[]): readonly string[] {
  return limited(
    endpoints.map(({ address, port, node, zone, probability, source }) => {
      const places = [node === undefined ? [] : `on ${node}`, zone === undefined || zone === '' ? [] : `in ${zone}`];
      const chance = probability === undefined ? [] : `${(probability * 100).toFixed(1)} %`;
      return [formatHostPort({ host: address, port }), chance, ...places, `sees ${sourceText(source)}`]
        .flat()
        .join(', ');
    }),
  );
}

function sourceText(source: SourceAnswer): string {
  return source.kind === 'Client' ? source.address : `an address of node ${source.name} (masqueraded)`;
}

function limited(lines: readonly string[]): readonly string[] {
  if (lines.length <= mostEndpoints) return lines;
  return [...lines.slice(0, mostEndpoints), `... and ${lines.length - mostEndpoints} more (--output json prints all)`];
}
