#!/usr/bin/env node
/**
 * Plays `docker compose up|exec|kill|stop|start|logs|down` for docker-compose.yml on a machine without a container
 * engine or images: the same commands, users, capabilities, volumes, addresses and sysctls, as processes in network
 * and mount namespaces. deploy/compose/verify.sh runs on it unchanged.
 *
 * Environment: COMPOSE_FILE, COMPOSE_LOADER (compose-config), COMPOSE_STATE (a folder), COMPOSE_PREFIX (of namespaces).
 */
import { mkdirSync, readFileSync } from 'node:fs';
import { listNamespaces, removeNamespaces } from '../../testbed/namespaces.ts';
import { waitUntil } from '../../testbed/wait.ts';
import { Containers } from './containers.ts';
import { openNetworks } from './network.ts';
import { type ComposeProject, loadProject, startOrder } from './project.ts';

const prefix = environment('COMPOSE_PREFIX');
const project = await loadProject(environment('COMPOSE_FILE'), environment('COMPOSE_LOADER'));
const containers = new Containers(project, environment('COMPOSE_STATE'), prefix);

type Command = (args: readonly string[]) => Promise<number>;

const commands: Readonly<Record<string, Command>> = {
  up: async (args) => {
    if (listNamespaces(prefix).length === 0) await openNetworks(project, prefix);
    for (const name of startOrder(project)) await containers.start(name);
    if (args.includes('--wait')) await untilHealthy(project);
    return 0;
  },
  exec: ([tty, name = '', ...command]) => {
    if (tty !== '-T') throw new Error('exec needs -T here');
    return containers.exec(name, command);
  },
  kill: (names) => forEach(names, (name) => containers.end(name, 'SIGKILL')),
  stop: (names) => forEach(names, (name) => containers.end(name, 'SIGTERM')),
  start: (names) => forEach(names, (name) => containers.start(name)),
  logs: (names) => forEach(names, async (name) => void process.stdout.write(readFileSync(containers.logFile(name)))),
  down: async () => {
    for (const name of startOrder(project).toReversed()) await containers.end(name, 'SIGTERM', 2_000);
    await removeNamespaces(prefix);
    containers.forget();
    return 0;
  },
};

async function untilHealthy({ services }: ComposeProject): Promise<void> {
  for (const [name, { healthcheck }] of Object.entries(services)) {
    if (!containers.isRunning(name)) throw new Error(`container ${name} exited; see its log`);
    if (healthcheck === undefined) continue;
    const test = healthcheck.test.slice(1);
    await waitUntil(async () => (await containers.exec(name, test)) === 0, {
      what: `${name} to be healthy`,
      everyMs: 200,
    });
  }
}

async function forEach(names: readonly string[], action: (name: string) => Promise<void>): Promise<number> {
  for (const name of names.filter((one) => !one.startsWith('-'))) await action(name);
  return 0;
}

function environment(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set`);
  return value;
}

mkdirSync(environment('COMPOSE_STATE'), { recursive: true });
const [compose, verb = '', ...args] = process.argv.slice(2);
const command = commands[verb];
if (compose !== 'compose' || command === undefined)
  throw new Error(`Unknown command ${process.argv.slice(2).join(' ')}`);
process.exitCode = await command(args);
