import { gradientAccumulation, gradientAccumulationSchedule, type TrainEvent } from '@microbatch/core';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { accumulateGradients, train } from '../src/index.js';
import { onEachBackend } from './backends.js';
import { compiled, recordRun, typesOf } from './fit-fixtures.js';
import { classes, classifier, collect, ofType, relativeError, weightsOf } from './fixtures.js';
import { loop, policy } from './small-loop.js';

onEachBackend((backend) => {
  describe('trainOnBatch', () => {
    it('accumulates batches of the size that the policy tells, and returns the losses of plain training', async () => {
      const { xs, ys } = classes(16);
      const rows = (all: tf.Tensor, batch: number) => tf.slice(all, [batch * 4, 0], [4, -1]);
      const [model, plain] = [classifier(), classifier()];
      const accumulation = compiled(model, tf.train.sgd(0.5), policy, { metrics: ['accuracy'] });
      plain.compile({ optimizer: tf.train.sgd(0), loss: 'categoricalCrossentropy', metrics: ['accuracy'] });
      const { events } = recordRun(accumulation);
      const before = weightsOf(model);
      for (const batch of [0, 1]) {
        expect(weightsOf(model)).toEqual(before);
        const expected = await plain.trainOnBatch(rows(xs, batch), rows(ys, batch));
        expect(await model.trainOnBatch(rows(xs, batch), rows(ys, batch))).toEqual(expected);
      }
      const full = classifier();
      full.compile({ optimizer: tf.train.sgd(0.5), loss: 'categoricalCrossentropy' });
      await full.trainOnBatch(tf.slice(xs, [0, 0], [8, -1]), tf.slice(ys, [0, 0], [8, -1]));
      const moved = (of: tf.LayersModel) => weightsOf(of).map((value, at) => value - before[at]!);
      expect(relativeError(moved(model), moved(full))).toBeLessThan(backend === 'cpu' ? 1e-6 : 1e-5);
      await accumulation.end();
      expect(typesOf(events)).toEqual(['run-start', 'micro-batch', 'micro-batch', 'accumulated-batch', 'run-end']);
    });
  });

  it('leaves no tensor, by minimize or by gradients, nor after errors', async () => {
    const { variable, minimize, optimizer, end } = loop();
    const before = tf.memory().numTensors;
    for (let batch = 0; batch < 50; batch += 1) tf.tidy(() => void minimize([1, batch]));
    for (let batch = 0; batch < 51; batch += 1) {
      const { value, grads } = optimizer.computeGradients(() => tf.sum(tf.square(variable)), [variable]);
      optimizer.applyGradients(grads);
      tf.dispose([value, grads]);
    }
    const { value, grads } = optimizer.computeGradients(() => tf.sum(tf.square(variable)), [variable]);
    tf.dispose([value, grads]);
    const computed = optimizer.computeGradients(() => tf.sum(tf.square(variable)), [variable]);
    optimizer.applyGradients(computed.grads);
    tf.dispose([computed.value, computed.grads]);
    const failing = () =>
      optimizer.minimize(() => {
        tf.square(variable);
        throw new Error('loss');
      });
    expect(failing).toThrow('loss');
    expect(() => minimize([1, 2, 3])).toThrow();
    tf.tidy(() => void minimize([1, 2]));
    await end();
    expect(tf.memory().numTensors).toBe(before);
  });
});

it('a loop by hand leaves no tensor where what is not finite is refused', () => {
  const { variable, optimizer } = loop({ nonFinite: 'raise' });
  const before = tf.memory().numTensors;
  const nan = () => tf.mul(tf.sum(variable), Number.NaN) as tf.Scalar;
  expect(() => optimizer.minimize(nan, false, [variable])).toThrow('micro-batch 1 is not finite in its loss (NaN)');
  expect(tf.memory().numTensors).toBe(before);
});

it('a loop by hand leaves no tensor where the optimizer itself fails', () => {
  class Failing extends tf.SGDOptimizer {
    override applyGradients(): void {
      throw new Error('device');
    }
  }
  const variable = tf.variable(tf.scalar(1));
  const { optimizer } = accumulateGradients(new Failing(0.1), policy);
  const before = tf.memory().numTensors;
  const minimize = () => optimizer.minimize(() => tf.square(variable), false, [variable]);
  minimize();
  expect(minimize).toThrow('device');
  expect(tf.memory().numTensors).toBe(before);
});

describe('a loop by hand', () => {
  it('returns the loss where it is asked for', () => {
    const { optimizer, variable } = loop();
    const loss = optimizer.minimize(() => tf.sum(variable), true, [variable]);
    expect(loss!.dataSync()[0]).toBe(3);
    expect(optimizer.minimize(() => tf.sum(variable), false, [variable])).toBeNull();
  });

  it('without a list trains the variables that the loss depends on', () => {
    const other = tf.variable(tf.scalar(5));
    const { optimizer, variable } = loop({}, gradientAccumulation({ accumBatchSize: 4, microBatchSize: 4 }));
    optimizer.minimize(() => tf.sum(variable));
    expect([...variable.dataSync()]).toEqual([0, 1]);
    // One that comes later keeps its own place in the optimizer's state.
    optimizer.minimize(() => tf.add(tf.sum(variable), other) as tf.Scalar);
    expect([...variable.dataSync(), other.dataSync()[0]]).toEqual([-1, 0, 4]);
  });

  it('decays the weights of a variable that comes later, too', () => {
    const other = tf.variable(tf.scalar(5));
    const oneEach = gradientAccumulation({ accumBatchSize: 4, microBatchSize: 4 });
    const { optimizer, variable } = loop({ weightDecay: 0.5 }, oneEach);
    optimizer.minimize(() => tf.sum(variable));
    expect([...variable.dataSync()]).toEqual([-0.5, 0]);
    optimizer.minimize(() => tf.add(tf.sum(variable), other) as tf.Scalar);
    expect([...variable.dataSync(), other.dataSync()[0]]).toEqual([-1.25, -1, 1.5]);
  });

  it('keeps the state of each variable where another has no gradient for a while', () => {
    const make = () => [tf.variable(tf.scalar(1)), tf.variable(tf.scalar(1))] as [tf.Variable, tf.Variable];
    const steps = (first: tf.Variable, second: tf.Variable, minimize: (f: () => tf.Scalar) => void) => {
      minimize(() => tf.add(tf.square(first), tf.square(second)) as tf.Scalar);
      minimize(() => tf.square(second) as tf.Scalar);
      minimize(() => tf.add(tf.square(first), tf.square(second)) as tf.Scalar);
      return [first.dataSync()[0], second.dataSync()[0]];
    };
    const [first, second] = make();
    const oneEach = gradientAccumulation({ accumBatchSize: 4, microBatchSize: 4 });
    const { optimizer } = accumulateGradients(tf.train.momentum(0.1, 0.9), oneEach);
    const mine = steps(first, second, (f) => void optimizer.minimize(f));
    const plain = tf.train.momentum(0.1, 0.9);
    const [one, two] = make();
    const expected = steps(one, two, (f) => void plain.minimize(f, false, [one, two]));
    expect(mine).toEqual(expected);
  });

  it('weighs micro-batches by their samples, or by what the user says', async () => {
    const sizes = [4, 2, 2, 4];
    let batch = 0;
    const bySamples = loop({ samples: () => sizes[batch]! });
    for (batch = 0; batch < 3; batch += 1) bySamples.minimize([batch, 1]);
    // (4·0 + 2·1 + 2·2) / 8
    expect(bySamples.values()).toEqual([1 - 0.75, 1]);

    const byTokens = loop({ samples: () => sizes[batch]!, weight: () => [1, 0, 3][batch]! });
    for (batch = 0; batch < 3; batch += 1) byTokens.minimize([batch, 1]);
    // (1·0 + 0·1 + 3·2) / 4
    expect(byTokens.values()).toEqual([1 - 1.5, 1]);
    const [step] = ofType(byTokens.run.events, 'accumulated-batch');
    expect(step).toMatchObject({ normalizer: 4, windowSamples: 8 });
    expect(step!.microBatches.map(({ samples, weight }) => [samples, weight])).toEqual([
      [4, 1],
      [2, 0],
      [2, 3],
    ]);
  });

  it('does not compute a micro-batch that counts for nothing, which is a mean over nothing', () => {
    const weights = [4, 0, 4];
    for (const way of ['minimize', 'computeGradients and applyGradients']) {
      let batch = 0;
      const { optimizer, variable, values, run } = loop(
        { weight: () => weights[batch]!, nonFinite: 'raise' },
        gradientAccumulation({ accumBatchSize: 12, microBatchSize: 4 }),
      );
      const mean = () => tf.div(tf.mul(tf.sum(variable), weights[batch]!), weights[batch]!) as tf.Scalar;
      const before = tf.memory().numTensors;
      for (batch = 0; batch < 3; batch += 1) {
        if (way === 'minimize') optimizer.minimize(mean, false, [variable]);
        else {
          const { value, grads } = optimizer.computeGradients(mean, [variable]);
          optimizer.applyGradients(grads);
          tf.dispose([value, grads]);
        }
      }
      expect(tf.memory().numTensors).toBe(before);
      expect(values()).toEqual([0, 1]);
      expect(ofType(run.events, 'micro-batch').map(({ loss }) => loss)).toEqual([3, 0, 3]);
    }
  });

  it('ends its epochs by endEpoch, which decides the window, or by their count', async () => {
    const flush = gradientAccumulation({ accumBatchSize: 8, microBatchSize: 4, lastWindow: 'flush' });
    const byHand = loop({}, flush);
    const counted = loop({ microBatchesPerEpoch: 3 }, flush);
    for (let epoch = 0; epoch < 2; epoch += 1) {
      for (let batch = 0; batch < 3; batch += 1) {
        byHand.minimize([batch, epoch]);
        counted.minimize([batch, epoch]);
      }
      await byHand.endEpoch({ loss: 7 });
    }
    await byHand.end();
    await counted.end();
    expect(byHand.values()).toEqual(counted.values());
    const epoch = ['micro-batch', 'micro-batch', 'accumulated-batch', 'micro-batch', 'accumulated-batch', 'epoch-end'];
    expect(typesOf(byHand.run.events)).toEqual(['run-start', ...epoch, ...epoch, 'run-end']);
    expect(typesOf(counted.run.events)).toEqual(['run-start', ...epoch, ...epoch, 'run-end']);
    expect(ofType(byHand.run.events, 'epoch-end')[0]!.valid).toEqual({ loss: 7 });
    expect(byHand.run.completed).toBe(true);
  });

  it('leaves a tail out that would be dropped, where its length is known', async () => {
    const drop = gradientAccumulation({ accumBatchSize: 8, microBatchSize: 4, lastWindow: 'drop' });
    const { minimize, run, end } = loop({ microBatchesPerEpoch: 3, epochs: 2 }, drop);
    for (let batch = 0; batch < 6; batch += 1) minimize([1, 1]);
    await end();
    const epoch = ['micro-batch', 'micro-batch', 'accumulated-batch', 'epoch-end'];
    expect(typesOf(run.events)).toEqual(['run-start', ...epoch, ...epoch, 'run-end']);
  });

  it.each<[string, number, number, number, number]>([
    ['falls between two epochs', 16, 8, 6, 3],
    ['grows between two epochs', 8, 24, 7, 4],
    ['is too large for the first epochs', 16, 4, 3, 6],
  ])('by count trains as train() does where a schedule drops tails and %s', async (_, from, to, batches, epochs) => {
    const schedule = gradientAccumulationSchedule({
      startAccumBatchSize: from,
      finalAccumBatchSize: to,
      start: 0.2,
      finish: 0.9,
      microBatchSize: 4,
      lastWindow: 'drop',
    });
    const { xs, ys } = classes(4 * batches);
    const [one, other] = [classifier(), classifier()];
    const data = { xs, ys, batchSize: 4, shuffle: false };
    const options = { optimizer: tf.train.sgd(0.5), loss: 'categoricalCrossentropy', data, epochs } as const;
    const run = train({ ...options, model: one, accumulation: schedule });
    const expected = collect(run);
    await run.done;

    const accumulation = compiled(other, tf.train.sgd(0.5), schedule, { microBatchesPerEpoch: batches, epochs });
    const { events } = recordRun(accumulation);
    for (let batch = 0; batch < epochs * batches; batch += 1) {
      const rows = (all: tf.Tensor) => tf.slice(all, [(batch % batches) * 4, 0], [4, -1]);
      await other.trainOnBatch(rows(xs), rows(ys));
    }
    await accumulation.end();
    const told = (of: TrainEvent[]) => of.map(({ type, microStep, epoch }) => [type, microStep, epoch]);
    expect(told(events)).toEqual(told(expected.filter(({ type }) => type !== 'diagnostic')));
    expect(ofType(events, 'accumulated-batch').length).toBeGreaterThan(1);
    expect(relativeError(weightsOf(other), weightsOf(one))).toBeLessThan(1e-6);
  });

  it('is a run until end(), and the next micro-batch begins another', async () => {
    const { minimize, run, end, events$, values } = loop();
    minimize([1, 1]);
    await end('stopped');
    expect(run.events.at(-1)).toMatchObject({ outcome: 'stopped' });
    expect(typesOf(run.events)).toEqual(['run-start', 'micro-batch', 'discarded-window', 'run-end']);
    const next = recordRun({ events$ } as never);
    minimize([1, 0]);
    expect(values()).toEqual([1, 2]);
    minimize([1, 0]);
    expect(values()).toEqual([0, 2]);
    expect(ofType(next.events, 'accumulated-batch')[0]).toMatchObject({ step: 1, microStep: 2 });
    await expect(end().then(() => end())).rejects.toThrow('end: no loop of your own is under way');
  });

  it('that fails ends its run as failed, with what made it fail', async () => {
    const { optimizer, minimize, variable, run, values } = loop();
    minimize([1, 1]);
    const error = new Error('no such batch');
    const failing = () => {
      throw error;
    };
    expect(() => optimizer.minimize(failing, false, [variable])).toThrow(error);
    expect(run.events.at(-1)).toMatchObject({ type: 'run-end', outcome: 'failed', error: 'no such batch' });
    expect(run.completed).toBe(true);
    minimize([1, 0]);
    minimize([1, 0]);
    expect(values()).toEqual([0, 2]);
  });

  it('ends where a fit begins', async () => {
    const { xs, ys } = classes(8);
    const model = classifier();
    const accumulation = compiled(model, tf.train.sgd(0.1), policy);
    const { events } = recordRun(accumulation);
    await model.trainOnBatch(tf.slice(xs, [0, 0], [4, -1]), tf.slice(ys, [0, 0], [4, -1]));
    const fit = { batchSize: 4, verbose: 0 as const, callbacks: accumulation.callback };
    await model.fit(xs, ys, fit);
    expect(typesOf(events)).toEqual(['run-start', 'micro-batch', 'discarded-window', 'run-end']);
    await expect(accumulation.endEpoch()).rejects.toThrow('endEpoch: no loop of your own is under way');
  });

  it('is stopped where its optimizer is disposed', () => {
    const { optimizer, minimize, run } = loop();
    minimize([1, 1]);
    optimizer.dispose();
    expect(run.events.at(-1)).toMatchObject({ outcome: 'stopped' });
  });
});
