import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureNode } from './other-nodes.mjs';
import { installPacked } from './packed-packages.mjs';
import { root } from './root.mjs';
import { runChild } from './run-child.mjs';
import { NODE_MATRIX_REPORT } from './tasks.mjs';

const MAJORS = [22, 24];

/** Runs, on Nodes newer than this one, the tests of what is built and packed. Resolves with an exit code. */
export async function runNodeMatrix(args) {
  const report = join(root, NODE_MATRIX_REPORT);
  rmSync(report, { force: true });
  mkdirSync(join(root, '.cache'), { recursive: true });
  // Outside of the repository: what a package lacks must not be found in the repository's node_modules.
  const folder = mkdtempSync(join(tmpdir(), 'microbatch-packed-'));
  try {
    console.log('Packing and installing the packages');
    const exitCode = await installPacked(folder);
    return exitCode || (await testOnEach(folder, args, report));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Writes one report of the tests on all Nodes. */
async function testOnEach(folder, args, report) {
  const testResults = [];
  let failure = 0;
  for (const major of MAJORS) {
    const node = await ensureNode(major);
    if (node === null) return 1;
    const ofThisNode = join(folder, `report-${major}.json`);
    console.log(`Testing on Node ${major}`);
    failure = (await testOn(node, major, folder, [...args, `--outputFile.json=${ofThisNode}`])) || failure;
    if (existsSync(ofThisNode)) testResults.push(...JSON.parse(readFileSync(ofThisNode, 'utf8')).testResults);
  }
  writeFileSync(report, `${JSON.stringify({ testResults })}\n`);
  return failure;
}

function testOn(node, major, folder, args) {
  const config = ['--config', 'test/node-matrix/vitest.config.ts', '--reporter=default', '--reporter=json'];
  const env = { ...process.env, MICROBATCH_PACKED: folder, MICROBATCH_NODE: `${major}` };
  return runChild(node, ['node_modules/vitest/vitest.mjs', 'run', ...config, ...args], { env });
}
