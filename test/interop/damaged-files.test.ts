import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SummaryWriter } from 'tensorboard-writer';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { pythonProgram } from '../../scripts/bootstrap/python-environments.mjs';
import { everyKind } from './every-kind.js';
import { run } from './programs.js';

const EVERY = 97;

let folder: string;
let path: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'interop-damaged-'));
  const writer = new SummaryWriter(folder);
  for (const { write } of Object.values(everyKind)) write(writer);
  writer.close();
  path = writer.path;
});
afterAll(() => rmSync(folder, { recursive: true }));

test.each(['cut', 'flip'])('TensorBoard shows all whole records before damage, and nothing else: %s', async (how) => {
  const args = [join(import.meta.dirname, 'read_damaged.py'), how, path, String(EVERY)];
  const { stdout, stderr, exitCode } = await run(pythonProgram('tensorboard', 'python'), args, { cwd: folder });
  expect(exitCode, stderr).toBe(0);
  const { records, tried, wrong } = JSON.parse(stdout);
  expect(records).toBeGreaterThan(50);
  expect(tried).toBeGreaterThanOrEqual(Math.ceil(statSync(path).size / EVERY) + (how === 'cut' ? records : 0));
  expect(wrong).toEqual([]);
});
