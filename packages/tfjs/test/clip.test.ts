import { gradientAccumulation } from '@microbatch/core';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createClip } from '../src/clip.js';
import { deviceNorms, measureNorms, totalNorm } from '../src/gradient-norms.js';
import { createGradientSum } from '../src/gradient-sum.js';
import { type Clip, type TrainOptions, train } from '../src/index.js';
import { onEachBackend } from './backends.js';
import { classes, classifier, collect, ofType, relativeError } from './fixtures.js';
import { type NotedGradients, noteGradients, optimizers } from './optimizers.js';
import { useQueueingBackend } from './queueing-backend.js';

const options = (clip?: Clip, optimizer: tf.Optimizer = tf.train.sgd(0)): TrainOptions => ({
  model: classifier(),
  optimizer,
  loss: 'categoricalCrossentropy',
  data: { ...classes(24), batchSize: 4, shuffle: false },
  accumulation: gradientAccumulation({ accumBatchSize: 8 }),
  ...(clip === undefined ? {} : { clip }),
});

/** What the optimizer got at each step, and the norms that the events told. A rate of 0 keeps the gradients comparable. */
async function clipped(clip?: Clip) {
  const optimizer = tf.train.sgd(0);
  const gradients = noteGradients(optimizer);
  const given = options(clip, optimizer);
  const before = tf.memory().numTensors;
  const run = train(given);
  const events = collect(run);
  await run.done;
  expect(tf.memory().numTensors).toBe(before);
  return { gradients, steps: ofType(events, 'accumulated-batch') };
}

const norm = (values: readonly number[]) => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
const flat = (gradients: NotedGradients) => gradients.flatMap(({ values }) => values);

/** The gradients that each form of clipping makes of a window's, in float64. */
const oracles: Record<string, { clip: Clip; of: (gradients: NotedGradients) => number[][] }> = {
  'global norm': {
    clip: { globalNorm: 0.2 },
    of: (gradients) => {
      const factor = Math.min(1, 0.2 / norm(flat(gradients)));
      return gradients.map(({ values }) => values.map((value) => value * factor));
    },
  },
  'norm of each variable': {
    clip: { norm: 0.1 },
    of: (gradients) =>
      gradients.map(({ values }) => {
        const factor = Math.min(1, 0.1 / norm(values));
        return values.map((value) => value * factor);
      }),
  },
  value: {
    clip: { value: 0.05 },
    of: (gradients) => gradients.map(({ values }) => values.map((value) => Math.min(Math.max(value, -0.05), 0.05))),
  },
};

/** A sum that holds these gradients. */
function sumOf(...gradients: readonly (readonly number[])[]) {
  const variables = gradients.map((values) => tf.variable(tf.zeros([values.length])));
  const sum = createGradientSum(variables);
  sum.add(gradients.map((values) => tf.tensor1d([...values])));
  return { sum, values: () => sum.named().map(({ tensor }) => [...tensor!.dataSync()]) };
}

onEachBackend((backend) => {
  const tolerance = backend === 'cpu' ? 1e-6 : 1e-5;

  it.each(Object.keys(oracles))(
    'by %s changes the accumulated gradient as float64 does, and tells both norms',
    async (name) => {
      const { clip, of } = oracles[name]!;
      const plain = await clipped();
      const { gradients, steps } = await clipped(clip);
      expect(gradients).toHaveLength(3);
      gradients.forEach((given, step) => {
        const expected = of(plain.gradients[step]!);
        expect(relativeError(flat(given), expected.flat())).toBeLessThan(tolerance);
        expect(relativeError(flat(given), flat(plain.gradients[step]!))).toBeGreaterThan(0.1);
        expect(steps[step]!.gradNorm! / norm(flat(plain.gradients[step]!))).toBeCloseTo(1, 6);
        expect(steps[step]!.clippedGradNorm! / norm(expected.flat())).toBeCloseTo(1, 6);
      });
      expect(plain.steps[0]).not.toHaveProperty('gradNorm');
      expect(plain.steps[0]).not.toHaveProperty('clippedGradNorm');
    },
  );

  it.each([{ globalNorm: 1e3 }, { norm: 1e3 }, { value: 1e3 }] as const)(
    'by %j, above the gradient, leaves its bits alone',
    async (clip) => {
      const plain = await clipped();
      const { gradients, steps } = await clipped(clip);
      const values = (noted: NotedGradients[]) => noted.map(flat);
      expect(values(gradients)).toEqual(values(plain.gradients));
      for (const { gradNorm, clippedGradNorm } of steps) expect(clippedGradNorm).toBe(gradNorm);
    },
  );

  it.each(Object.keys(optimizers))('is followed by the step of %s alone on the clipped gradient', async (name) => {
    const make = optimizers[name]!;
    const optimizer = make(0.05);
    const noted = noteGradients(optimizer);
    const given = options({ globalNorm: 0.2 }, optimizer);
    await train(given).done;
    const reference = classifier();
    const variables = reference.trainableWeights.map((weight) => weight.read() as tf.Variable);
    const alone = make(0.05);
    for (const gradients of noted) {
      alone.applyGradients(
        variables.map(({ name, shape }, position) => ({
          name,
          tensor: tf.tensor(gradients[position]!.values as number[], shape),
        })),
      );
    }
    const weightsOf = (model: unknown) =>
      (model as tf.LayersModel).getWeights().map((weight) => [...weight.dataSync()]);
    expect(weightsOf(given.model)).toEqual(weightsOf(reference));
  });

  it('clips gradients whose squares would overflow or vanish in float32', () => {
    const huge = sumOf([3e30, 0], [-4e30]);
    expect(createClip({ globalNorm: 10 })(huge.sum)).toEqual({
      gradNorm: expect.closeTo(5e30, -24),
      clippedGradNorm: expect.closeTo(10, 5),
    });
    expect(relativeError(huge.values().flat(), [6, 0, -8])).toBeLessThan(1e-6);
    const tiny = sumOf([3e-30, 0], [-4e-30]);
    const norms = createClip({ norm: 1e-30 })(tiny.sum) as { gradNorm: number };
    expect(norms.gradNorm / 5e-30).toBeCloseTo(1, 5);
    expect(relativeError(tiny.values().flat(), [1e-30, 0, -1e-30])).toBeLessThan(1e-6);
  });

  const places = [0, 1, 6, 500, 996, 999];
  const withAt = (place: number, value: number) =>
    Array.from({ length: 1000 }, (_, at) => (at === place ? value : 0.5));

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    'by norm makes NaN of all that %d is in',
    (bad) => {
      for (const place of places) {
        const global = sumOf([1, 2], withAt(place, bad));
        const norms = createClip({ globalNorm: 1 })(global.sum) as { gradNorm: number; clippedGradNorm: number };
        expect(norms.gradNorm).toBe(Math.abs(bad));
        expect(norms.clippedGradNorm).toBeNaN();
        expect(global.values().flat().every(Number.isNaN)).toBe(true);
        const each = sumOf([3, 4], withAt(place, bad));
        createClip({ norm: 1 })(each.sum);
        const [healthy, ill] = each.values();
        expect(relativeError(healthy!, [0.6, 0.8])).toBeLessThan(1e-6);
        expect(ill!.every(Number.isNaN)).toBe(true);
      }
    },
  );

  it('by value leaves NaN as it is, wherever it stands, and limits infinities', () => {
    for (const place of places) {
      const expectAt = (value: number, clippedTo: number) => {
        const { sum, values } = sumOf(withAt(place, value));
        createClip({ value: 0.25 })(sum);
        expect(values()[0]).toEqual(withAt(place, 2 * clippedTo).map((element) => element / 2));
      };
      expectAt(Number.NaN, Number.NaN);
      expectAt(Number.POSITIVE_INFINITY, 0.25);
      expectAt(Number.NEGATIVE_INFINITY, -0.25);
    }
  });

  it('skips variables that have no gradient', () => {
    const variables = [1, 2, 3].map((size) => tf.variable(tf.zeros([size])));
    for (const clip of [{ globalNorm: 1 }, { norm: 1 }, { value: 0.6 }] as const) {
      const sum = createGradientSum(variables);
      sum.add([undefined, tf.tensor1d([3, 4]), undefined]);
      expect(createClip(clip)(sum)).toMatchObject({ gradNorm: 5 });
      expect(sum.named().map(({ tensor }) => tensor === null)).toEqual([true, false, true]);
      sum.clear();
    }
  });

  it('needs memory for one more variable, not for another copy of the gradients', async () => {
    for (const clip of [{ globalNorm: 1 }, { norm: 1 }, { value: 0.6 }] as const) {
      const { sum } = sumOf(...Array.from({ length: 20 }, () => withAt(3, 100)));
      const before = tf.memory().numBytes;
      const { peakBytes, newTensors } = await tf.profile(() => {
        createClip(clip)(sum);
        return tf.scalar(0);
      });
      // 20 variables of 4,000 bytes, and what one takes part in at a time.
      expect(peakBytes - before).toBeLessThan(3 * 4000);
      expect(newTensors).toBe(1);
      sum.clear();
    }
  });

  it('measures the same norms on the device as off it', async () => {
    const backend = tf.getBackend();
    // TensorFlow's C library takes numbers as small as some of these for 0.
    await tf.setBackend('cpu');
    onTestFinished(async () => void (await tf.setBackend(backend)));
    const lists = [[3, 4], [0, 0, 0], withAt(7, -2), [3e38, 3e38, 3e38], [1e-38, 1e-38], [1e-25, -1e-25, 0], [-7]];
    const { sum } = sumOf(...lists);
    const gradients = [...sum.named(), { name: 'none', tensor: null }];
    const before = tf.memory().numTensors;
    const onDevice = await deviceNorms(gradients);
    expect(tf.memory().numTensors).toBe(before);
    expect(onDevice).toHaveLength(8);
    lists.forEach((list, index) => {
      const expected = norm(list);
      expect(Math.abs(onDevice[index]! - expected)).toBeLessThanOrEqual(1e-6 * expected);
      expect(Math.abs((measureNorms(gradients) as number[])[index]! - expected)).toBeLessThanOrEqual(1e-7 * expected);
    });
    expect(onDevice[7]).toBe(0);
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      for (const place of places) {
        const [, ill] = await deviceNorms(sumOf([1], withAt(place, bad)).sum.named());
        expect(ill).toBe(Math.abs(bad));
      }
    }
    expect(await deviceNorms([{ name: 'none', tensor: null }])).toEqual([0]);
    expect(totalNorm([])).toBe(0);
  });
});

describe('on a backend whose reads would stall', () => {
  const reads = useQueueingBackend();

  it.each(Object.keys(oracles))('by %s waits once more a step, and gives the same', async (name) => {
    const { clip } = oracles[name]!;
    await tf.setBackend('cpu');
    const expected = await clipped(clip);
    await tf.setBackend('queueing');
    const given = options(clip);
    const optimizer = given.optimizer;
    const before = tf.memory().numTensors;
    Object.assign(reads, { synchronous: 0, waits: 0 });
    const run = train(given);
    const events = collect(run);
    await run.done;
    expect(reads).toEqual({ synchronous: 0, waits: 3 * 2 });
    expect(tf.memory().numTensors).toBe(before);
    expect(optimizer.iterations).toBe(3);
    ofType(events, 'accumulated-batch').forEach(({ gradNorm, clippedGradNorm }, step) => {
      expect(gradNorm! / expected.steps[step]!.gradNorm!).toBeCloseTo(1, 6);
      expect(clippedGradNorm! / expected.steps[step]!.clippedGradNorm!).toBeCloseTo(1, 6);
    });
  });
});

describe('clip refuses, before any work', () => {
  it.each<[string, unknown, typeof RangeError | typeof TypeError, string]>([
    ['none of the three', {}, TypeError, 'clip must have exactly one of globalNorm, norm and value, not none'],
    [
      'two of them',
      { globalNorm: 1, value: 1 },
      TypeError,
      'exactly one of globalNorm, norm and value, not globalNorm and value',
    ],
    ['a bare number', 1, TypeError, 'clip must be an object, not 1'],
    ['null', null, TypeError, 'clip must be an object, not null'],
    ["Keras's name", { clipnorm: 1 }, TypeError, 'clip: unknown option clipnorm (1); known: globalNorm, norm, value'],
    ['text', { norm: '1' }, TypeError, 'clip.norm must be a positive number, not "1"'],
    ['zero', { globalNorm: 0 }, RangeError, 'clip.globalNorm must be a positive number, not 0'],
    ['a negative limit', { value: -1 }, RangeError, 'clip.value must be a positive number, not -1'],
    ['NaN', { norm: Number.NaN }, RangeError, 'clip.norm must be a positive number, not NaN'],
    ['infinity', { norm: Number.POSITIVE_INFINITY }, RangeError, 'clip.norm must be a positive number, not Infinity'],
  ])('%s', (_, clip, error, message) => {
    const attempt = () => train(options(clip as Clip));
    expect(attempt).toThrow(error);
    expect(attempt).toThrow(message);
  });
});
