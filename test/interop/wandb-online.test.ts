import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { KEY } from '../../packages/logger-wandb/test/upload-server.js';
import { pythonProgram } from '../../scripts/bootstrap/python-environments.mjs';
import { type FakeWandb, fakeWandb } from './fake-wandb.js';
import { otherPng, png } from './pictures.js';
import { run } from './programs.js';
import { readRunState, stateDifferences } from './run-state.js';

/** What the two clients' runs may differ in, and why: where, and whether only one of them has it. */
interface AllowedDifference {
  readonly place: RegExp;
  readonly only?: 'python' | 'ours';
  readonly why: string;
}

const DIFFERENCES: readonly AllowedDifference[] = [
  { place: /^(row \d+|summary) › _(runtime|timestamp)$/, why: 'when it was logged' },
  { place: /^said › program$/, why: 'the program' },
  { place: /^about › e › /, only: 'python', why: 'the environment: ours is in wandb-metadata.json alone' },
  { place: /^about › (cli_version|python_version|t › (3|4|5|10|13).*)$/, only: 'python', why: "Python's telemetry" },
  { place: /^about › t › 12$/, why: 'telemetry: the version of the program that uploads' },
  { place: /^file requirements.txt$/, only: 'python', why: 'the packages of the Python environment' },
  { place: /^file wandb-metadata.json$/, why: 'the environment' },
  {
    place: /^file (config.yaml|wandb-summary.json|output.log)$/,
    why: 'a copy of what is compared here, with its times',
  },
  {
    place: /(row \d+|summary) › table › (_latest)?_?artifact_path$/,
    only: 'python',
    why: 'tables are files, not artifacts, here',
  },
  { place: /› date$/, why: "JavaScript's dates have milliseconds" },
  { place: /› int(64|100)$/, why: 'Python rounds integers beyond 64 bits, here they are as logged' },
  { place: /› minus zero$/, why: 'Python loses the sign of -0' },
  { place: /^(row \d+|summary) › $/, only: 'ours', why: 'Python drops what has an empty name' },
  {
    place: /^summary › gone$/,
    only: 'python',
    why: "Python's stream keeps a value that a null replaced, its wandb-summary.json does not",
  },
  { place: /^lineCounts › output.log$/, why: "each client's own messages" },
  { place: /^config › empty$/, only: 'ours', why: 'an empty object' },
  { place: /^config › optimizer › /, only: 'python', why: 'an update adds to an object' },
  { place: /^metric (acc goal|copied summary|re.*|valid.* options)$/, why: 'definitions that add up' },
  { place: /^metric (train|valid)./, only: 'ours', why: 'what globs match' },
  { place: /^row \d+ › epoch$/, only: 'python', why: 'synced steps' },
  { place: /^summary › late › min$/, why: 'what came before the definition' },
];

let home: string;
let server: FakeWandb;
beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'interop-online-'));
  const inputs = {
    'a.png': png,
    'b.png': otherPng,
    'model.bin': 'model bytes',
    'sub/x.txt': 'x text',
    'notes.txt': 'n',
  };
  for (const [path, content] of Object.entries(inputs)) {
    mkdirSync(dirname(join(home, 'in', path)), { recursive: true });
    writeFileSync(join(home, 'in', path), content);
  }
  server = await fakeWandb(home);
});
afterAll(async () => {
  await server?.stop();
  rmSync(home, { recursive: true });
});

const PROGRAMS = {
  python: [pythonProgram('wandb-0.31', 'python'), join(import.meta.dirname, 'log_experiment.py')],
  ours: [process.execPath, join(import.meta.dirname, 'log-experiment.mjs')],
} as const;

/** Runs a client's script, which logs to the project; returns what it printed. */
async function log(client: 'python' | 'ours', project: string, exitCode: number, args: readonly string[] = []) {
  const env = { WANDB_ERROR_REPORTING: 'false', WANDB_MODE: 'online', WANDB_BASE_URL: server.url, WANDB_API_KEY: KEY };
  const [program, script] = PROGRAMS[client];
  const ended = await run(program, [script, home, project, ...args], { cwd: home, env });
  expect(ended.exitCode, ended.stdout + ended.stderr).toBe(exitCode);
  return ended.stdout + ended.stderr;
}

/** Fails where the states differ in what the list does not allow, and where the list allows what they don't differ in. */
async function expectSameState(
  runId: string,
  [python, ours]: readonly [string, string],
  allowed: readonly AllowedDifference[],
) {
  const states = [await readRunState(server.url, python, runId), await readRunState(server.url, ours, runId)] as const;
  const used = new Set<AllowedDifference>();
  const others = stateDifferences(...states).filter(({ place, values: [theirs, our] }) => {
    const only = our === undefined ? 'python' : theirs === undefined ? 'ours' : undefined;
    const match = allowed.find((one) => one.place.test(place) && one.only === only);
    if (match !== undefined) used.add(match);
    return match === undefined;
  });
  expect(others).toEqual([]);
  expect(allowed.filter((one) => !used.has(one))).toEqual([]);
}

test('the same experiment logged by Python wandb and by this client leaves the same state', async () => {
  await log('python', 'python', 1);
  await log('ours', 'ours', 1);
  await expectSameState('twin', ['python', 'ours'], DIFFERENCES);
});
