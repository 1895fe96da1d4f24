import { expect, it } from 'vitest';
import { maxConnections, openFilesLimit } from './connection-limit.ts';

it.each([
  [1_048_576, 523_288],
  [20_000, 9_000],
  [1_024, 384],
])('leaves files for endpoints and for Envoy itself, of %i', (files, connections) => {
  expect(maxConnections(files)).toBe(connections);
});

it('reads the hard limit', () => {
  const head = 'Limit                     Soft Limit           Hard Limit           Units     \n';
  expect(
    openFilesLimit(`${head}Max open files            1024                 524288               files     \n`),
  ).toBe(524_288);
  expect(
    openFilesLimit(`${head}Max open files            1024                 unlimited            files     \n`),
  ).toBe(undefined);
});
