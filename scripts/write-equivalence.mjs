// node scripts/write-equivalence.mjs [--check]: compares everything with the recordings of fastxtend and writes what it
// finds to docs/equivalence.md. With --check it changes nothing, and exits with 1 if the page is out of date. Either way an
// error that is larger than the page allows exits with 1, and the page stays. The tests under test/oracle are what compares.
import { runNode } from './bootstrap/run-child.mjs';

const check = process.argv[2] === '--check';
const mode = check ? '--update=none' : '--update';
process.exitCode = await runNode(['node_modules/vitest/vitest.mjs', 'run', 'test/oracle/equivalence.test.ts', mode]);
