// node scripts/write-wandb-faults.mjs [--check]: lets runs go wrong in every way that packages/logger-wandb/test/faults.test.ts
// knows, and writes what becomes of their rows to docs/wandb-faults.md. With --check it changes nothing, and exits with 1 if
// the page is out of date. Either way a row that is lost or doubled exits with 1, and the page stays.
import { runNode } from './bootstrap/run-child.mjs';

const check = process.argv[2] === '--check';
const mode = check ? '--update=none' : '--update';
// The programs that log run on the built packages.
const built = await runNode(['node_modules/typescript/bin/tsc', '-b', 'packages/logger-wandb']);
process.exitCode =
  built ||
  (await runNode(['node_modules/vitest/vitest.mjs', 'run', 'packages/logger-wandb/test/faults.test.ts', mode]));
