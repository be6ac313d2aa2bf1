import { gradientAccumulation, type HistogramValue, type LogEvent } from '@microbatch/core';
import { checkGrammar } from '@microbatch/core/testing';
import * as tf from '@tensorflow/tfjs';
import { afterAll, describe, expect, it } from 'vitest';
import { type TrainOptions, train } from '../src/index.js';
import { onEachBackend } from './backends.js';
import { classes, classifier, collect, largestError, ofType } from './fixtures.js';
import { variablesOf } from './full-batch.js';

const options = (): TrainOptions => ({
  model: classifier(),
  optimizer: tf.train.sgd(0.5),
  loss: 'categoricalCrossentropy',
  data: { ...classes(24), batchSize: 4, shuffle: false },
  epochs: 3,
  accumulation: gradientAccumulation({ accumBatchSize: 8 }),
  histograms: { every: 2 },
});

/** The values of one histogram of a `log` event. */
function valuesOf(event: LogEvent, key: string): number[] {
  const histogram = event.values[key] as Extract<HistogramValue, { values: unknown }> | undefined;
  if (histogram?.kind !== 'histogram') throw new Error(`no histogram ${key} among ${Object.keys(event.values)}`);
  return [...histogram.values];
}

/** A variable of ones, and a loss whose gradient by it is what `gradientAt` says for each micro-batch. */
function linearModel(variables: readonly tf.Variable[], gradientAt: (microBatch: number) => number[]) {
  let microBatches = 0;
  return {
    variables,
    loss: () => tf.sum(tf.mul(variables[0]!, tf.tensor1d(gradientAt(microBatches++)))),
  };
}

onEachBackend((backend) => {
  const tolerance = backend === 'cpu' ? 1e-6 : 1e-5;

  it('of a layers model hold its weights after the step and the gradient of the whole window, every so many steps', async () => {
    const given = options();
    const model = given.model as tf.LayersModel;
    const { xs, ys } = classes(24);
    const reference = classifier();
    const [names, variables] = [variablesOf(model).map(({ name }) => name), variablesOf(reference)];
    const optimizer = tf.train.sgd(0.5);
    const run = train(given);
    const events = collect(run);
    await run.done;

    const logs = ofType(events, 'log');
    expect(logs.map(({ step, microStep }) => [step, microStep])).toEqual([2, 4, 6, 8].map((step) => [step, 2 * step]));
    for (let step = 1; step <= 9; step++) {
      const from = ((step - 1) % 3) * 8;
      const { grads } = tf.variableGrads(() => {
        const predictions = reference.apply(tf.slice(xs, [from, 0], [8, 6])) as tf.Tensor;
        const crossEntropy = tf.neg(tf.sum(tf.mul(tf.slice(ys, [from, 0], [8, 3]), tf.log(predictions)), 1));
        return tf.mean(crossEntropy) as tf.Scalar;
      }, variables);
      optimizer.applyGradients(grads);
      const log = logs.find((event) => event.step === step);
      if (log === undefined) continue;
      expect(Object.keys(log.values).sort()).toEqual(
        names.flatMap((name) => [`gradients/${name}`, `weights/${name}`]).sort(),
      );
      names.forEach((name, index) => {
        const variable = variables[index]!;
        const gradient = [...grads[variable.name]!.dataSync()];
        expect(largestError(valuesOf(log, `gradients/${name}`), gradient)).toBeLessThan(tolerance);
        expect(largestError(valuesOf(log, `weights/${name}`), [...variable.dataSync()])).toBeLessThan(tolerance);
      });
    }
  });

  it('come after the accumulated batch of their step, in a stream that the grammar accepts', async () => {
    const accumulation = gradientAccumulation({ accumBatchSize: 8, lastWindow: 'flush' });
    const run = train({ ...options(), data: { ...classes(20), batchSize: 4 }, accumulation, histograms: { every: 1 } });
    const events = collect(run);
    await run.done;
    const logs = ofType(events, 'log');
    expect(logs).toHaveLength(9);
    for (const log of logs) {
      expect(events[events.indexOf(log) - 1]).toMatchObject({ type: 'accumulated-batch', step: log.step });
    }
    expect(checkGrammar(events)).toMatchObject({ trained: 15, accumulated: 15 });
  });

  it('of a custom model hold the very gradient that was applied, by the weights of its batches', async () => {
    const used = tf.variable(tf.ones([2]), true, `used-${backend}`);
    const unused = tf.variable(tf.ones([2]), true, `unused-${backend}`);
    const frozen = tf.variable(tf.ones([2]), false, `frozen-${backend}`);
    const weights = [2, 6, 4, 4];
    let weighed = 0;
    const run = train({
      model: linearModel([used, unused, frozen], (microBatch) => [microBatch, -4 * microBatch]),
      optimizer: tf.train.sgd(1),
      data: { ...classes(8), batchSize: 2 },
      weight: () => weights[weighed++]!,
      accumulation: gradientAccumulation({ accumBatchSize: 4 }),
      histograms: { every: 1 },
    });
    const events = collect(run);
    await run.done;
    const [first, second] = ofType(events, 'log');
    expect(Object.keys(first!.values)).toEqual([
      `gradients/used-${backend}`,
      `weights/used-${backend}`,
      `weights/unused-${backend}`,
    ]);
    // (2 x 0 + 6 x 1) / 8, then (4 x 2 + 4 x 3) / 8.
    expect(valuesOf(first!, `gradients/used-${backend}`)).toEqual([0.75, -3]);
    expect(valuesOf(first!, `weights/used-${backend}`)).toEqual([0.25, 4]);
    expect(valuesOf(second!, `gradients/used-${backend}`)).toEqual([2.5, -10]);
    expect(valuesOf(second!, `weights/used-${backend}`)).toEqual([-2.25, 14]);
    tf.dispose([used, unused, frozen]);
  });

  it.each([
    ['weights', 'gradients'],
    ['gradients', 'weights'],
  ])('hold %s alone where %s are not wanted', async (wanted, unwanted) => {
    const run = train({ ...options(), histograms: { every: 4, [unwanted]: false } });
    const events = collect(run);
    await run.done;
    const keys = ofType(events, 'log').flatMap(({ values }) => Object.keys(values));
    expect(keys).toHaveLength(2 * 4);
    expect(keys.every((key) => key.startsWith(`${wanted}/`))).toBe(true);
  });

  it('leave out what is not finite, say so once, and training goes on', async () => {
    const variable = tf.variable(tf.ones([3]), true, `non-finite-${backend}`);
    const run = train({
      model: linearModel([variable], (microBatch) =>
        microBatch < 2 ? [1, Number.NaN, Number.POSITIVE_INFINITY] : [Number.NaN, 0, 0],
      ),
      optimizer: tf.train.sgd(1),
      data: { ...classes(6), batchSize: 1 },
      accumulation: gradientAccumulation({ accumBatchSize: 2 }),
      histograms: { every: 1 },
    });
    const events = collect(run);
    expect((await run.done).outcome).toBe('finished');
    const [first, second] = ofType(events, 'log');
    expect(valuesOf(first!, `gradients/${variable.name}`)).toEqual([1]);
    expect(valuesOf(first!, `weights/${variable.name}`)).toEqual([0]);
    expect(valuesOf(second!, `gradients/${variable.name}`)).toEqual([0, 0]);
    // Nothing of it is finite any more.
    expect(Object.keys(second!.values)).toEqual([`gradients/${variable.name}`]);
    const told = ofType(events, 'diagnostic').filter(({ code }) => code === 'non-finite-histogram');
    expect(told).toMatchObject([
      {
        level: 'warn',
        step: 1,
        message: `histograms of step 1 leave out values that are NaN or infinite (2 of 3 in gradients/${variable.name}, 2 of 3 in weights/${variable.name})`,
      },
    ]);
    variable.dispose();
  });

  it('hold no tensor', async () => {
    const given = { ...options(), epochs: 20, histograms: { every: 1 } };
    const before = tf.memory().numTensors;
    const run = train(given);
    const counts = new Set<number>();
    run.events$.subscribe(({ type }) => {
      if (type === 'log') counts.add(tf.memory().numTensors);
    });
    await run.done;
    expect(counts.size).toBe(1);
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('on a backend whose synchronous reads would stall', () => {
  const CpuBackend = tf.findBackend('cpu').constructor as new () => tf.KernelBackend;
  let synchronousReads = 0;
  class QueueingBackend extends CpuBackend {
    override async read(dataId: object): Promise<Float32Array> {
      // A queue answers later, with the values of when it was asked.
      const values = Float32Array.from(super.readSync(dataId) as Float32Array);
      await new Promise((resolve) => setImmediate(resolve));
      return values;
    }
    override readSync(dataId: object): Float32Array {
      synchronousReads += 1;
      return super.readSync(dataId) as Float32Array;
    }
  }
  afterAll(async () => {
    await tf.setBackend('cpu');
    tf.removeBackend('queueing');
  });

  it('histograms are read without one, and are the same', async () => {
    const logsOn = async (backend: string) => {
      await tf.setBackend(backend);
      const given = options();
      const names = variablesOf(given.model as tf.LayersModel).map(({ name }) => name);
      const before = tf.memory().numTensors;
      synchronousReads = 0;
      const run = train(given);
      const events = collect(run);
      await run.done;
      expect(tf.memory().numTensors).toBe(before);
      return ofType(events, 'log').map((log) =>
        names.map((name) => [valuesOf(log, `weights/${name}`), valuesOf(log, `gradients/${name}`)]),
      );
    };
    tf.registerBackend('queueing', () => new QueueingBackend());
    tf.copyRegisteredKernels('cpu', 'queueing');
    const expected = await logsOn('cpu');
    expect(await logsOn('queueing')).toEqual(expected);
    expect(synchronousReads).toBe(0);
    expect(expected).toHaveLength(4);
  });
});

describe('histograms refuse, before any work', () => {
  it.each<[string, unknown, typeof RangeError | typeof TypeError, string]>([
    ['an interval of zero', { every: 0 }, RangeError, 'histograms.every must be a positive integer, not 0'],
    ['a negative interval', { every: -1 }, RangeError, 'histograms.every must be a positive integer, not -1'],
    ['half a step', { every: 2.5 }, RangeError, 'histograms.every must be a positive integer, not 2.5'],
    ['an interval of NaN', { every: Number.NaN }, RangeError, 'histograms.every must be a positive integer, not NaN'],
    ['text as an interval', { every: '10' }, TypeError, 'histograms.every must be a positive integer, not "10"'],
    ['no interval', {}, TypeError, 'histograms.every must be a positive integer, not undefined'],
    ['a bare number', 10, TypeError, 'histograms must be an object, not 10'],
    ['an option that is not known', { every: 1, biases: true }, TypeError, 'histograms: unknown option biases (true)'],
    ['weights by number', { every: 1, weights: 1 }, TypeError, 'histograms.weights must be a boolean, not 1'],
    ['gradients as null', { every: 1, gradients: null }, TypeError, 'histograms.gradients must be a boolean, not null'],
    [
      'neither weights nor gradients',
      { every: 1, weights: false, gradients: false },
      RangeError,
      'histograms.weights and histograms.gradients are both false',
    ],
  ])('%s', (_, histograms, error, message) => {
    const attempt = () => train({ ...options(), histograms } as TrainOptions);
    expect(attempt).toThrow(error);
    expect(attempt).toThrow(message);
  });
});
