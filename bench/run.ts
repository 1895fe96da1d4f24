// Runs all benchmarks, or those that are named: node bench/run.ts [NAME...]
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const all = [
  'translate',
  'fanout',
  'reconnect',
  'envoy-memory',
  'nft',
  'fleet',
  'mass-return',
  'node-scoped',
  'large',
  'footprint',
];
const names = process.argv.length > 2 ? process.argv.slice(2) : all;
const fileOf = (name: string) => fileURLToPath(new URL(`./${name}.ts`, import.meta.url));

const unknown = names.filter((name) => !all.includes(name) || !existsSync(fileOf(name)));
if (unknown.length > 0) {
  console.error(`No benchmark named ${unknown.join(', ')}; there are: ${all.join(', ')}`);
  process.exit(2);
}
const failed = names.filter((name) => {
  console.log(`\n=== ${name}`);
  return spawnSync(process.execPath, [fileOf(name)], { stdio: 'inherit', timeout: 900_000 }).status !== 0;
});
if (failed.length > 0) {
  console.error(`Did not finish: ${failed.join(', ')}`);
  process.exit(1);
}
