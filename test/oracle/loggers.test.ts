import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'vitest';
import { compareLoggers } from './compare-loggers.js';
import { assertWithin } from './comparison.js';
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
      assertWithin(await compareLoggers(trace, folder), trace.config.dtype);
    },
  );
});
