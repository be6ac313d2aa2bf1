import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';

const script = fileURLToPath(new URL('../scripts/check-boundaries.mjs', import.meta.url));

const trees: string[] = [];
afterEach(() => {
  for (const tree of trees.splice(0)) rmSync(tree, { recursive: true });
});

function exportsOf(paths: Record<string, string>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(paths).map(([path, file]) => [path, { '@microbatch/source': file }]));
}

/** A repository that keeps every rule. */
const healthy: Readonly<Record<string, string>> = {
  'package.json': JSON.stringify({ name: 'root', devDependencies: { vitest: '1' } }),
  'packages/core/package.json': JSON.stringify({
    name: '@microbatch/core',
    exports: exportsOf({ '.': './src/index.ts', './logger': './src/logger/index.ts' }),
    peerDependencies: { rxjs: '7' },
  }),
  'packages/core/src/index.ts': "export { accumulate } from './engine/accumulate.js';\n",
  'packages/core/src/engine/accumulate.ts':
    "import { Observable } from 'rxjs';\nimport type { Sink } from '../logger/index.js';\n",
  'packages/core/src/logger/index.ts': "export type { Sink } from './sink.js';\n",
  'packages/core/src/logger/sink.ts': 'export interface Sink {}\n',
  'packages/core/test/accumulate.test.ts':
    "import { test } from 'vitest';\nimport { accumulate } from '../src/engine/accumulate.js';\nimport '@microbatch/logger-journal';\n",
  'packages/logger-journal/package.json': JSON.stringify({
    name: '@microbatch/logger-journal',
    exports: exportsOf({ '.': './src/index.ts' }),
    dependencies: { '@microbatch/core': '1' },
  }),
  'packages/logger-journal/src/index.ts':
    "import fs from 'node:fs';\nimport type { Sink } from '@microbatch/core/logger';\n",
};

/** Writes the healthy repository with some files replaced and checks it. */
function check(changes: Readonly<Record<string, string>>): Promise<{ exitCode: number; output: string }> {
  const tree = mkdtempSync(join(tmpdir(), 'boundaries-'));
  trees.push(tree);
  for (const [file, text] of Object.entries({ ...healthy, ...changes })) {
    mkdirSync(dirname(join(tree, file)), { recursive: true });
    writeFileSync(join(tree, file), text);
  }
  return runScript(tree);
}

function runScript(...args: string[]): Promise<{ exitCode: number; output: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [script, ...args], (error, stdout, stderr) => {
      resolve({ exitCode: error === null ? 0 : Number(error.code), output: stdout + stderr });
    });
  });
}

const journal = 'packages/logger-journal/src/index.ts';
const sink = 'packages/core/src/logger/sink.ts';

const broken: Record<string, { change: Record<string, string>; complaint: string }> = {
  'a logger that imports the engine': {
    change: { [journal]: "import { accumulate } from '@microbatch/core';\n" },
    complaint: `${journal}:1: '@microbatch/core': packages/logger-journal may import @microbatch/core/logger`,
  },
  'a forbidden type import that spans lines': {
    change: { [journal]: "\n\nimport type {\n  Accumulator,\n} from '@microbatch/core';\n" },
    complaint: `${journal}:5: '@microbatch/core': packages/logger-journal may import`,
  },
  'a forbidden dynamic import': {
    change: { [journal]: "export const load = () => import('@microbatch/core');\n" },
    complaint: `${journal}:1: '@microbatch/core'`,
  },
  'a forbidden re-export after a comment and a quote in a regular expression': {
    change: { [journal]: "/* don't */ const quote = /'/;\nexport * from '@microbatch/core';\n" },
    complaint: `${journal}:2: '@microbatch/core'`,
  },
  'an entry point that is not exported': {
    change: { 'test/a.test.ts': "import '@microbatch/core/src/engine/accumulate.js';\n" },
    complaint: '@microbatch/core does not export this',
  },
  'the logger contract importing the engine': {
    change: { [sink]: "import type { A } from '../engine/accumulate.js';\n" },
    complaint: `${sink}:1: '../engine/accumulate.js': packages/core/src/logger imports nothing else of its package`,
  },
  'a relative path into another package': {
    change: { [journal]: "import '../../core/src/logger/sink.js';\n" },
    complaint: "reaches into another package's files",
  },
  'a test that reaches into a package': {
    change: { 'test/a.test.ts': "import '../packages/core/src/index.js';\n" },
    complaint: "test/a.test.ts:1: '../packages/core/src/index.js': reaches into another package's files",
  },
  "a package's test that reaches into another package's tests": {
    change: { 'packages/core/test/a.test.ts': "import '../../logger-journal/test/b.js';\n" },
    complaint: "packages/core/test/a.test.ts:1: '../../logger-journal/test/b.js': reaches into another package's files",
  },
  'an undeclared dependency': {
    change: { [journal]: "import pino from 'pino';\n" },
    complaint: `${journal}:1: 'pino': packages/logger-journal/package.json does not declare pino`,
  },
  'a shipped source that uses a dependency of the tests': {
    change: { [journal]: "import { expect } from 'vitest';\n" },
    complaint: 'packages/logger-journal/package.json does not declare vitest',
  },
  'a logger that imports TensorFlow.js': {
    change: { [journal]: "import type { Tensor } from '@tensorflow/tfjs';\n" },
    complaint: 'only packages/tfjs imports TensorFlow.js',
  },
  'rxjs as a dependency': {
    change: {
      'packages/core/package.json': JSON.stringify({
        ...JSON.parse(healthy['packages/core/package.json']!),
        dependencies: { rxjs: '7' },
      }),
    },
    complaint: "packages/core/package.json: 'rxjs' must be a peer dependency",
  },
  'a cycle between files': {
    change: { [sink]: "import type { Sink as Again } from './index.js';\n" },
    complaint:
      'import cycle: packages/core/src/logger/index.ts -> packages/core/src/logger/sink.ts -> packages/core/src/logger/index.ts',
  },
  'a cycle through an entry point': {
    change: { 'packages/core/src/logger/sink.ts': "export type { S } from '@microbatch/core/logger';\n" },
    complaint: 'import cycle: ',
  },
  'a package without a rule': {
    change: { 'packages/newcomer/package.json': JSON.stringify({ name: 'newcomer' }) },
    complaint: 'packages/newcomer: there is no rule for this package',
  },
};

describe('the boundaries check', () => {
  test('passes a tree that keeps the rules', async () => {
    expect(await check({})).toEqual({ exitCode: 0, output: '6 source files keep the rules of dependency\n' });
  });

  test('ignores imports that only stand in comments and strings', async () => {
    const text = "// import 'pino';\n/*\nimport 'pino';\n*/\nconst help = \"import('pino')\";\n";
    expect(await check({ [journal]: text })).toMatchObject({ exitCode: 0 });
  });

  test.each(Object.entries(broken))('catches %s', async (_name, { change, complaint }) => {
    const { exitCode, output } = await check(change);
    expect(output).toContain(complaint);
    expect(exitCode).toBe(1);
  });

  test('passes this repository', async () => {
    expect(await runScript()).toMatchObject({ exitCode: 0 });
  });
});
