import { type AccumulationPolicy, gradientAccumulation } from '@microbatch/core';
import * as tf from '@tensorflow/tfjs';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { beforeAll, describe, expect, it } from 'vitest';
import { type CustomTrainOptions, type LabelledBatch, type MeasureOptions, train } from '../src/index.js';
import { createNoiseScale } from '../src/noise-scale.js';
import { onEachBackend } from './backends.js';
import { collect, ofType } from './fixtures.js';
import {
  type LogisticRegression,
  logisticRegression,
  meanOf,
  squareOf,
  varianceOf,
  weightedSum,
} from './logistic-regression.js';
import { registerStallingBackend } from './stalling-backend.js';

registerStallingBackend();

interface Window {
  readonly samples: number;
  /** Of each micro-batch: what it weighs, and the gradient of its mean loss. */
  readonly weights: readonly number[];
  readonly gradients: readonly (readonly number[])[];
}

/** What a window's gradients come to by the formulas as they are printed: S and |G|², in float64. */
function printed({ samples, weights, gradients }: Window) {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const shares = weights.map((weight) => weight / total);
  const n = gradients.length;
  const m = gradients.reduce((sum, gradient, index) => sum + shares[index]! * squareOf(gradient), 0);
  const M = squareOf(weightedSum(gradients, shares));
  return { M, S: (samples * (m - M)) / (n - 1), G2: (n * M - m) / (n - 1) };
}

/** What the events of a run say, given that nothing is averaged over steps. */
function expected(window: Window) {
  const { M, S, G2 } = printed(window);
  return {
    gradNorm: Math.sqrt(M),
    normTestRatio: Math.sqrt(S / window.samples / M),
    // No noise scale where a window alone says that all is noise.
    ...(G2 > 0 ? { gradientNoiseScale: S / G2 } : {}),
  };
}

/** The samples of a run, micro-batch by micro-batch. */
const places = (sizes: readonly number[], from = 0) =>
  sizes.map((size, index) => {
    const start = from + sizes.slice(0, index).reduce((sum, before) => sum + before, 0);
    return Array.from({ length: size }, (_, at) => start + at);
  });

const gradientsOf = ({ sampleGradients }: LogisticRegression, batches: readonly (readonly number[])[]) =>
  batches.map((indices) => meanOf(indices.map((index) => sampleGradients[index]!)));

const all: MeasureOptions = { gradNorm: true, normTest: true, noiseScale: { decay: 0 } };

/** Leaves the weights as they are, whatever the gradient: even a rate of 0 takes up what is not finite. */
class IdleOptimizer extends tf.SGDOptimizer {
  override applyGradients(): void {}
}

/** Trains at fixed weights; the steps' measurements. */
async function measured(
  { model }: LogisticRegression,
  data: readonly LabelledBatch[] | ((epoch: number) => LabelledBatch[]),
  accumulation: AccumulationPolicy,
  options: Partial<Pick<CustomTrainOptions, 'measure' | 'epochs' | 'weight' | 'nonFinite'>> = {},
) {
  const run = train<LabelledBatch>({
    model,
    optimizer: new IdleOptimizer(1),
    data,
    accumulation,
    measure: all,
    ...options,
  });
  const events = collect(run);
  await run.done;
  return ofType(events, 'accumulated-batch').map(({ gradNorm, normTestRatio, gradientNoiseScale }) => ({
    ...(gradNorm !== undefined && { gradNorm }),
    ...(normTestRatio !== undefined && { normTestRatio }),
    ...(gradientNoiseScale !== undefined && { gradientNoiseScale }),
  }));
}

function expectClose(actual: readonly object[], wanted: readonly object[]): void {
  expect(actual.map((step) => Object.keys(step).sort())).toEqual(wanted.map((step) => Object.keys(step).sort()));
  actual.forEach((step, index) => {
    for (const [name, value] of Object.entries(step)) {
      const other = (wanted[index] as Record<string, number>)[name]!;
      expect(Math.abs(value / other - 1), `${name} of step ${index + 1}: ${value} against ${other}`).toBeLessThan(1e-5);
    }
  });
}

const windows = (samples: number) => gradientAccumulation({ accumBatchSize: samples, microBatchSize: 1 });

onEachBackend(() => {
  it.each([[[4, 4, 4, 4]], [[8, 8, 8, 4]], [[1, 7, 3]], [[5, 20]]])(
    'of a window split into %j is what the formulas give for the gradients of its micro-batches',
    async (sizes) => {
      const regression = logisticRegression(100, 6, 1);
      const samples = sizes.reduce((sum, size) => sum + size, 0);
      const split = [...places(sizes), ...places(sizes, samples)];
      const actual = await measured(regression, split.map(regression.batch), windows(samples));
      const gradients = gradientsOf(regression, split);
      const half = sizes.length;
      expectClose(actual, [
        expected({ samples, weights: sizes, gradients: gradients.slice(0, half) }),
        expected({ samples, weights: sizes, gradients: gradients.slice(half) }),
      ]);
      expect(actual).toHaveLength(2);
    },
  );

  it('stays in samples where batches are weighed by something else, and one that weighs nothing only fills the batch', async () => {
    const regression = logisticRegression(100, 6, 2);
    const split = places([4, 4, 4, 4]);
    const weights = [31, 7, 0, 12.5];
    let weighed = 0;
    const actual = await measured(regression, split.map(regression.batch), windows(16), {
      weight: () => weights[weighed++]!,
    });
    const gradients = gradientsOf(regression, split);
    const counted = [0, 1, 3];
    expectClose(actual, [
      expected({
        samples: 16,
        weights: counted.map((index) => weights[index]!),
        gradients: counted.map((index) => gradients[index]!),
      }),
    ]);
  });

  it('of a window that goes on over the end of an epoch takes in both sides of it', async () => {
    const regression = logisticRegression(100, 6, 3);
    const split = places([4, 4, 4, 4, 4, 4]);
    const epochs = [split.slice(0, 3), split.slice(3)];
    const actual = await measured(regression, (epoch) => epochs[epoch]!.map(regression.batch), windows(8), {
      epochs: 2,
    });
    const gradients = gradientsOf(regression, split);
    expectClose(
      actual,
      [0, 2, 4].map((at) => expected({ samples: 8, weights: [4, 4], gradients: gradients.slice(at, at + 2) })),
    );
  });

  it('leaves out what a dropped window held, and measures one that is flushed', async () => {
    const regression = logisticRegression(100, 6, 4);
    const split = places([4, 4, 4]);
    const drop = gradientAccumulation({ accumBatchSize: 8, microBatchSize: 1, lastWindow: 'drop' });
    const flush = gradientAccumulation({ accumBatchSize: 12, microBatchSize: 1, lastWindow: 'flush' });
    const gradients = gradientsOf(regression, split);
    const first = expected({ samples: 8, weights: [4, 4], gradients: gradients.slice(0, 2) });
    const each = () => split.map(regression.batch);
    expectClose(await measured(regression, each, drop, { epochs: 2 }), [first, first]);
    expectClose(await measured(regression, () => each().slice(0, 2), flush, { epochs: 1 }), [first]);
  });

  it('is that of the mean gradient where a fixed normalizer makes the step larger', async () => {
    const regression = logisticRegression(100, 6, 5);
    const split = places([4, 4, 6]);
    const policy = gradientAccumulation({ accumBatchSize: 10, microBatchSize: 1, normalize: 'target' });
    const [actual] = await measured(regression, split.map(regression.batch), policy);
    const wanted = expected({ samples: 14, weights: [4, 4, 6], gradients: gradientsOf(regression, split) });
    expectClose([actual!], [{ ...wanted, gradNorm: wanted.gradNorm * 1.4 }]);
  });

  it('is absent from the steps of windows with one micro-batch, which leave its average alone', async () => {
    const regression = logisticRegression(100, 6, 6);
    const split = places([3, 3, 6, 3, 3]);
    const actual = await measured(regression, split.map(regression.batch), windows(6), {
      measure: { ...all, noiseScale: { decay: 0.5 } },
    });
    const gradients = gradientsOf(regression, split);
    const [first, , third] = [0, 2, 3].map((at) =>
      printed({ samples: 6, weights: [3, 3], gradients: gradients.slice(at, at + 2) }),
    );
    const averaged = (0.5 * first!.S + third!.S) / (0.5 * first!.G2 + third!.G2);
    expect(actual).toHaveLength(3);
    expect(Object.keys(actual[1]!)).toEqual(['gradNorm']);
    expect(actual[2]!.gradientNoiseScale! / averaged).toBeCloseTo(1, 4);
  });

  it('tells a gradient that is not finite, and forgets it', async () => {
    const regression = logisticRegression(100, 6, 7);
    const { model } = regression;
    const split = places([4, 4, 4, 4, 4, 4]);
    let microBatches = 0;
    const broken = {
      ...model,
      loss: (batch: LabelledBatch) =>
        tf.mul(model.loss(batch, { training: true }), ++microBatches === 3 ? Number.NaN : 1),
    };
    const options = { measure: { ...all, noiseScale: { decay: 0.5 } } };
    const data = split.map(regression.batch);
    const actual = await measured({ ...regression, model: broken }, data, windows(8), options);
    const without = await measured(regression, [...data.slice(0, 2), ...data.slice(4)], windows(8), options);
    expect(actual[1]).toEqual({ gradNorm: Number.NaN, normTestRatio: Number.NaN });
    expect([actual[0], actual[2]]).toEqual(without);
    expect(without[1]).toHaveProperty('gradientNoiseScale');
  });
});

describe('of a window with a skipped micro-batch', () => {
  it.each(['cpu', 'stalling'])('is that of the others on %s', async (backend) => {
    await tf.setBackend('cpu');
    const regression = logisticRegression(100, 6, 10);
    await tf.setBackend(backend);
    const { model } = regression;
    const split = places([4, 4, 4, 4]);
    let microBatches = 0;
    const broken = {
      ...model,
      loss: (batch: LabelledBatch) =>
        tf.mul(model.loss(batch, { training: true }), ++microBatches === 2 ? Number.NaN : 1),
    };
    const data = split.map(regression.batch);
    const policy = gradientAccumulation({ accumBatchSize: 16, microBatchSize: 1, lastWindow: 'flush' });
    const actual = await measured({ ...regression, model: broken }, data, policy, { nonFinite: 'skip' });
    const gradients = gradientsOf(regression, split).filter((_, index) => index !== 1);
    expectClose(actual, [expected({ samples: 12, weights: [4, 4, 4], gradients })]);
  });
});

describe('against per-sample gradients', () => {
  beforeAll(async () => {
    await tf.setBackend('cpu');
  });

  it('the ratio is that of the norm test where each micro-batch is one sample (Byrd et al. 2012, sec. 3)', async () => {
    const regression = logisticRegression(40, 6, 8);
    const data = places(new Array<number>(40).fill(1)).map(regression.batch);
    const [actual] = await measured(regression, data, windows(40));
    const { sampleGradients } = regression;
    const ratio = varianceOf(sampleGradients, true) / 40 / squareOf(meanOf(sampleGradients));
    expect(actual!.normTestRatio! ** 2 / ratio).toBeCloseTo(1, 5);
  });

  it('the noise scale of micro-batches of [8, 8, 8, 4] comes within 5 % over 4,000 windows', async () => {
    const regression = logisticRegression(200, 10, 9);
    const random = xoroshiro128plus(9);
    const sizes = [8, 8, 8, 4];
    function* data() {
      for (let microBatch = 0; microBatch < 4000 * sizes.length; microBatch++) {
        yield regression.batch(
          Array.from({ length: sizes[microBatch % sizes.length]! }, () => uniformInt(random, 0, 199)),
        );
      }
    }
    const run = train<LabelledBatch>({
      model: regression.model,
      optimizer: new IdleOptimizer(1),
      data,
      disposeBatches: true,
      accumulation: windows(28),
      measure: { noiseScale: { decay: 0.9995 } },
    });
    let last: number | undefined;
    run.events$.subscribe((event) => {
      if (event.type === 'accumulated-batch') last = event.gradientNoiseScale;
    });
    await run.done;
    const { sampleGradients } = regression;
    const exact = varianceOf(sampleGradients) / squareOf(meanOf(sampleGradients));
    expect(Math.abs(last! / exact - 1)).toBeLessThan(0.05);
  });
});

describe('the averages', () => {
  const window = (seed: number) =>
    [8, 8, 4].map((samples, index) => ({ samples, weight: samples, squaredNorm: 2 + Math.sin(seed + index) }));

  it('are of S and of |G|² apart, each debiased, and then divided', () => {
    const noise = createNoiseScale(0.9);
    const [S, G2]: number[][] = [[], []];
    for (let step = 0; step < 10; step++) {
      for (const microBatch of window(step)) noise.add(microBatch);
      const [M, m] = [
        1.2,
        window(step).reduce((sum, { samples, squaredNorm }) => sum + (samples / 20) * squaredNorm, 0),
      ];
      S!.push((20 * Math.max(m - M, 0)) / 2);
      G2!.push(M - Math.max(m - M, 0) / 2);
      const debiased = (values: number[]) => {
        const sum = values.reduce((before, value) => 0.9 * before + 0.1 * value, 0);
        return sum / (1 - 0.9 ** values.length);
      };
      expect(noise.close(M, 20).gradientNoiseScale).toBeCloseTo(debiased(S!) / debiased(G2!), 10);
    }
  });

  it('go on from a state as if nothing had happened, inside a window too', () => {
    const [whole, before] = [createNoiseScale(0.9), createNoiseScale(0.9)];
    for (const microBatch of window(1)) for (const noise of [whole, before]) noise.add(microBatch);
    for (const noise of [whole, before]) noise.close(1.2, 20);
    const [first, ...rest] = window(2);
    for (const noise of [whole, before]) noise.add(first!);
    const after = createNoiseScale(0.9);
    after.restore(JSON.parse(JSON.stringify(before.state())));
    for (const microBatch of rest) for (const noise of [whole, after]) noise.add(microBatch);
    expect(after.close(1.1, 20)).toEqual(whole.close(1.1, 20));
    expect(after.state()).toEqual(whole.state());
  });

  it('keep a window that is not finite through JSON', () => {
    const [before, after] = [createNoiseScale(0.9), createNoiseScale(0.9)];
    before.add({ samples: 8, weight: 8, squaredNorm: Number.NaN });
    after.restore(JSON.parse(JSON.stringify(before.state())));
    after.add({ samples: 8, weight: 8, squaredNorm: 1 });
    expect(after.close(1, 16)).toEqual({ normTestRatio: Number.NaN });
    expect(after.state()).toMatchObject({ noise: 0, signal: 0 });
  });

  it.each([[undefined], [null], [{}], [{ noise: 1, signal: Number.NaN, window: {} }], ['state']])(
    'refuse %j as a state',
    (state) => {
      expect(() => createNoiseScale(0.9).restore(state as never)).toThrow(TypeError);
    },
  );
});
