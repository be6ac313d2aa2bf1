import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RunInfo, record, type TrainEvent } from '@microbatch/core';
import { checkGrammar } from '@microbatch/core/testing';
import { journal, readJournal } from '@microbatch/logger-journal';
import { tensorboard } from '@microbatch/logger-tensorboard';
import { readWandbRun, wandb } from '@microbatch/logger-wandb';
import fc from 'fast-check';
import { from } from 'rxjs';
import { readScalars } from 'tensorboard-writer';
import { describe, expect, it } from 'vitest';
import { expectedPoints } from './expected-points.js';
import { expectedRows } from './expected-rows.js';
import { eventsOf, randomRun } from './random-run.js';
import type { Axis } from './shown-values.js';

const onDiagnostic = () => {};

/** Calls `use` with a folder that is gone when it is done. */
async function inFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'read-back-'));
  try {
    await use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function runOf(events: readonly TrainEvent[]): RunInfo {
  return (events[0] as TrainEvent & { type: 'run-start' }).run;
}

/** For any run, writes it below a folder and checks what is read back. */
async function forAnyRun(
  logAccumBatch: boolean,
  check: (events: readonly TrainEvent[], folder: string) => Promise<void>,
): Promise<void> {
  const property = fc.asyncProperty(randomRun, (random) => {
    const events = eventsOf(random, logAccumBatch);
    checkGrammar(events);
    return inFolder((folder) => check(events, folder));
  });
  await fc.assert(property, { numRuns: 40 });
}

const cases: [logAccumBatch: boolean, stepAxis: Axis | undefined][] = [
  [true, undefined],
  [true, 'micro'],
  [true, 'accumulated'],
  [true, 'samples'],
  [false, undefined],
  [false, 'micro'],
  [false, 'samples'],
];

describe.each(cases)('for any run with logAccumBatch %s, on the axis %s,', (logAccumBatch, stepAxis) => {
  const axis = stepAxis === undefined ? {} : { stepAxis };

  it("W&B's file holds the recorded batches, and nothing else", async () => {
    await forAnyRun(logAccumBatch, async (events, dir) => {
      const logger = wandb({ dir, quiet: true, mode: 'offline', ...axis, onNotice: onDiagnostic });
      await record(from(events), [logger], { strict: true, onDiagnostic });
      const [name] = readdirSync(join(dir, 'wandb')).filter((entry) => entry.startsWith('offline-run-'));
      const { history, exit, damage } = readWandbRun(join(dir, 'wandb', name!));
      const clock = stepAxis ?? (logAccumBatch ? 'accumulated' : 'micro');
      expect(history).toEqual(expectedRows(events, runOf(events), clock));
      expect([damage, exit === undefined]).toEqual([[], false]);
    });
  });

  it("TensorBoard's file holds the recorded batches, and nothing else", async () => {
    await forAnyRun(logAccumBatch, async (events, logDir) => {
      await record(from(events), [tensorboard({ logDir, ...axis })], { strict: true, onDiagnostic });
      const { series } = await readScalars(logDir);
      const shown = [...series].map(([tag, { steps, values }]) => [tag, [...steps].map((x, at) => [x, values[at]])]);
      expect(Object.fromEntries(shown)).toEqual(expectedPoints(events, runOf(events), stepAxis ?? 'micro'));
    });
  });
});

it.each([true, false])('for any run with logAccumBatch %s, the journal holds every event', async (logAccumBatch) => {
  await forAnyRun(logAccumBatch, async (events, dir) => {
    const logger = journal({ dir });
    await record(from(events), [logger], { strict: true, onDiagnostic });
    const read: TrainEvent[] = [];
    for await (const event of readJournal(logger.path!)) read.push(event);
    expect(read).toEqual(events);
  });
});
