import { gradientAccumulation } from '@microbatch/core';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { type LabelledBatch, train } from '../src/index.js';
import { onEachBackend } from './backends.js';
import { classes, classifier, collect, ofType, relativeError, weightsOf } from './fixtures.js';
import { fullBatchGradient } from './full-batch.js';
import { NotingOptimizer } from './noting-optimizer.js';

/** Cuts data into batches of these sizes. */
function split(data: { xs: tf.Tensor; ys: tf.Tensor }, sizes: readonly number[]): LabelledBatch[] {
  const xs = tf.split(data.xs, [...sizes]);
  const ys = tf.split(data.ys, [...sizes]);
  return sizes.map((_, index) => ({ xs: xs[index]!, ys: ys[index]! }));
}

onEachBackend((backend) => {
  const tolerance = backend === 'cpu' ? 1e-6 : 1e-5;

  it.each([[[16, 16, 16, 16]], [[8, 8, 8, 8, 8, 8, 8, 8]], [[20, 20, 20, 4]], [[1, 63]], [[64]]])(
    'the accumulated gradient of the split %j is that of the full batch',
    async (sizes) => {
      const model = classifier();
      const data = classes(64);
      const optimizer = new NotingOptimizer();
      await train({
        model,
        optimizer,
        loss: 'categoricalCrossentropy',
        data: split(data, sizes),
        accumulation: gradientAccumulation({ accumBatchSize: 64, microBatchSize: 1 }),
      }).done;
      expect(optimizer.noted).toHaveLength(1);
      expect(relativeError(optimizer.noted[0]!, fullBatchGradient(model, data))).toBeLessThan(tolerance);
    },
  );

  it('divides by the weight really seen where a window overshoots its target or is flushed', async () => {
    const model = classifier();
    const data = classes(50);
    const optimizer = new NotingOptimizer();
    await train({
      model,
      optimizer,
      loss: 'categoricalCrossentropy',
      data: split(data, [24, 16, 10]),
      accumulation: gradientAccumulation({ accumBatchSize: 32, microBatchSize: 1, lastWindow: 'flush' }),
    }).done;
    const [first, rest] = split(data, [40, 10]);
    expect(optimizer.noted).toHaveLength(2);
    expect(relativeError(optimizer.noted[0]!, fullBatchGradient(model, first as never))).toBeLessThan(tolerance);
    expect(relativeError(optimizer.noted[1]!, fullBatchGradient(model, rest as never))).toBeLessThan(tolerance);
  });

  it('leaves nothing of a dropped window in the next one', async () => {
    const model = classifier();
    const data = classes(24);
    const optimizer = new NotingOptimizer();
    const [kept, dropped] = [split(data, [8, 16])[0]!, split(data, [20, 4])[1]!];
    await train({
      model,
      optimizer,
      loss: 'categoricalCrossentropy',
      data: (epoch) => (epoch === 0 ? [dropped] : [kept]).values(),
      epochs: 2,
      accumulation: gradientAccumulation({ accumBatchSize: 8, microBatchSize: 1, lastWindow: 'drop' }),
    }).done;
    expect(optimizer.noted).toHaveLength(1);
    expect(relativeError(optimizer.noted[0]!, fullBatchGradient(model, kept as never))).toBeLessThan(tolerance);
  });

  it('weighs batches by the weight option: a split of masked samples steps like the full batch of them', async () => {
    const { xs, ys } = classes(24);
    const mask = tf.tensor1d(Array.from({ length: 24 }, (_, index) => (index % 5 === 0 ? 0 : 1)));
    const weightOf = (batch: LabelledBatch) => (batch.ys as { mask: tf.Tensor }).mask.sum().dataSync()[0]!;
    const gradients = async (sizes: number[]) => {
      const kernel = tf.variable(tf.ones([6, 3]));
      const optimizer = new NotingOptimizer();
      const parts = [xs, ys, mask].map((tensor) => tf.split(tensor, sizes));
      const data = sizes.map((_, index) => ({
        xs: parts[0]![index]!,
        ys: { y: parts[1]![index]!, mask: parts[2]![index]! },
      }));
      await train<LabelledBatch>({
        model: {
          variables: [kernel],
          loss(batch) {
            const { y, mask } = batch.ys as { y: tf.Tensor; mask: tf.Tensor };
            const logits = tf.matMul(batch.xs as tf.Tensor2D, kernel as tf.Tensor2D);
            const perSample = tf.neg(tf.sum(tf.mul(y, tf.logSoftmax(logits)), 1));
            return tf.div(tf.sum(tf.mul(perSample, mask)), tf.sum(mask));
          },
        },
        optimizer,
        data,
        weight: weightOf,
        accumulation: gradientAccumulation({ accumBatchSize: 24, microBatchSize: 1 }),
      }).done;
      return optimizer.noted[0]!;
    };
    expect(relativeError(await gradients([5, 12, 7]), await gradients([24]))).toBeLessThan(tolerance);
  });

  it('sums a gradient tensor that two variables share for each of them', async () => {
    const shared = tf.customGrad((a, b) => ({
      value: tf.add(a as tf.Tensor, b as tf.Tensor),
      gradFunc: (dy) => [dy, dy] as never,
    }));
    const variables = [tf.variable(tf.scalar(3)), tf.variable(tf.scalar(4))];
    const optimizer = new NotingOptimizer();
    const options = {
      model: { variables, loss: () => shared(...variables) },
      optimizer,
      data: { ...classes(12), batchSize: 2 },
      accumulation: gradientAccumulation({ accumBatchSize: 6 }),
    };
    const before = tf.memory().numTensors;
    await train(options).done;
    expect(tf.memory().numTensors).toBe(before);
    expect(optimizer.noted).toHaveLength(2);
    for (const gradients of optimizer.noted) for (const gradient of gradients) expect(gradient).toBeCloseTo(1, 6);
  });

  const optimizers = {
    sgd: () => tf.train.sgd(0.1),
    momentum: () => tf.train.momentum(0.1, 0.9),
    adam: () => tf.train.adam(0.01),
    rmsprop: () => tf.train.rmsprop(0.01),
  };
  describe.each(Object.keys(optimizers) as (keyof typeof optimizers)[])('with %s', (name) => {
    it('leaves the parameters bit-identical until a window closes, then takes the step of the optimizer alone', async () => {
      const model = classifier();
      const reference = classifier();
      const variables = reference.trainableWeights.map((weight) => weight.read() as tf.Variable);
      const optimizer = optimizers[name]();
      const alone = optimizers[name]();
      const apply = optimizer.applyGradients.bind(optimizer);
      const given: tf.Tensor[][] = [];
      const names: string[][] = [];
      optimizer.applyGradients = (gradients: Parameters<typeof apply>[0]) => {
        const list = gradients as { name: string; tensor: tf.Tensor }[];
        names.push(list.map((gradient) => gradient.name));
        given.push(list.map(({ tensor }) => tensor.clone()));
        apply(gradients as never);
      };
      const run = train({
        model,
        optimizer,
        loss: 'categoricalCrossentropy',
        data: { ...classes(48), batchSize: 4, seed: 3 },
        epochs: 2,
        accumulation: gradientAccumulation({ accumBatchSize: 16 }),
      });
      // A subscriber's exception would not reach this test: it notes, the test judges.
      const atMicroBatches: number[][] = [];
      const atSteps: { ours: number[]; alone: number[] }[] = [];
      const initial = weightsOf(model);
      run.events$.subscribe(({ type }) => {
        if (type === 'micro-batch') atMicroBatches.push(weightsOf(model));
        if (type !== 'accumulated-batch') return;
        const gradients = given[atSteps.length]!;
        alone.applyGradients(variables.map((variable, index) => ({ name: variable.name, tensor: gradients[index]! })));
        atSteps.push({ ours: weightsOf(model), alone: weightsOf(reference) });
      });
      await run.done;
      expect(names).toEqual(
        atSteps.map(() => model.trainableWeights.map((weight) => (weight.read() as tf.Variable).name)),
      );
      expect(atSteps).toHaveLength(6);
      expect(atMicroBatches).toHaveLength(24);
      atSteps.forEach(({ ours, alone }, step) => {
        const before = step === 0 ? initial : atSteps[step - 1]!.ours;
        for (const weights of atMicroBatches.slice(step * 4, step * 4 + 4)) expect(weights).toEqual(before);
        expect(ours).toEqual(alone);
        expect(ours).not.toEqual(before);
      });
    });
  });

  it('gives batch normalization the statistics of micro-batches, and says so once', async () => {
    const model = tf.sequential({
      layers: [
        tf.layers.dense({ units: 4, inputShape: [6] }),
        tf.layers.batchNormalization(),
        tf.layers.dense({ units: 3, activation: 'softmax' }),
      ],
    });
    const data = classes(32);
    const optimizer = new NotingOptimizer();
    const run = train({
      model,
      optimizer,
      loss: 'categoricalCrossentropy',
      data: { ...data, batchSize: 8, shuffle: false },
      accumulation: gradientAccumulation({ accumBatchSize: 32 }),
    });
    const events = collect(run);
    await run.done;
    const codes = ofType(events, 'diagnostic').map(({ level, code }) => `${level} ${code}`);
    expect(codes).toEqual(['info batch-norm-micro-batches']);

    const variables = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
    const ghost = () => {
      const losses = split(data, [8, 8, 8, 8]).map(({ xs, ys }) => {
        const predictions = model.apply(xs as tf.Tensor, { training: true }) as tf.Tensor;
        return tf.losses.softmaxCrossEntropy(ys as tf.Tensor, tf.log(predictions));
      });
      return tf.mean(tf.stack(losses)) as tf.Scalar;
    };
    const { grads } = tf.variableGrads(ghost, variables);
    const expected = variables.flatMap(({ name }) => [...grads[name]!.dataSync()]);
    expect(relativeError(optimizer.noted[0]!, expected)).toBeLessThan(tolerance);
  });
});
