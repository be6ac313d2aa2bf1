import { packageFolders } from './package-folders.mjs';
import { runChild, runNode } from './run-child.mjs';

/** Where `runTests` leaves vitest's report, relative to the repository's top folder. */
export const TEST_REPORT = '.cache/vitest-report.json';

/** Where `npm run test:interop` leaves vitest's report. */
export const INTEROP_REPORT = '.cache/interop-report.json';

/** Where `npm run test:node-matrix` leaves vitest's reports of all Nodes as one. */
export const NODE_MATRIX_REPORT = '.cache/node-matrix-report.json';

/** Where `npm run test:native` leaves vitest's report. */
export const NATIVE_REPORT = '.cache/native-report.json';

/** Where `npm run check` leaves the outcome of each of its steps. */
export const CHECK_REPORT = '.cache/check-report.json';

const TSC = 'node_modules/typescript/bin/tsc';

/** Builds packages and examples, and the page of `microbatch view`. */
export async function build(options) {
  console.log('Building');
  return (
    (await runNode([TSC, '-b', ...packageFolders(), 'examples'], options)) ||
    (await runNode(['packages/inspector/build-page.mjs'], options))
  );
}

/** Checks all types, those of the tests too. */
export function checkTypes(options) {
  return runNode([TSC, '-b'], options);
}

/** Trains the classifier of examples/mnist. */
export function mainJob(args, options) {
  return runNode(['examples/dist/mnist/main.js', ...args], options);
}

/** The examples that `npm run example` takes by name: those that train on real data to show one thing. */
export const smallExamples = ['mnist-cnn', 'state-of-the-union', 'noise-scale', 'resume'];

/** Runs the example of the first argument. */
export function runExample([name, ...args], options) {
  if (smallExamples.includes(name)) return runNode([`examples/dist/${name}/main.js`, ...args], options);
  console.error(`npm run example -- NAME [options]: NAME is one of ${smallExamples.join(', ')}, not ${name}`);
  return 1;
}

export function runTests(args, options) {
  console.log('Testing');
  return runVitest(TEST_REPORT, args, options);
}

/** Checks what loggers write against the real TensorBoard and wandb. */
export function runInteropTests(args, options) {
  console.log('Testing against TensorBoard and wandb');
  return runVitest(INTEROP_REPORT, ['--config', 'test/interop/vitest.config.ts', ...args], options);
}

/** Builds @tensorflow/tfjs-node outside of node_modules, unless that is done. */
export function buildTfjsNode(options) {
  return runChild('bash', ['scripts/build-tfjs-node.sh'], options);
}

/** Runs the training tests on TensorFlow's C library. */
export function runNativeTests(args, options) {
  console.log("Testing on TensorFlow's C library");
  return runVitest(NATIVE_REPORT, ['--config', 'test/native/vitest.config.ts', ...args], options);
}

function runVitest(report, args, options) {
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  return runNode(['node_modules/vitest/vitest.mjs', 'run', ...reporters, ...args], options);
}
