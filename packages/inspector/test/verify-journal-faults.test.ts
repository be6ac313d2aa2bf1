import { readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gradientAccumulation } from '@microbatch/core';
import { describe, expect, it } from 'vitest';
import { verify } from '../src/verify/verify.js';
import { logRun } from './logged-run.js';
import { doubled, editJournal, indexWhere, JOURNAL, swapped, without } from './plant.js';
import { change, expectFound, isMicro, isStep, type PlantedFault } from './planted-fault.js';
import { temporaryFolder } from './temporary-folder.js';

const journal: Readonly<Record<string, PlantedFault>> = {
  'a changed accumulated loss': {
    plant: (dir) => change(dir, isStep(3), { loss: 0.7 }),
    says: { code: 'accumulated-loss', at: { step: 3, microStep: 12 }, found: 0.7, expected: expect.closeTo(0.7129, 3) },
    codes: ['accumulated-loss', 'smooth-loss', 'value'],
  },
  'a changed metric': {
    plant: (dir) => change(dir, isStep(3), { metrics: { accuracy: 0.5, even: 11 } }),
    says: { code: 'accumulated-metric', key: 'accuracy', at: { step: 3, microStep: 12 }, expected: 0.105, found: 0.5 },
  },
  'a changed micro-batch': {
    plant: (dir) => change(dir, isMicro(6), { loss: 0.5 }),
    says: { code: 'lineage', at: { step: 2, microStep: 6 }, key: 'loss', expected: 0.5, found: 2.3 / Math.sqrt(6) },
  },
  'a changed normalizer': {
    plant: (dir) => change(dir, isStep(2), { normalizer: 15 }),
    says: { code: 'window-size', at: { step: 2, microStep: 8 }, key: 'normalizer', expected: 16, found: 15 },
  },
  'a missing window': {
    plant: (dir) => editJournal(dir, (lines) => without(lines, indexWhere(lines, isStep(3)))),
    says: {
      code: 'missing-window',
      at: { step: 3, microStep: 12 },
      message: expect.stringContaining('micro-batch 9–12'),
    },
    codes: ['missing-window', 'unexpected-row', 'unexpected-point', 'smooth-loss'],
  },
  'a window that was discarded, and nobody says so': {
    run: { isDiscarded: (step) => step === 3 },
    plant: (dir) =>
      editJournal(dir, (lines) =>
        without(
          lines,
          indexWhere(lines, ({ type }) => type === 'discarded-window'),
        ),
      ),
    says: { code: 'missing-window', at: { step: 3, microStep: 12 } },
    codes: ['missing-window'],
  },
  'a missing micro-batch': {
    plant: (dir) => editJournal(dir, (lines) => without(lines, indexWhere(lines, isMicro(6)))),
    says: { code: 'missing-micro-batch', at: { microStep: 6 }, found: 'nothing' },
    codes: ['missing-micro-batch', 'unexpected-point'],
  },
  'a window without its lineage': {
    plant: (dir) => change(dir, isStep(3), { microBatches: undefined }),
    says: { code: 'damaged-line', at: { line: 18 }, message: expect.stringContaining('without microBatches') },
  },
  'a loss that is null': {
    plant: (dir) => change(dir, isMicro(6), { loss: null }),
    says: { code: 'damaged-line', at: { line: 9 }, message: expect.stringContaining('micro-batch without loss') },
  },
  'a run without its policy': {
    plant: (dir) =>
      editJournal(dir, (lines) =>
        lines.map((line) => (line.type === 'run-start' ? { ...line, run: { ...line.run, policy: null } } : line)),
      ),
    says: { code: 'damaged-line', at: { line: 2 } },
  },
  'a duplicated step': {
    plant: (dir) => editJournal(dir, (lines) => doubled(lines, indexWhere(lines, isStep(3)))),
    says: { code: 'duplicate-step', at: { step: 3 }, key: 'step', expected: 4, found: 3 },
    codes: ['duplicate-step'],
  },
  'a duplicated micro-batch': {
    plant: (dir) => editJournal(dir, (lines) => doubled(lines, indexWhere(lines, isMicro(6)))),
    says: { code: 'duplicate-step', at: { microStep: 6 }, key: 'microStep' },
    codes: ['duplicate-step'],
  },
  'reordered micro-batches': {
    plant: (dir) =>
      editJournal(dir, (lines) => swapped(lines, indexWhere(lines, isMicro(6)), indexWhere(lines, isMicro(7)))),
    says: { code: 'out-of-order', at: { microStep: 6 }, key: 'microStep' },
    codes: ['out-of-order'],
  },
  'reordered windows': {
    plant: (dir) =>
      editJournal(dir, (lines) => swapped(lines, indexWhere(lines, isStep(2)), indexWhere(lines, isStep(3)))),
    says: { code: 'out-of-order', at: { step: 2 }, key: 'step' },
  },
  'a changed clock': {
    plant: (dir) => change(dir, isMicro(6), { samples: 23 }),
    says: { code: 'clock', at: { microStep: 6 }, key: 'samples', expected: 24, found: 23 },
  },
  'a time that goes back': {
    plant: (dir) => change(dir, isStep(4), { time: 5 }),
    says: { code: 'clock', at: { microStep: 16 }, key: 'time', found: 5 },
  },
  'an epoch that is not due': {
    plant: (dir) => change(dir, isMicro(6), { epoch: 0.9 }),
    says: { code: 'clock', at: { microStep: 6 }, key: 'epoch', expected: 0.6, found: 0.9 },
  },
  'a window of another size than the policy has': {
    plant: (dir) =>
      editJournal(dir, (lines) =>
        lines.map((line) =>
          line.type === 'run-start'
            ? { ...line, run: { ...line.run, policy: { ...line.run.policy, accumBatchSize: 12 } } }
            : line,
        ),
      ),
    says: { code: 'window-target', at: { microStep: 1 }, expected: 12, found: 16 },
    codes: ['window-target'],
  },
  'a changed smoothed loss': {
    plant: (dir) => change(dir, isStep(3), { smoothLoss: 0.9 }),
    says: { code: 'smooth-loss', at: { step: 3, microStep: 12 }, found: 0.9 },
  },
  'a changed mean of an epoch': {
    plant: (dir) => change(dir, ({ type }) => type === 'epoch-end', { train: { loss: 1, accuracy: 0.055, even: 6 } }),
    says: { code: 'epoch-mean', at: { microStep: 10 }, key: 'loss', found: 1 },
    codes: ['epoch-mean'],
  },
  'a torn file': {
    plant: (dir) => truncateSync(`${dir}/${JOURNAL}`, statSync(`${dir}/${JOURNAL}`).size - 9),
    says: { code: 'torn-file', found: 'half a line' },
    codes: ['torn-file'],
  },
  'a line that is no JSON': {
    plant: (dir) =>
      editJournal(dir, (lines) => lines.map((line, at) => (isStep(3)(line) ? '{"type":"acc' : lines[at]!))),
    says: { code: 'damaged-line', at: { line: 18 } },
  },
  'no run-start': {
    plant: (dir) => editJournal(dir, (lines) => lines.slice(1)),
    says: { code: 'no-run-start', found: 'micro-batch' },
    codes: ['no-run-start'],
  },
  'events behind the end': {
    plant: (dir) => editJournal(dir, (lines) => [...lines, { ...lines.at(-1)!, type: 'log', values: {} }]),
    says: { code: 'after-run-end', found: 'log' },
    codes: ['after-run-end'],
  },
};

describe('verify finds, in a journal,', () => {
  it.each(Object.entries(journal))('%s', (_name, planted) => expectFound(planted, (dir) => `${dir}/${JOURNAL}`));
});

/** The places of all numbers in an event. */
function numbersIn(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value === 'number') return [path];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => numbersIn(item, [...path, key]));
}

describe('verify', () => {
  it('finds any number of a journal that was changed, but for what nothing else shows', async () => {
    const dir = temporaryFolder();
    const plan = { microBatchSize: 4, microBatchesPerEpoch: 3, epochs: 2 };
    await logRun({
      dir,
      plan,
      policy: gradientAccumulation({ accumBatchSize: 8, lastWindow: 'flush' }),
      values: { 3: { own: 5 } },
    });
    const path = join(dir, JOURNAL);
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
    const missed: string[] = [];
    // Behind the header and the run itself.
    for (const [at, line] of [...lines.entries()].slice(2)) {
      for (const place of numbersIn(JSON.parse(line))) {
        const event = JSON.parse(line);
        const holder = place.slice(0, -1).reduce((object, key) => object[key], event);
        const [key] = place.slice(-1);
        holder[key!] = Number.isInteger(holder[key!]) ? holder[key!] + 1 : holder[key!] * 1.0001;
        writeFileSync(path, `${lines.with(at, JSON.stringify(event)).join('\n')}\n`);
        const { faults } = await verify([dir]);
        if (faults === 0) missed.push(`${event.type} ${place.join('.')}`);
      }
    }
    // The learning rate of a batch that is not recorded, and when the run ended, stand in no other file.
    expect(new Set(missed)).toEqual(new Set(['micro-batch learningRate', 'run-end time']));
  });
});
