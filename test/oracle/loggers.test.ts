import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { compareLoggers } from './compare-loggers.js';
import { FLOAT32_TOLERANCE, lossTolerance } from './comparison.js';
import { admittedTraces } from './traces.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'oracle-loggers-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("the loggers' files, with fastai's names", () => {
  it.each(admittedTraces.map((trace) => [trace.name, trace] as const))(
    'hold the rows, steps and values of %s',
    async (_name, trace) => {
      const { errors } = await compareLoggers(trace, folder);
      expect(errors['W&B']).toBeLessThanOrEqual(lossTolerance(trace));
      expect(errors.TensorBoard).toBeLessThanOrEqual(Math.max(lossTolerance(trace), FLOAT32_TOLERANCE));
    },
  );
});
