import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { packageFolders } from './package-folders.mjs';
import { root } from './root.mjs';
import { runNode } from './run-child.mjs';
import { build, CHECK_REPORT, checkTypes, mainJob, runExample, runTests, smallExamples } from './tasks.mjs';

const quiet = { quiet: true };

const steps = {
  build: () => build(quiet),
  types: () => checkTypes(quiet),
  lint: () => runNode(['node_modules/@biomejs/biome/bin/biome', 'check', '.'], quiet),
  boundaries: () => runNode(['scripts/check-boundaries.mjs'], quiet),
  tests: () => runTests([]),
  examples: runExamples,
  readme: () => runNode(['scripts/update-readme.mjs', '--check'], quiet),
  publint: () => eachPackage((folder) => runNode(['node_modules/publint/src/cli.js', folder, '--strict'], quiet)),
  attw: () =>
    eachPackage((folder) =>
      runNode(['node_modules/@arethetypeswrong/cli/dist/index.js', '--pack', folder, '--profile', 'esm-only'], quiet),
    ),
};

/** Runs every check in turn up to the first that fails, and resolves with its exit code, or 0. */
export async function check() {
  const results = [];
  let failure = 0;
  for (const [name, step] of Object.entries(steps)) {
    if (failure !== 0) {
      results.push({ name, outcome: 'skipped' });
      continue;
    }
    console.log(`\n== ${name}`);
    const began = performance.now();
    failure = await step();
    const seconds = (performance.now() - began) / 1000;
    results.push({ name, outcome: failure === 0 ? 'passed' : 'failed', seconds });
    console.log(`== ${name} ${failure === 0 ? 'passed' : `failed (exit code ${failure})`} in ${seconds.toFixed(1)} s`);
  }
  const reportFile = join(root, CHECK_REPORT);
  mkdirSync(dirname(reportFile), { recursive: true });
  writeFileSync(reportFile, `${JSON.stringify({ steps: results }, null, 2)}\n`);
  console.log(`\n${results.map(({ name, outcome }) => `${name}: ${outcome}`).join(', ')}`);
  return failure;
}

async function runExamples() {
  const out = mkdtempSync(join(tmpdir(), 'microbatch-examples-'));
  try {
    return (
      (await mainJob(['--out', out], quiet)) ||
      assertAccurate(out) ||
      (await runNode([join(root, 'examples/dist/quickstart/main.js')], { ...quiet, cwd: out })) ||
      (await runSmallExamples(out))
    );
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}

/** Each in its short form. */
async function runSmallExamples(out) {
  for (const name of smallExamples) {
    console.log(`examples/${name}`);
    const exitCode = await runExample([name, '--short', '--out', out], quiet);
    if (exitCode !== 0) return exitCode;
  }
  return 0;
}

/** What the main job promises of the digits that it never saw. Returns the exit code. */
function assertAccurate(out) {
  const journal = readdirSync(out, { recursive: true }).find((name) => name.endsWith('.microbatch.jsonl'));
  const events = readFileSync(join(out, journal), 'utf8')
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => JSON.parse(line));
  const { accuracy } = events.findLast(({ type }) => type === 'epoch-end').valid;
  console.log(`The main job reads ${(100 * accuracy).toFixed(2)} % of the test digits right; at least 96 % are due`);
  return accuracy >= 0.96 ? 0 : 1;
}

async function eachPackage(step) {
  for (const folder of packageFolders()) {
    const exitCode = await step(folder);
    if (exitCode !== 0) return exitCode;
  }
  return 0;
}
