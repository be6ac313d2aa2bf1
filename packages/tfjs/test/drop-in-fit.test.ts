import {
  type AccumulationPolicy,
  gradientAccumulation,
  gradientAccumulationSchedule,
  type TrainEvent,
} from '@microbatch/core';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { train } from '../src/index.js';
import { onEachBackend } from './backends.js';
import { comparable, compiled, recordRun, typesOf } from './fit-fixtures.js';
import { classes, classifier, collect, ofType, relativeError, weightsOf } from './fixtures.js';

type FitArgs = tf.ModelFitArgs;
type Labelled = ReturnType<typeof classes>;

/** A fit without surprises: always the same order of samples. */
const args = (more: FitArgs = {}): FitArgs => ({ batchSize: 4, shuffle: false, verbose: 0, ...more });

/** Copies of what fit tells a callback, at each hook. */
function notes(): { readonly callback: tf.CustomCallbackArgs; readonly told: unknown[] } {
  const told: unknown[] = [];
  const note = (hook: string) => async (at: unknown, logs?: unknown) => {
    told.push([hook, at, { ...(logs as object) }]);
  };
  const callback = {
    onEpochBegin: note('epoch begin'),
    onEpochEnd: note('epoch end'),
    onBatchBegin: note('batch begin'),
    onBatchEnd: note('batch end'),
  };
  return { callback, told };
}

onEachBackend((backend) => {
  const tolerance = backend === 'cpu' ? 1e-6 : 1e-5;

  describe('a fit whose windows are one micro-batch each', () => {
    const fits: Record<string, FitArgs> = {
      plain: { epochs: 2 },
      validated: { epochs: 2, validationSplit: 0.3 },
      'with class weights': { epochs: 2, classWeight: { 0: 1, 1: 0.5, 2: 3 } },
      'that begins at a later epoch': { epochs: 5, initialEpoch: 3 },
    };
    it.each(Object.keys(fits))('%s ends with the weights of plain fit, and logs what plain fit logs', async (name) => {
      const { xs, ys } = classes(24);
      const plain = classifier();
      plain.compile({ optimizer: tf.train.adam(0.02), loss: 'categoricalCrossentropy', metrics: ['accuracy'] });
      const plainNotes = notes();
      const expected = await plain.fit(xs, ys, args({ ...fits[name], callbacks: plainNotes.callback }));

      const model = classifier();
      const accumulation = compiled(model, tf.train.adam(0.02), gradientAccumulation({ accumBatchSize: 4 }), {
        metrics: ['accuracy'],
      });
      const { callback, told } = notes();
      const callbacks = accumulation.withCallbacks(callback);
      const history = await model.fit(xs, ys, args({ ...fits[name], callbacks }));
      expect(weightsOf(model)).toEqual(weightsOf(plain));
      expect(history.history).toEqual(expected.history);
      expect(told).toEqual(plainNotes.told);
      expect(told.length).toBeGreaterThan(10);
    });

    it('of a data set ends so too', async () => {
      const { xs, ys } = classes(24);
      const rows = () => tf.data.zip({ xs: tf.data.array(xs.arraySync()), ys: tf.data.array(ys.arraySync()) });
      const plain = classifier();
      plain.compile({ optimizer: tf.train.adam(0.02), loss: 'categoricalCrossentropy' });
      const fit = { epochs: 2, verbose: 0 as const };
      const expected = await plain.fitDataset(rows().batch(4), fit);
      const model = classifier();
      const { callback } = compiled(model, tf.train.adam(0.02), gradientAccumulation({ accumBatchSize: 4 }));
      const history = await model.fitDataset(rows().batch(4), { ...fit, callbacks: callback });
      expect(weightsOf(model)).toEqual(weightsOf(plain));
      expect(history.history).toEqual(expected.history);
    });
  });

  describe('fit and train() on the same samples', () => {
    const policies: Record<string, AccumulationPolicy> = {
      'carried windows': gradientAccumulation({ accumBatchSize: 12 }),
      'flushed windows': gradientAccumulation({ accumBatchSize: 12, lastWindow: 'flush' }),
      'dropped windows': gradientAccumulation({ accumBatchSize: 12, lastWindow: 'drop' }),
      "fastai's division": gradientAccumulation({ accumBatchSize: 12, normalize: 'target', logAccumBatch: false }),
      'a schedule': gradientAccumulationSchedule({ startAccumBatchSize: 4, finalAccumBatchSize: 24 }),
      'a schedule whose windows are dropped': gradientAccumulationSchedule({
        startAccumBatchSize: 4,
        finalAccumBatchSize: 24,
        lastWindow: 'drop',
      }),
    };
    it.each(Object.keys(policies))('tell the same events and end with the same weights: %s', async (name) => {
      const [{ xs, ys }, validation] = [classes(30), classes(10, 2)];
      const policy = policies[name]!;
      const trained = classifier();
      const run = train({
        model: trained,
        optimizer: tf.train.adam(0.02),
        loss: 'categoricalCrossentropy',
        metrics: ['mse'],
        data: { xs, ys, batchSize: 4, shuffle: false },
        validation: { ...validation, batchSize: 4 },
        epochs: 3,
        accumulation: policy,
      });
      const expected = collect(run);
      await run.done;

      const model = classifier();
      const accumulation = compiled(model, tf.train.adam(0.02), policy, { metrics: ['mse'] });
      const fit = recordRun(accumulation);
      const validationData: [tf.Tensor, tf.Tensor] = [validation.xs, validation.ys];
      await model.fit(xs, ys, args({ epochs: 3, callbacks: accumulation.callback, validationData }));
      expect(weightsOf(model)).toEqual(weightsOf(trained));
      expect(fit.completed).toBe(true);
      // fit averages validation batches in float32.
      const rounded = (events: readonly TrainEvent[]) =>
        comparable(events).map((event) => {
          const { valid, ...rest } = event as { valid?: Record<string, number> };
          if (valid === undefined) return rest;
          const values = Object.entries(valid).map(([metric, value]) => [metric, value.toFixed(5)]);
          return { ...rest, valid: Object.fromEntries(values) };
        });
      expect(rounded(fit.events)).toEqual(rounded(expected));
      expect(ofType(fit.events, 'accumulated-batch').length).toBeGreaterThan(3);
    });
  });

  it('counts regularizers once in a window that overshoots its target, as train() does, and logs what fit logs', async () => {
    const { xs, ys } = classes(10);
    const policy = gradientAccumulation({ accumBatchSize: 8, normalize: 'target' });
    const regularized = () => {
      const kernelInitializer = tf.initializers.glorotUniform({ seed: 5 });
      const kernelRegularizer = tf.regularizers.l1l2({ l1: 0.1, l2: 0.3 });
      const layer = tf.layers.dense({
        units: 3,
        inputShape: [6],
        activation: 'softmax',
        kernelInitializer,
        kernelRegularizer,
      });
      return tf.sequential({ layers: [layer] });
    };
    const data = { xs, ys, batchSize: 4, shuffle: false };
    const trained = regularized();
    const options = { optimizer: tf.train.sgd(0.1), loss: 'categoricalCrossentropy', data, epochs: 2 } as const;
    const run = train({ ...options, model: trained, accumulation: policy });
    const expected = collect(run);
    await run.done;

    const model = regularized();
    const accumulation = compiled(model, tf.train.sgd(0.1), policy);
    const fit = recordRun(accumulation);
    // Batches of 4, 4 | 2, 4, 4 | 2 samples: the second window has 10.
    const before = tf.memory().numTensors;
    const { history } = await model.fit(xs, ys, args({ epochs: 2, callbacks: accumulation.callback }));
    expect(tf.memory().numTensors).toBe(before);
    expect(relativeError(weightsOf(model), weightsOf(trained))).toBeLessThan(1e-6);
    const losses = (events: readonly TrainEvent[]) => [
      ...ofType(events, 'micro-batch').map(({ loss }) => loss),
      ...ofType(events, 'accumulated-batch').map(({ loss }) => loss),
    ];
    expect(relativeError(losses(fit.events), losses(expected))).toBeLessThan(1e-6);
    const [first, second] = ofType(fit.events, 'epoch-end').map(({ train }) => train.loss!);
    expect(history.loss![0]).toBeCloseTo(first!, 5);
    // fit logs the whole penalty of the micro-batch of which half is missing.
    expect((history.loss![1] as number) - second!).toBeGreaterThan(0.1);
  });

  it('steps like the full batch with class weights and regularizers', async () => {
    const { xs, ys } = classes(30);
    const regularized = () =>
      tf.sequential({
        layers: [
          tf.layers.dense({
            units: 3,
            inputShape: [6],
            activation: 'softmax',
            kernelInitializer: tf.initializers.glorotUniform({ seed: 5 }),
            kernelRegularizer: tf.regularizers.l2({ l2: 0.1 }),
          }),
        ],
      });
    const classWeight = { 0: 1, 1: 0.5, 2: 3 };
    const full = regularized();
    const before = weightsOf(full);
    full.compile({ optimizer: tf.train.sgd(1), loss: 'categoricalCrossentropy' });
    await full.fit(xs, ys, args({ batchSize: 30, classWeight }));
    const model = regularized();
    const policy = gradientAccumulation({ accumBatchSize: 28, lastWindow: 'flush' });
    const { callback } = compiled(model, tf.train.sgd(1), policy);
    await model.fit(xs, ys, args({ batchSize: 7, classWeight, callbacks: callback }));
    const moved = (after: readonly number[]) => after.map((value, at) => value - before[at]!);
    // The first window holds 28 samples, the second the last 2.
    const first = regularized();
    first.compile({ optimizer: tf.train.sgd(1), loss: 'categoricalCrossentropy' });
    await first.fit(xs, ys, args({ batchSize: 28, classWeight }));
    expect(relativeError(moved(weightsOf(model)), moved(weightsOf(first)))).toBeLessThan(tolerance);
    expect(relativeError(moved(weightsOf(model)), moved(weightsOf(full)))).toBeGreaterThan(0.01);
  });

  describe('the window that an epoch leaves open', () => {
    const flush = gradientAccumulation({ accumBatchSize: 16, lastWindow: 'flush' });
    const sized = ({ xs, ys }: Labelled) =>
      tf.data.zip({ xs: tf.data.array(xs.arraySync()), ys: tf.data.array(ys.arraySync()) }).batch(4);
    // A generator's data set does not know its size.
    const unsized = ({ xs, ys }: Labelled) =>
      tf.data.generator(function* () {
        for (let from = 0; from < 28; from += 4) {
          yield { xs: tf.slice(xs, [from, 0], [4, -1]), ys: tf.slice(ys, [from, 0], [4, -1]) };
        }
      } as unknown as () => Iterator<tf.TensorContainer>) as tf.data.Dataset<tf.TensorContainer>;

    it('is flushed before fit validates', async () => {
      const data = classes(28);
      const { xs, ys } = data;
      const model = classifier();
      const accumulation = compiled(model, tf.train.sgd(0.5), flush);
      const { events } = recordRun(accumulation);
      await model.fit(xs, ys, args({ callbacks: accumulation.callback, validationData: [xs, ys] }));
      const [epochEnd] = ofType(events, 'epoch-end');
      const evaluated = (model.evaluate(xs, ys, { batchSize: 4 }) as tf.Scalar).dataSync()[0];
      expect(epochEnd!.valid!.loss).toBe(evaluated);
      expect(ofType(events, 'accumulated-batch').map(({ windowSamples }) => windowSamples)).toEqual([16, 12]);
      expect(ofType(events, 'diagnostic')).toEqual([]);
    });

    it('is flushed before fitDataset validates where the data set knows its size', async () => {
      const data = classes(28);
      const { xs, ys } = data;
      const model = classifier();
      const accumulation = compiled(model, tf.train.sgd(0.5), flush);
      const { events } = recordRun(accumulation);
      const fit = { epochs: 1, verbose: 0 as const, callbacks: accumulation.callback };
      await model.fitDataset(sized(data), { ...fit, validationData: [xs, ys], validationBatchSize: 4 });
      const evaluated = (model.evaluate(xs, ys, { batchSize: 4 }) as tf.Scalar).dataSync()[0];
      expect(ofType(events, 'epoch-end')[0]!.valid!.loss).toBe(evaluated);
      expect(ofType(events, 'diagnostic')).toEqual([]);
    });

    it('is flushed after validation where nobody knows the size, which a diagnostic says', async () => {
      const data = classes(28);
      const { xs, ys } = data;
      const model = classifier();
      const accumulation = compiled(model, tf.train.sgd(0.5), flush);
      const { events } = recordRun(accumulation);
      const fit = { epochs: 2, verbose: 0 as const, callbacks: accumulation.callback };
      await model.fitDataset(unsized(data), { ...fit, validationData: [xs, ys] });
      expect(ofType(events, 'diagnostic').map(({ code }) => code)).toEqual(['flush-after-validation']);
      const window = [...Array(4).fill('micro-batch'), 'accumulated-batch'];
      const epoch = [...window, ...window.slice(1), 'epoch-end'];
      expect(typesOf(events)).toEqual(['run-start', 'diagnostic', ...epoch, ...epoch, 'run-end']);

      const twin = classifier();
      const known = compiled(twin, tf.train.sgd(0.5), flush);
      await twin.fitDataset(sized(data), { epochs: 2, verbose: 0, callbacks: known.callback });
      expect(weightsOf(model)).toEqual(weightsOf(twin));
    });

    it('is dropped where nobody knows the size, and its micro-batches are told', async () => {
      const data = classes(28);
      const { xs, ys } = data;
      const model = classifier();
      const policy = gradientAccumulation({ accumBatchSize: 16, lastWindow: 'drop' });
      const accumulation = compiled(model, tf.train.sgd(0.5), policy);
      const { events } = recordRun(accumulation);
      const fit = { epochs: 2, verbose: 0 as const, callbacks: accumulation.callback };
      await model.fitDataset(unsized(data), fit);
      expect(ofType(events, 'micro-batch')).toHaveLength(14);
      expect(
        ofType(events, 'discarded-window').map(({ reason, microBatches }) => [reason, microBatches.length]),
      ).toEqual([
        ['epoch-tail', 3],
        ['epoch-tail', 3],
      ]);
      const counted = classifier();
      const known = compiled(counted, tf.train.sgd(0.5), policy);
      const knownRun = recordRun(known);
      await counted.fit(xs, ys, args({ epochs: 2, callbacks: known.callback }));
      expect(ofType(knownRun.events, 'micro-batch')).toHaveLength(8);
      expect(weightsOf(model)).toEqual(weightsOf(counted));
    });

    it('is carried into the next epoch, and at the end discarded after the last epoch-end', async () => {
      const data = classes(28);
      const { xs, ys } = data;
      const model = classifier();
      const accumulation = compiled(model, tf.train.sgd(0.5), gradientAccumulation({ accumBatchSize: 16 }));
      const { events } = recordRun(accumulation);
      await model.fit(xs, ys, args({ epochs: 2, callbacks: accumulation.callback }));
      expect(ofType(events, 'accumulated-batch').map(({ microStep }) => microStep)).toEqual([4, 8, 12]);
      expect(typesOf(events).slice(-3)).toEqual(['epoch-end', 'discarded-window', 'run-end']);
      expect(ofType(events, 'discarded-window')[0]).toMatchObject({ reason: 'training-end', microStep: 14 });
    });
  });
});
