import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { ManagedProcess, ProcessGroup } from '../../testbed/process.ts';
import type { Fetched, Numbered, Order, Outcome, Reply } from '../host/protocol.ts';

const script = fileURLToPath(new URL('../host/host-main.ts', import.meta.url));

export interface HostPlace {
  readonly name: string;
  readonly node: string;
  readonly namespace: string;
  readonly directory: string;
}

/** The process in one network namespace: an endpoint, and a client that does what it is told. */
export class Host {
  readonly #socket: Socket;
  readonly #waiting = new Map<number, (reply: Reply) => void>();
  #last = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    createInterface({ input: socket }).on('line', (line) => {
      const { number, content } = JSON.parse(line) as Numbered<Reply>;
      this.#waiting.get(number)?.(content);
      this.#waiting.delete(number);
    });
  }

  static async start(group: ProcessGroup, place: HostPlace): Promise<Host> {
    const path = join(place.directory, `${place.name}.sock`);
    await startProcess(group, place, path);
    const socket = connect(path);
    await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    return new Host(socket);
  }

  async outcomes(order: Order): Promise<readonly Outcome[]> {
    const reply = await this.#order(order);
    if (reply.kind !== 'Outcomes') throw new Error(`Unexpected reply ${JSON.stringify(reply)}`);
    return reply.outcomes;
  }

  async outcome(order: Order): Promise<Outcome> {
    const [outcome] = await this.outcomes(order);
    return outcome ?? { kind: 'Failed', error: 'no outcome' };
  }

  /** @throws when there is no answer */
  async fetch(url: string, timeoutMs = 5_000): Promise<Fetched> {
    const reply = await this.#order({ kind: 'Fetch', url, timeoutMs });
    if (reply.kind !== 'Fetched') throw new Error(reply.kind === 'Broken' ? reply.error : 'Unexpected reply');
    return reply.answer;
  }

  close(): void {
    this.#socket.destroy();
  }

  #order(content: Order): Promise<Reply> {
    this.#last += 1;
    const line: Numbered<Order> = { number: this.#last, content };
    return new Promise((resolve) => {
      this.#waiting.set(line.number, resolve);
      this.#socket.write(`${JSON.stringify(line)}\n`);
    });
  }
}

function startProcess(group: ProcessGroup, place: HostPlace, path: string): Promise<ManagedProcess> {
  let output = '';
  return group.start({
    name: `host ${place.name}`,
    namespace: place.namespace,
    command: [process.execPath, script, place.name, place.node, path],
    logFile: join(place.directory, `${place.name}.log`),
    onOutput: (text) => {
      output += text;
    },
    ready: () => output.endsWith('\n'),
  });
}
