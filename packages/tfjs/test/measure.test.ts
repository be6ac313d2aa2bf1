import { gradientAccumulation } from '@microbatch/core';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { type MeasureOptions, type TrainOptions, train } from '../src/index.js';
import { onEachBackend } from './backends.js';
import { classes, classifier, collect, ofType, weightsOf } from './fixtures.js';

const options = (measure?: unknown): TrainOptions => ({
  model: classifier(),
  optimizer: tf.train.adam(0.01),
  loss: 'categoricalCrossentropy',
  data: { ...classes(20), batchSize: 4 },
  epochs: 2,
  accumulation: gradientAccumulation({ accumBatchSize: 8, lastWindow: 'flush' }),
  ...(measure !== undefined && { measure: measure as MeasureOptions }),
});

const MEASUREMENTS = [
  'gradNorm',
  'clippedGradNorm',
  'gradientNoiseScale',
  'normTestRatio',
  'samplesPerSecond',
  'forwardBackwardMs',
  'accumulateMs',
  'applyMs',
  'logMs',
] as const;

/** Which measurements the steps of a run tell, and the weights in the end. */
async function trained(measure?: unknown) {
  const given = options(measure);
  const run = train(given);
  const events = collect(run);
  await run.done;
  const told = ofType(events, 'accumulated-batch').map((event) => MEASUREMENTS.filter((name) => name in event));
  return { told, weights: weightsOf(given.model as tf.LayersModel) };
}

onEachBackend(() => {
  it('what is measured leaves the weights bit-identical', async () => {
    const measured = await trained({ gradNorm: true, noiseScale: true, normTest: true, times: true });
    expect(measured.weights).toEqual((await trained()).weights);
    expect(measured.told[0]).toEqual(expect.arrayContaining(['gradNorm', 'normTestRatio', 'samplesPerSecond']));
  });

  it.each<[unknown, readonly string[]]>([
    [undefined, []],
    [{}, []],
    [{ gradNorm: false, noiseScale: false, normTest: false, times: false }, []],
    [{ gradNorm: true }, ['gradNorm']],
    [{ normTest: true }, ['normTestRatio']],
    [{ noiseScale: { decay: 0 } }, ['gradientNoiseScale']],
    [{ times: {} }, ['samplesPerSecond', 'forwardBackwardMs', 'accumulateMs', 'applyMs', 'logMs']],
  ])('%j is measured and nothing else', async (measure, names) => {
    const { told } = await trained(measure);
    expect(told).toHaveLength(6);
    // A window can say of itself that all is noise: not every step has a noise scale.
    expect([...new Set(told.flat())].sort()).toEqual([...names].sort());
  });
});

describe('measure refuses, before any work', () => {
  it.each<[unknown, new (message: string) => Error, string]>([
    [true, TypeError, 'measure must be an object, not true'],
    [{ loss: true }, TypeError, 'measure: unknown option loss (true)'],
    [{ gradNorm: 1 }, TypeError, 'measure.gradNorm must be a boolean, not 1'],
    [{ normTest: {} }, TypeError, 'measure.normTest must be a boolean, not an object with no keys'],
    [{ noiseScale: 0.9 }, TypeError, 'measure.noiseScale must be a boolean or an object of options, not 0.9'],
    [{ noiseScale: null }, TypeError, 'measure.noiseScale must be a boolean or an object of options, not null'],
    [{ noiseScale: { beta: 0.9 } }, TypeError, 'measure.noiseScale: unknown option beta (0.9)'],
    [{ noiseScale: { decay: '0.9' } }, TypeError, 'measure.noiseScale.decay must be a number from 0 up to'],
    [
      { noiseScale: { decay: 1 } },
      RangeError,
      'measure.noiseScale.decay must be a number from 0 up to, not including, 1, not 1',
    ],
    [{ noiseScale: { decay: -0.1 } }, RangeError, 'not -0.1'],
    [{ noiseScale: { decay: Number.NaN } }, RangeError, 'not NaN'],
    [{ times: 'ms' }, TypeError, 'measure.times must be a boolean or an object of options, not "ms"'],
    [{ times: { clock: 1 } }, TypeError, 'measure.times: unknown option clock (1)'],
    [{ times: { now: 1 } }, TypeError, 'measure.times.now must be a function, not 1'],
  ])('%j', (measure, type, message) => {
    expect(() => train(options(measure))).toThrow(type);
    expect(() => train(options(measure))).toThrow(message);
  });
});
