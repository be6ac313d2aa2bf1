import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { gradientAccumulation, gradientAccumulationSchedule } from '@microbatch/core';
import { sampleValues } from '@microbatch/core/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { verify } from '../src/verify/verify.js';
import { type LoggedRun, logRun } from './logged-run.js';
import { temporaryFolder } from './temporary-folder.js';

const schedule = { startAccumBatchSize: 4, finalAccumBatchSize: 16, finish: 0.6 };
const fixed = { accumBatchSize: 16 };

const runs: Readonly<Record<string, Omit<LoggedRun, 'dir'>>> = {
  'accumulated batches': {},
  'micro-batches': { policy: gradientAccumulation({ ...fixed, logAccumBatch: false }) },
  'a schedule': { policy: gradientAccumulationSchedule(schedule) },
  'a schedule, micro-batches': { policy: gradientAccumulationSchedule({ ...schedule, logAccumBatch: false }) },
  'flushed tails': { policy: gradientAccumulation({ ...fixed, lastWindow: 'flush' }) },
  'dropped tails': { policy: gradientAccumulation({ ...fixed, lastWindow: 'drop' }) },
  'windows of one micro-batch': { policy: gradientAccumulation({ accumBatchSize: 4 }) },
  'division by the target': {
    policy: gradientAccumulation({ ...fixed, normalize: 'target' }),
    samples: (microStep) => (microStep % 10 === 0 ? 3 : 4),
  },
  'a loss that is not finite': { loss: (microStep) => (microStep === 7 ? Number.NaN : 1 / microStep) },
  'an infinite loss, micro-batches': {
    policy: gradientAccumulation({ ...fixed, logAccumBatch: false }),
    loss: (microStep) => (microStep === 7 ? Number.POSITIVE_INFINITY : 1 / microStep),
  },
  'skipped micro-batches': {
    isSkipped: (microStep) => microStep === 6 || (microStep >= 9 && microStep <= 12),
    loss: (microStep) => (microStep === 6 ? Number.NaN : 1 / microStep),
  },
  'discarded windows': { isDiscarded: (step) => step % 2 === 0 },
  'a stopped run': { until: 13, outcome: 'stopped' },
  'a failed run': { until: 13, outcome: 'failed' },
  'a killed run': { until: 13, outcome: 'killed' },
  'no step at all': { until: 2, outcome: 'stopped', values: { 1: { note: 1 } } },
  "fastai's names": { names: 'fastai' },
  "fastai's names, micro-batches": {
    names: 'fastai',
    policy: gradientAccumulation({ ...fixed, logAccumBatch: false }),
  },
  'the micro axis in W&B': { wandbAxis: 'micro' },
  'the sample axes': { wandbAxis: 'samples', tensorboardAxis: 'samples' },
  'the accumulated axis in TensorBoard': { tensorboardAxis: 'accumulated' },
  'the split layout': { layout: 'split' },
  'logged values of every kind': { values: { 1: { early: 1 }, 4: { ...sampleValues() }, 5: { 'suite/number': -0 } } },
  'logged values that hide clocks': {
    values: {
      1: { epoch: 9 },
      5: { epoch: 7, 'trainer/step': 3 },
      6: { epoch: 'the first' },
      20: { 'trainer/samples': 1, epoch: 2 },
    },
  },
  'logged epochs, micro-batches': {
    policy: gradientAccumulation({ ...fixed, logAccumBatch: false }),
    values: { 4: { epoch: 7 }, 5: { epoch: 7 } },
  },
  "logged epochs, fastai's names": { names: 'fastai', values: { 5: { epoch: 7 }, 9: { epoch: 7 }, 11: { epoch: 1 } } },
  'logged values that hide others': {
    values: { 5: { 'train/loss': 3, mixed: 1, accuracy: 2 }, 6: { mixed: 'now a text' }, 10: { 'valid/loss': 4 } },
  },
};

describe('verify', () => {
  it.each(Object.entries(runs))('finds nothing wrong with a healthy run: %s', async (_name, options) => {
    const dir = temporaryFolder();
    await logRun({ dir, ...options });
    const report = await verify([dir]);
    expect(report.runs.flatMap(({ findings }) => findings).filter(({ severity }) => severity === 'fault')).toEqual([]);
    expect(report).toMatchObject({ faults: 0, findings: [], runs: [{ id: 'digits' }] });
    expect(report.runs[0]!.sources.map(({ kind }) => kind)).toEqual(['journal', 'wandb', 'tensorboard']);
  });

  it.each([
    ['at a window', 12, {}],
    ['inside a window', 14, {}],
    ['inside a window, micro-batches', 14, { policy: gradientAccumulation({ ...fixed, logAccumBatch: false }) }],
    ['behind an epoch', 10, {}],
    ['in the split layout', 14, { layout: 'split' }],
    ['with skipped micro-batches', 6, { isSkipped: (microStep) => microStep === 5 }],
  ] satisfies [string, number, Omit<LoggedRun, 'dir'>][])(
    'finds nothing wrong with a run that was killed and resumed %s',
    async (_name, snapshotAt, options) => {
      const dir = temporaryFolder();
      const { snapshot } = await logRun({ dir, ...options, snapshotAt, until: 17, outcome: 'killed' });
      await logRun({ dir, ...options, snapshot: snapshot! });
      const { faults, findings, runs } = await verify([dir]);
      expect(runs.flatMap((run) => run.findings).filter(({ severity }) => severity === 'fault')).toEqual([]);
      expect({ faults, findings, runs }).toMatchObject({ faults: 0, findings: [], runs: [{ outcome: 'finished' }] });
      expect(runs[0]!.sources.map(({ kind }) => kind).sort()).toEqual([
        'journal',
        'journal',
        'tensorboard',
        'tensorboard',
        'wandb',
        'wandb',
      ]);
    },
  );

  it('checks W&B and TensorBoard against each other where there is no journal', async () => {
    const dir = temporaryFolder();
    await logRun({ dir });
    rmSync(join(dir, 'digits.microbatch.jsonl'));
    const { faults, runs } = await verify([dir]);
    expect(faults).toBe(0);
    expect(runs).toMatchObject([
      {
        id: 'digits',
        sources: [
          { kind: 'wandb', axis: 'accumulated' },
          { kind: 'tensorboard', checked: { points: 15 } },
        ],
      },
    ]);
  });

  it('takes an epoch that the user logged for one where there is no journal', async () => {
    const dir = temporaryFolder();
    await logRun({ dir, values: { 5: { epoch: 7 } } });
    rmSync(join(dir, 'digits.microbatch.jsonl'));
    expect(await verify([dir])).toMatchObject({ faults: 0, runs: [{ id: 'digits' }] });
  });

  it('tells runs of one folder apart', async () => {
    const dir = temporaryFolder();
    for (const [at, id] of ['a', 'b', 'c'].entries()) {
      await logRun({ dir, id, startedAt: 1000 * at, loss: (microStep) => at + 1 / microStep });
    }
    const { faults, runs } = await verify([dir]);
    expect(faults).toBe(0);
    expect(runs.map(({ id, sources }) => [id, ...sources.map(({ kind }) => kind)])).toEqual(
      ['a', 'b', 'c'].map((id) => [id, 'journal', 'wandb', 'tensorboard']),
    );
  });

  it('finds nothing wrong with whatever healthy run', async () => {
    const sizes = fc.constantFrom(4, 8, 16, 20);
    const common = {
      logAccumBatch: fc.boolean(),
      lastWindow: fc.constantFrom('carry' as const, 'flush' as const, 'drop' as const),
    };
    const policies = fc.oneof(
      fc.record({ accumBatchSize: sizes, ...common }).map((options) => gradientAccumulation(options)),
      fc
        .record({
          startAccumBatchSize: sizes,
          finalAccumBatchSize: sizes,
          finish: fc.constantFrom(0.3, 0.9),
          ...common,
        })
        .map((options) => gradientAccumulationSchedule(options)),
    );
    const runs = fc.record({
      policy: policies,
      until: fc.integer({ min: 0, max: 20 }),
      outcome: fc.constantFrom('finished' as const, 'stopped' as const, 'failed' as const, 'killed' as const),
      names: fc.constantFrom('microbatch' as const, 'fastai' as const),
      wandbAxis: fc.constantFrom('micro' as const, 'samples' as const, undefined),
      tensorboardAxis: fc.constantFrom('micro' as const, 'samples' as const),
      losses: fc.array(fc.double({ min: -1e6, max: 1e6 }), { minLength: 20, maxLength: 20 }),
      samples: fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 20, maxLength: 20 }),
      skipped: fc.array(fc.integer({ min: 1, max: 20 }), { maxLength: 3 }),
      discarded: fc.array(fc.integer({ min: 1, max: 6 }), { maxLength: 2 }),
      logged: fc.array(fc.integer({ min: 1, max: 20 }), { maxLength: 3 }),
    });
    await fc.assert(
      fc.asyncProperty(runs, async ({ losses, samples, skipped, discarded, logged, wandbAxis, ...options }) => {
        const dir = temporaryFolder();
        await logRun({
          dir,
          ...options,
          ...(wandbAxis && { wandbAxis }),
          loss: (microStep) => losses[microStep - 1]!,
          samples: (microStep) => samples[microStep - 1]!,
          isSkipped: (microStep) => skipped.includes(microStep),
          isDiscarded: (step) => discarded.includes(step),
          values: Object.fromEntries(
            logged.map((microStep) => [microStep, { own: microStep, note: `at ${microStep}` }]),
          ),
        });
        const report = await verify([dir]);
        const found = [...report.findings, ...report.runs.flatMap(({ findings }) => findings)];
        expect(found.filter(({ severity }) => severity === 'fault')).toEqual([]);
      }),
      { numRuns: 25 },
    );
  });
});
