import { type LogValue, metricNames, type NamingScheme, type StepAxis } from '@microbatch/core/logger';
import { expect, test } from 'vitest';
import { toPoints } from '../src/to-points.js';
import { runInfo, smallRun } from './small-run.js';

type Points = Record<string, [x: number, value: LogValue][]>;

function pointsOf(logAccumBatch: boolean, stepAxis: StepAxis, names: NamingScheme = 'microbatch'): Points {
  const points: Points = {};
  const options = { stepAxis, names: metricNames(names) };
  for (const event of smallRun(logAccumBatch)) {
    toPoints(event, runInfo(logAccumBatch), options, (tag, x, value, wallTime) => {
      expect(wallTime).toBe(event.time / 1000);
      points[tag] ??= [];
      points[tag].push([x, value]);
    });
  }
  return points;
}

test('accumulated batches are recorded: they lie on the micro clock, with each micro-batch’s own loss beside them', () => {
  expect(pointsOf(true, 'micro')).toEqual({
    'train/loss': [
      [2, 3],
      [4, 1.5],
    ],
    'train/loss_smooth': [
      [2, 19],
      [4, 17.5],
    ],
    'train/learning_rate': [
      [2, 0.25],
      [4, 0.25],
    ],
    'train/accuracy': [
      [2, 0.75],
      [4, 0.375],
    ],
    'train/accum_batch_size': [
      [2, 8],
      [4, 8],
    ],
    'train/grad_norm': [
      [2, 2],
      [4, 2],
    ],
    'train/micro_loss': [
      [1, 4],
      [2, 2],
      [3, 2],
      [4, 1],
    ],
    'valid/loss': [[4, 0.5]],
    'valid/accuracy': [[4, 0.75]],
    mine: [
      [1, 1],
      [3, 2],
    ],
    note: [[1, 'a *note*']],
  });
});

test('micro-batches are recorded: their loss is train/loss; what belongs to an optimizer step stays at the window’s last', () => {
  expect(pointsOf(false, 'micro')).toMatchObject({
    'train/loss': [
      [1, 4],
      [2, 2],
      [3, 2],
      [4, 1],
    ],
    'train/loss_smooth': [
      [1, 20],
      [2, 18],
      [3, 18],
      [4, 17],
    ],
    'train/accum_batch_size': [
      [2, 8],
      [4, 8],
    ],
    'train/grad_norm': [
      [2, 2],
      [4, 2],
    ],
    'valid/loss': [[4, 0.5]],
  });
  expect(pointsOf(false, 'micro')).not.toHaveProperty(['train/micro_loss']);
});

test('the axis only relabels x', () => {
  const micro = pointsOf(true, 'micro');
  const samples = Object.entries(micro).map(([tag, points]) => [tag, points.map(([x, value]) => [4 * x, value])]);
  expect(pointsOf(true, 'samples')).toEqual(Object.fromEntries(samples));
});

test('the accumulated axis has no room for micro-batches', () => {
  const points = pointsOf(true, 'accumulated');
  expect(points).toMatchObject({
    'train/loss': [
      [1, 3],
      [2, 1.5],
    ],
    'valid/loss': [[2, 0.5]],
    mine: [
      [0, 1],
      [1, 2],
    ],
  });
  expect(points).not.toHaveProperty(['train/micro_loss']);
});

test('fastai’s names', () => {
  expect(Object.keys(pointsOf(true, 'micro', 'fastai')).sort()).toEqual([
    'accumulation_batch_size',
    'accuracy',
    'grad_norm',
    'lr_0',
    'micro_loss',
    'mine',
    'note',
    'raw_loss',
    'train_accuracy',
    'train_loss',
    'valid_loss',
  ]);
});
