import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

const conditions = ['@microbatch/source'];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    root: join(import.meta.dirname, '../..'),
    include: ['packages/tfjs/test/**/*.test.ts', 'test/native/**/*.test.ts'],
    // Tests of one backend's own.
    exclude: ['packages/tfjs/test/wasm-*.test.ts', '**/node_modules/**'],
    env: { MICROBATCH_NATIVE_TESTS: '1' },
    testTimeout: 120_000,
  },
});
