import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

const root = join(import.meta.dirname, '../..');

// Runs on other Nodes than the one that everything else is developed on: what users get is tested, not sources.
export default defineConfig({
  resolve: {
    alias: [{ find: /^\.\.\/src\/(.*)$/, replacement: join(root, 'packages/tensorboard-writer/dist/$1') }],
  },
  plugins: [
    {
      name: 'no-sources',
      load(id) {
        if (/\/packages\/[^/]+\/src\//.test(id)) throw new Error(`${id} is a source: only dist may be tested here`);
      },
    },
  ],
  test: {
    root,
    include: ['packages/tensorboard-writer/test/**/*.test.ts', 'test/node-matrix/**/*.test.ts'],
    // What costs minutes and does not depend on the Node: every bit flipped, and what npm packs.
    exclude: ['**/damage.test.ts', '**/package.test.ts', '**/node_modules/**'],
    testTimeout: 60_000,
  },
});
