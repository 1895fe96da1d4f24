// A proxy that nobody asked for must not be noticed. Each exchange of the corpus is run directly and through Envoy; how they
// differ is the table of docs/data-path.md, neither more nor less.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/until.ts';
import { http1Differences, http2Differences } from './corpus/differences.ts';
import { http1Exchanges } from './corpus/http1-exchanges.ts';
import { play, ScriptedServer } from './corpus/http1-run.ts';
import { http2Exchanges } from './corpus/http2-exchanges.ts';
import { Http2Script, playHttp2 } from './corpus/http2-run.ts';
import { type Address, Loopback } from './support/loopback.ts';

interface Row {
  readonly exchange: string;
  readonly differences: string;
}

/** As many exchanges make a difference one of all messages. */
const many = 3;

const found = new Map<string, readonly string[]>();
let loopback: Loopback;

beforeAll(async () => {
  loopback = await Loopback.start();
});

afterAll(() => loopback.close());

describe('HTTP/1', () => {
  const server = new ScriptedServer();
  let direct: Address;
  let proxied: Address;

  beforeAll(async () => {
    const port = await loopback.endpoint(server.serve);
    direct = { host: '127.0.0.1', port };
    proxied = await loopback.service('one', 'http', [port]);
  });

  it.each(http1Exchanges)('$name', async (exchange) => {
    const outcome = await play(exchange, server, direct);
    expect(outcome.server.length).toBeGreaterThan(0);
    found.set(exchange.name, http1Differences(outcome, await play(exchange, server, proxied)));
    // The next exchange is to have a connection of its own.
    const open = () => loopback.envoy.stat('cluster.shop/one/main.upstream_cx_active');
    await eventually('an idle cluster', open, (active) => active === 0);
  });
});

describe('HTTP/2 and gRPC', () => {
  const script = new Http2Script();
  let direct: Address;
  let proxied: Address;

  beforeAll(async () => {
    const port = await loopback.listen(script.server);
    direct = { host: '127.0.0.1', port };
    proxied = await loopback.service('two', 'http2', [port]);
  });

  it.each(http2Exchanges)('$name', async (exchange) => {
    const outcome = await playHttp2(exchange, script, direct);
    expect(outcome.server).toHaveLength(1);
    found.set(exchange.name, http2Differences(outcome, await playHttp2(exchange, script, proxied)));
  });
});

it('differs as docs/data-path.md says', () => {
  expect(rowsOf(found)).toEqual(documentedRows());
});

/** What many exchanges have in common goes first; the rest by exchange. */
function rowsOf(differences: ReadonlyMap<string, readonly string[]>): readonly Row[] {
  const counts = new Map<string, number>();
  for (const line of [...differences.values()].flatMap((lines) => [...new Set(lines)])) {
    counts.set(line, (counts.get(line) ?? 0) + 1);
  }
  const isCommon = (line: string) => !line.startsWith('refused') && (counts.get(line) ?? 0) >= many;
  const common = [...counts.keys()].filter(isCommon).map((line) => ({ exchange: 'many', differences: cell([line]) }));
  const own = [...differences].map(([exchange, lines]) => ({
    exchange,
    differences: cell(lines.filter((line) => !isCommon(line))),
  }));
  return [...common, ...own.filter((row) => row.differences !== '')];
}

function cell(lines: readonly string[]): string {
  return lines.map((line) => `\`${line}\``).join('<br>');
}

function documentedRows(): readonly Row[] {
  const page = readFileSync(new URL('../../docs/data-path.md', import.meta.url), 'utf8');
  const table = page.slice(page.indexOf('\n| exchange |')).split('\n\n')[0] ?? '';
  const rows = table.trim().split('\n').slice(2);
  return rows.map((row) => {
    const [exchange = '', differences = ''] = row.slice(2).split(' | ');
    return { exchange, differences };
  });
}
