// An ADS server in a process of its own, whose memory can be measured. Started by server-process.ts.
import { pino } from 'pino';
import type { ResourceEntry } from '../../../src/resources/resource-entry.ts';
import { ResourceCache } from '../../../src/xds/cache/resource-cache.ts';
import { AdsServer } from '../../../src/xds/server/ads-server.ts';
import { replaceEach } from '../../support/replace-each.ts';
import { cluster, endpoints } from './resources.ts';
import type { ServerConfig } from './server-process.ts';

const config = JSON.parse(process.argv[2] ?? '{}') as ServerConfig;
const cache = new ResourceCache();
const server = new AdsServer({
  cache,
  viewOf: ({ id }) => ({ nodeName: id, zone: '' }),
  logger: pino({ level: config.logLevel ?? 'fatal' }, pino.destination(2)),
  limits: config.limits ?? {},
});

function* entries(): Generator<ResourceEntry> {
  for (let index = 0; index < (config.wildcard ?? 0); index += 1) yield cluster(`w${index}`, 1, { wildcard: true });
  const ports = Array.from({ length: config.portsEach ?? 1 }, (_, index) => index + 1);
  for (let index = 0; index < (config.endpoints ?? 0); index += 1) yield endpoints(`e${index}`, ports);
  yield cluster('proof');
}

replaceEach(cache, [...entries()]);
const { address } = await server.listen('127.0.0.1:0');

let changes = 0;
function churn(perSecond: number, ids: number): void {
  let due = 0;
  setInterval(() => {
    due += perSecond / 100;
    for (; due >= 1; due -= 1) {
      changes += 1;
      replaceEach(cache, [endpoints(`e${changes % ids}`, [1 + (changes % 60_000)])]);
    }
  }, 10);
}

process.on('message', ({ perSecond, ids }: { readonly perSecond: number; readonly ids: number }) => {
  churn(perSecond, ids);
});
process.on('disconnect', () => process.exit());
process.send?.({ address });
