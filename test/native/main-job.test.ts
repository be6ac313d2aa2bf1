import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TrainEvent } from '@microbatch/core';
import { readJournal } from '@microbatch/logger-journal';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { root } from '../../scripts/bootstrap/root.mjs';
import { run } from '../interop/programs.js';

let out: string;
beforeAll(() => {
  out = mkdtempSync(join(tmpdir(), 'native-'));
});
afterAll(() => rmSync(out, { recursive: true }));

it("the main job trains on TensorFlow's C library, and learns as much as elsewhere", async () => {
  const program = join(root, 'examples/dist/mnist/main.js');
  const args = [program, '--backend', 'node', '--epochs', '1', '--samples', '6000', '--out', out];
  const { exitCode, stdout, stderr } = await run(process.execPath, args, { cwd: root });
  expect(stderr).toBe('');
  expect(exitCode).toBe(0);
  expect(stdout).toContain('with the node backend');
  const [folder] = readdirSync(out);
  const journal = readdirSync(join(out, folder!)).find((name) => name.endsWith('.jsonl'))!;
  const ends: TrainEvent[] = [];
  for await (const event of readJournal(join(out, folder!, journal))) if (event.type === 'epoch-end') ends.push(event);
  expect(ends).toMatchObject([{ microStep: 188, valid: { accuracy: expect.any(Number) } }]);
  const [{ valid }] = ends as [Extract<TrainEvent, { type: 'epoch-end' }>];
  // On wasm it is 0.8906.
  expect(valid!.accuracy).toBeGreaterThan(0.85);
});
