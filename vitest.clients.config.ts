import { defineConfig } from 'vitest/config';

/** Not part of `make test`: a JDK, Maven and their packages take minutes to install (`make test-clients`). */
export default defineConfig({
  test: { include: ['test/clients/**/*.test.ts'], testTimeout: 120_000, hookTimeout: 120_000 },
});
