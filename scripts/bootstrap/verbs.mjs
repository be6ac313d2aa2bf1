import { check } from './check.mjs';
import { requireChromium } from './chromium.mjs';
import { ensureInstalled } from './install.mjs';
import { runNodeMatrix } from './node-matrix.mjs';
import { ensurePythonEnvironments } from './python-environments.mjs';
import { build, buildTfjsNode, mainJob, runExample, runInteropTests, runNativeTests, runTests } from './tasks.mjs';

const verbs = {
  start: async (args) => (await build()) || (await mainJob(args)),
  example: async (args) => (await build()) || (await runExample(args)),
  test: async (args) => (await build()) || (await runTests(args)),
  'test:interop': async (args) =>
    requireChromium() || (await ensurePythonEnvironments()) || (await build()) || (await runInteropTests(args)),
  'test:node-matrix': async (args) => (await build()) || (await runNodeMatrix(args)),
  'test:native': async (args) => (await buildTfjsNode()) || (await build()) || (await runNativeTests(args)),
  'setup:native': () => buildTfjsNode(),
  check,
};

/** Installs what is missing, then does what the verb says. Resolves with an exit code. */
export async function runVerb(name, args) {
  const verb = Object.hasOwn(verbs, name ?? '') ? verbs[name] : undefined;
  if (verb === undefined) throw new Error(`the verb must be one of ${Object.keys(verbs).join(', ')}, not ${name}`);
  return (await ensureInstalled()) || (await verb(args));
}
