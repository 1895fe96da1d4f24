/**
 * Asks a Service COUNT times, each time over a new connection, and prints one line of JSON for each answer:
 * `{"pod", "client", "via"}`, or `{"error"}`. `via` is `envoy` or `kernel`: Envoy speaks with the client's address, but its
 * connections have source ports from 61000 up, since docker-compose.yml has its host take ports only there.
 *
 *   node client.ts http://10.96.0.10/ 20
 *   node client.ts tcp://10.96.0.11:9000 20
 *   node client.ts --until-stopped http://10.96.0.10/     until SIGTERM to the process of /tmp/client.pid; prints totals
 */
import { writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { connect } from 'node:net';
import { parseArgs } from 'node:util';

interface Answer {
  readonly pod?: string;
  readonly client?: string;
  readonly via?: 'envoy' | 'kernel';
  readonly error?: string;
}

const timeoutMs = 5_000;

function askHttp(url: URL): Promise<Answer> {
  return new Promise((resolve) => {
    const request = get(url, { agent: false, timeout: timeoutMs }, (response) => {
      collect(response).then(
        (text) => resolve(response.statusCode === 200 ? parse(text) : { error: `Status ${response.statusCode}` }),
        (error: Error) => resolve({ error: error.message }),
      );
    });
    request.on('timeout', () => request.destroy(new Error('Timed out')));
    request.on('error', (error) => resolve({ error: error.message }));
  });
}

function askTcp(url: URL): Promise<Answer> {
  const socket = connect({ host: url.hostname, port: Number(url.port), timeout: timeoutMs });
  socket.on('timeout', () => socket.destroy(new Error('Timed out')));
  return collect(socket).then(parse, (error: Error) => ({ error: error.message }));
}

async function collect(stream: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

function parse(text: string): Answer {
  try {
    const { pod, client, port } = JSON.parse(text) as {
      readonly pod: string;
      readonly client: string;
      readonly port: number;
    };
    return { pod, client, via: port >= 61_000 ? 'envoy' : 'kernel' };
  } catch {
    return { error: `Not an answer: ${JSON.stringify(text.slice(0, 80))}` };
  }
}

async function askUntilStopped(ask: () => Promise<Answer>): Promise<void> {
  const totals = { answered: 0, envoy: 0, kernel: 0, failed: 0, errors: [] as string[] };
  let stopped = false;
  process.once('SIGTERM', () => {
    stopped = true;
  });
  const fail = (error: string) => {
    totals.failed += 1;
    if (totals.errors.length < 5) totals.errors.push(error);
  };
  writeFileSync('/tmp/client.pid', String(process.pid));
  while (!stopped) {
    const { via, error } = await ask();
    if (via !== undefined) totals[via] += 1;
    if (error === undefined) totals.answered += 1;
    else fail(error);
  }
  process.stdout.write(`${JSON.stringify(totals)}\n`);
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { 'until-stopped': { type: 'boolean', default: false } },
});
const url = new URL(positionals[0] ?? '');
const ask = () => (url.protocol === 'tcp:' ? askTcp(url) : askHttp(url));
if (values['until-stopped']) {
  await askUntilStopped(ask);
} else {
  for (let left = Number(positionals[1] ?? 1); left > 0; left -= 1) {
    process.stdout.write(`${JSON.stringify(await ask())}\n`);
  }
}
