import { defineConfig } from 'vitest/config';

// The condition makes tests import packages' sources, so that no build can be stale under them.
const conditions = ['@microbatch/source'];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['packages/*/test/**/*.test.ts', 'test/**/*.test.ts'],
    exclude: ['test/interop/**', 'test/native/**', 'test/node-matrix/**', '**/node_modules/**'],
    testTimeout: 60_000,
  },
});
