import { defineConfig } from 'vitest/config';

/** The Service contract on kube-proxy and on Fairlead, for `make contract`. */
export default defineConfig({
  test: {
    include: ['test/contract/*.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 300_000,
    fileParallelism: false,
    maxConcurrency: 10,
  },
});
