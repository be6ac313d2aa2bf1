import { rmSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { doubled, eventFiles, JOURNAL, swapped, wandbLog, without } from './plant.js';
import { alterStep, expectFound, faultsOf, inEvents, inWandb, isStep, type PlantedFault } from './planted-fault.js';

const wandb: Readonly<Record<string, PlantedFault>> = {
  'a gap in the rows': {
    plant: inWandb((records, rows) => without(records, rows[2]!)),
    says: { code: 'missing-row', at: { row: 2, microStep: 12 }, expected: 'accumulated batch 3', found: 'nothing' },
    codes: ['missing-row'],
  },
  'a duplicated row': {
    plant: inWandb((records, rows) => doubled(records, rows[2]!)),
    says: { code: 'duplicate-step', at: { row: 2 }, key: '_step', found: 2 },
    codes: ['duplicate-step'],
  },
  'reordered rows': {
    plant: inWandb((records, rows) => swapped(records, rows[1]!, rows[2]!)),
    says: { code: 'out-of-order', at: { row: 1 }, key: '_step', expected: 'more than 2', found: 1 },
    codes: ['out-of-order'],
  },
  'a changed loss': {
    run: { alter: { wandb: alterStep(3, { loss: 0.7 }) } },
    says: {
      code: 'value',
      at: { row: 2, microStep: 12 },
      key: 'train/loss',
      expected: expect.closeTo(0.7129, 3),
      found: 0.7,
    },
    codes: ['value'],
  },
  'a value that is missing': {
    run: { alter: { wandb: alterStep(3, { gradNorm: undefined }) } },
    says: {
      code: 'missing-value',
      at: { row: 2, microStep: 12 },
      key: 'train/grad_norm',
      expected: 1 / 3,
      found: 'nothing',
    },
    codes: ['missing-value'],
  },
  'a value that nobody logged': {
    run: { alter: { wandb: alterStep(3, { clippedGradNorm: 9 }) } },
    says: { code: 'unexpected-value', at: { row: 2, microStep: 12 }, key: 'train/clipped_grad_norm', found: 9 },
    codes: ['unexpected-value'],
  },
  'a validation in another row': {
    run: {
      alter: {
        wandb: (events) =>
          swapped(
            events,
            events.findIndex(({ type }) => type === 'epoch-end'),
            events.findIndex(isStep(3)),
          ),
      },
    },
    says: { code: 'missing-value', at: { row: 1, microStep: 8 }, key: 'valid/loss', expected: 0.1 },
    codes: ['missing-value', 'unexpected-value'],
  },
  'a changed clock': {
    run: { alter: { wandb: alterStep(3, { samples: 47 }) } },
    says: { code: 'clock', at: { row: 2, microStep: 12 }, key: 'trainer/samples', expected: 48, found: 47 },
    codes: ['clock'],
  },
  'another outcome': {
    run: {
      alter: {
        wandb: (events) => events.map((event) => (event.type === 'run-end' ? { ...event, outcome: 'failed' } : event)),
      },
    },
    says: { code: 'outcome', expected: 0, found: 'exit code 1' },
    codes: ['outcome'],
  },
  'a torn file': {
    plant: (dir) => truncateSync(wandbLog(dir), statSync(wandbLog(dir)).size - 5),
    says: { code: 'torn-file', found: 'the last record is cut off' },
    codes: ['torn-file'],
  },
  'a flipped bit': {
    plant: inWandb((records, rows) => {
      records[rows[2]!]!.writeUInt8(7, 30);
      return records;
    }),
    says: { code: 'damaged-record', found: 'a checksum does not match' },
  },
};

const tensorboard: Readonly<Record<string, PlantedFault>> = {
  'a point that is missing': {
    plant: inEvents((records, points) => without(records, points[2]!)),
    says: { code: 'missing-point', at: { x: 12, microStep: 12 }, key: 'train/loss', found: 'nothing' },
    codes: ['missing-point'],
  },
  'a duplicated step': {
    plant: inEvents((records, points) => doubled(records, points[2]!)),
    says: { code: 'duplicate-step', at: { x: 12 }, key: 'train/loss', found: 12 },
    codes: ['duplicate-step'],
  },
  'reordered points': {
    plant: inEvents((records, points) => swapped(records, points[1]!, points[2]!)),
    says: { code: 'out-of-order', at: { x: 8 }, key: 'train/loss', expected: 'more than 12', found: 8 },
    codes: ['out-of-order'],
  },
  'a changed loss': {
    run: { alter: { tensorboard: alterStep(3, { loss: 0.7 }) } },
    says: { code: 'value', at: { x: 12, microStep: 12 }, key: 'train/loss', found: Math.fround(0.7) },
    codes: ['value'],
  },
  'a tag that is missing': {
    plant: inEvents((records, points) => records.filter((_, at) => !points.includes(at)), 'train/micro_loss'),
    says: { code: 'missing-point', at: { x: 1, microStep: 1 }, key: 'train/micro_loss', expected: '20 points' },
  },
  'points that nobody logged': {
    run: { alter: { tensorboard: alterStep(3, { clippedGradNorm: 9 }) } },
    says: { code: 'unexpected-point', at: { x: 12 }, key: 'train/clipped_grad_norm', found: 'a point' },
    codes: ['unexpected-point'],
  },
  'another time': {
    run: { alter: { tensorboard: alterStep(3, { time: 5000 }) } },
    says: { code: 'clock', at: { x: 12, microStep: 12 }, key: 'train/loss', found: 5 },
    codes: ['clock'],
  },
  'a torn file': {
    plant: (dir) => truncateSync(eventFiles(dir)[0]!, statSync(eventFiles(dir)[0]!).size - 5),
    says: { code: 'torn-file', found: 'torn-record' },
  },
  'a flipped bit': {
    plant: inEvents((records, points) => {
      records[points[2]!]!.writeUInt8(7, 20);
      return records;
    }),
    says: { code: 'damaged-record', found: 'data-crc' },
  },
};

describe.each([
  ['a W&B log', wandb, wandbLog],
  ['an event file', tensorboard, (dir: string) => eventFiles(dir)[0]!],
] as const)('verify finds, in %s,', (_kind, faults, fileOf) => {
  it.each(Object.entries(faults))('%s', (_name, planted) => expectFound(planted, fileOf));
});

describe('verify finds, where there is no journal,', () => {
  const withoutJournal: Readonly<Record<string, PlantedFault>> = {
    'a gap in the rows': {
      plant: inWandb((records, rows) => without(records, rows[2]!)),
      says: { code: 'missing-row', at: { row: 2 } },
    },
    'another loss in TensorBoard': {
      run: { alter: { tensorboard: alterStep(3, { loss: 0.7 }) } },
      says: { code: 'value', at: { x: 12, row: 2 }, key: 'train/loss', found: Math.fround(0.7) },
    },
    'a point that is missing': {
      plant: inEvents((records, points) => without(records, points[2]!)),
      says: { code: 'missing-point', at: { x: 12, row: 2 }, key: 'train/loss', found: 'nothing' },
    },
  };

  it.each(Object.entries(withoutJournal))('%s', async (_name, { plant, ...planted }) => {
    const { faults } = await faultsOf({
      ...planted,
      plant(dir) {
        plant?.(dir);
        rmSync(join(dir, JOURNAL));
      },
    });
    expect(faults).toContainEqual(expect.objectContaining(planted.says));
  });
});
