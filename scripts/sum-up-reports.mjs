// node scripts/sum-up-reports.mjs TEST_EXIT CHECK_EXIT INTEROP_EXIT NODE_MATRIX_EXIT NATIVE_EXIT: counts what `npm test`,
// `npm run check`, `npm run test:interop`, `npm run test:node-matrix` and `npm run test:native` reported about themselves,
// prints `N passed, N failed, N skipped` and exits with 1 if anything failed.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './bootstrap/root.mjs';
import { CHECK_REPORT, INTEROP_REPORT, NATIVE_REPORT, NODE_MATRIX_REPORT, TEST_REPORT } from './bootstrap/tasks.mjs';

const runs = [
  { command: 'npm test', report: TEST_REPORT, count: countTests },
  { command: 'npm run check', report: CHECK_REPORT, count: countSteps },
  { command: 'npm run test:interop', report: INTEROP_REPORT, count: countTests },
  { command: 'npm run test:node-matrix', report: NODE_MATRIX_REPORT, count: countTests },
  { command: 'npm run test:native', report: NATIVE_REPORT, count: countTests },
];

const total = { passed: 0, failed: 0, skipped: 0 };
for (const [index, { command, report, count }] of runs.entries()) {
  const exitCode = Number(process.argv[2 + index]);
  const path = join(root, report);
  const counted = existsSync(path) ? count(JSON.parse(readFileSync(path, 'utf8'))) : tally([]);
  // A command that failed outside of what it reports, or did not come to report, is a failure too.
  if ((exitCode !== 0 || counted.passed === 0) && counted.failed === 0) counted.failed = 1;
  console.log(`${command}: exit code ${exitCode}, ${JSON.stringify(counted)}`);
  for (const outcome in total) total[outcome] += counted[outcome];
}
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = total.failed === 0 ? 0 : 1;

function countTests({ testResults }) {
  const outcomes = testResults.flatMap(({ status, assertionResults }) =>
    // A file that breaks outside of its tests reports itself as failed, and none of them.
    status === 'failed' && !assertionResults.some((test) => test.status === 'failed')
      ? [...assertionResults.map((test) => test.status), 'failed']
      : assertionResults.map((test) => test.status),
  );
  return tally(outcomes);
}

function countSteps({ steps }) {
  return tally(steps.map(({ outcome }) => outcome));
}

function tally(outcomes) {
  const passed = outcomes.filter((outcome) => outcome === 'passed').length;
  const failed = outcomes.filter((outcome) => outcome === 'failed').length;
  return { passed, failed, skipped: outcomes.length - passed - failed };
}
