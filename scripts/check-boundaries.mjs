// node scripts/check-boundaries.mjs [ROOT]: exits with 1 if a source file breaks the rules of dependency.

import { root } from './bootstrap/root.mjs';
import { findViolations } from './boundaries/find-violations.mjs';
import { readSourceTree } from './boundaries/source-tree.mjs';

const tree = readSourceTree(process.argv[2] ?? root);
const violations = findViolations(tree);
for (const violation of violations) console.error(violation);
if (violations.length === 0) console.log(`${tree.files.size} source files keep the rules of dependency`);
else process.exitCode = 1;
