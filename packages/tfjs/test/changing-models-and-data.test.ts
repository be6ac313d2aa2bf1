import { gradientAccumulation } from '@microbatch/core';
import { checkGrammar } from '@microbatch/core/testing';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { type CustomModel, type LabelledBatch, type TrainOptions, train } from '../src/index.js';
import { onEachBackend } from './backends.js';
import { classes, classifier, collect, ofType, weightsOf } from './fixtures.js';

const accumulation = gradientAccumulation({ accumBatchSize: 8 });
const mean = (batch: LabelledBatch, kernel: tf.Variable) =>
  tf.mean(tf.matMul(batch.xs as tf.Tensor2D, kernel as tf.Tensor2D));

onEachBackend((backend) => {
  /** Trains until the run fails; gives what it said, and how many tensors it left. */
  async function failure<B = LabelledBatch>(options: TrainOptions<B>) {
    const before = tf.memory().numTensors;
    const run = train(options);
    const events = collect(run);
    const error: unknown = await run.done.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(events.at(-1)).toMatchObject({ type: 'run-end', outcome: 'failed', error: (error as Error).message });
    const { trained, accumulated, discarded } = checkGrammar(events);
    expect(accumulated + discarded).toBe(trained);
    return { error, trained, left: tf.memory().numTensors - before };
  }

  const layers = (model: tf.LayersModel, whileTraining: () => void): TrainOptions => {
    const { xs, ys } = classes(4);
    return {
      model,
      optimizer: tf.train.sgd(0.1),
      loss: 'categoricalCrossentropy',
      *data() {
        yield { xs, ys };
        whileTraining();
        yield { xs, ys };
      },
      microBatchSize: 4,
      accumulation,
    };
  };

  describe('a run fails, and holds no tensor,', () => {
    it('at a layer that is frozen while it trains', async () => {
      const model = classifier();
      const options = layers(model, () => {
        model.layers[0]!.trainable = false;
      });
      const { error, trained, left } = await failure(options);
      expect(error).toBeInstanceOf(TypeError);
      expect((error as Error).message).toMatch(
        /^the trainable weights of the model changed during training: the run began with 4 trainable variables \(.*\), and now there are 2;/,
      );
      expect([trained, left]).toEqual([1, 0]);
    });

    it('at a layer that is added while it trains', async () => {
      const model = classifier();
      const more = tf.layers.dense({ units: 3 });
      const { error, left } = await failure(layers(model, () => model.add(more)));
      expect((error as Error).message).toContain('began with 4 trainable variables');
      expect((error as Error).message).toContain('now there are 6');
      tf.dispose(more.getWeights());
      expect(left).toBe(2);
    });

    it('at a variable that joins model.variables while it trains', async () => {
      const variables = [tf.variable(tf.ones([6, 3]))];
      const late = tf.variable(tf.ones([6, 3]));
      const { error, left } = await failure({
        model: { variables, loss: (batch: LabelledBatch) => tf.add(mean(batch, variables[0]!), mean(batch, late)) },
        optimizer: tf.train.sgd(0.1),
        *data() {
          yield classes4();
          variables.push(late);
          yield classes4();
        },
        disposeBatches: true,
        microBatchSize: 4,
        accumulation,
      });
      expect((error as Error).message).toContain('model.variables changed during training');
      expect(left).toBe(0);
    });

    it('at a variable that the loss makes, which would never be trained', async () => {
      const kernel = tf.variable(tf.ones([6, 3]));
      let made: tf.Variable | undefined;
      const model: CustomModel<LabelledBatch> = {
        variables: [kernel],
        loss(batch) {
          made ??= tf.variable(tf.ones([6, 3]), true, `made-${kernel.id}`);
          return tf.add(mean(batch, kernel), mean(batch, made));
        },
      };
      const data = { ...classes(8), batchSize: 4 };
      const { error, trained, left } = await failure({ model, optimizer: tf.train.sgd(0.1), data, accumulation });
      expect((error as Error).message).toBe(
        `model.loss made variables during training (made-${kernel.id}): make them before train() and list them in model.variables`,
      );
      // The variable stays with who made it.
      expect([trained, left]).toEqual([0, 1]);
      made!.dispose();
    });

    it('at a variable without a name that the loss makes when the optimizer has variables of its own', async () => {
      const kernel = tf.variable(tf.ones([6, 3]));
      let batches = 0;
      const made: tf.Variable[] = [];
      const model: CustomModel<LabelledBatch> = {
        variables: [kernel],
        loss(batch) {
          batches += 1;
          if (batches === 3) made.push(tf.variable(tf.ones([6, 3])));
          return mean(batch, kernel);
        },
      };
      const optimizer = tf.train.adam(0.1);
      const data = { ...classes(16), batchSize: 4 };
      const { error, trained } = await failure({ model, optimizer, data, accumulation });
      expect((error as Error).message).toBe(
        `model.loss made variables during training (${made[0]!.name}): make them before train() and list them in model.variables`,
      );
      expect(trained).toBe(2);
      tf.dispose(made);
    });

    it('at a loss that turns into a vector', async () => {
      const kernel = tf.variable(tf.ones([6, 3]));
      let batches = 0;
      const model: CustomModel<LabelledBatch> = {
        variables: [kernel],
        loss: (batch) =>
          ++batches < 2 ? mean(batch, kernel) : tf.mean(tf.matMul(batch.xs as never, kernel as never), 1),
      };
      const data = { ...classes(12), batchSize: 4 };
      const optimizer = tf.train.sgd(0.1);
      const { error, trained, left } = await failure({ model, optimizer, data, accumulation });
      expect((error as Error).message).toBe('loss must return a scalar, not a tensor of shape [4]: take its mean');
      expect([trained, left]).toEqual([1, 0]);
    });

    it('at a batch whose shape a custom model cannot take, with its own error', async () => {
      const kernel = tf.variable(tf.ones([6, 3]));
      const { error, trained, left } = await failure({
        model: { variables: [kernel], loss: (batch: LabelledBatch) => mean(batch, kernel) },
        optimizer: tf.train.sgd(0.1),
        *data() {
          yield classes4();
          yield { xs: tf.ones([4, 5]), ys: tf.ones([4, 3]) };
        },
        disposeBatches: true,
        microBatchSize: 4,
        accumulation,
      });
      expect((error as Error).message).toMatch(
        backend === 'tensorflow' ? /Matrix size-incompatible/ : /matMul: inner shapes \(5\) and \(6\)/,
      );
      expect([trained, left]).toEqual([1, 0]);
    });
  });

  const classes4 = (): LabelledBatch => classes(4);

  it('takes batches of changing shape where the model can', async () => {
    const kernel = tf.variable(tf.ones([1]));
    const data = [3, 7, 5].map((time) => ({ xs: tf.ones([2, time]), ys: tf.ones([2]) }));
    const run = train({
      model: { variables: [kernel], loss: ({ xs }) => tf.mul(kernel, tf.mean(xs as tf.Tensor)).asScalar() },
      optimizer: tf.train.sgd(0),
      data,
      accumulation: gradientAccumulation({ accumBatchSize: 6 }),
    });
    expect((await run.done).history[0]!.train.loss).toBeCloseTo(1, 6);
  });

  it('trains on over NaN at the first batch, as it is told to by default, and says so', async () => {
    const model = classifier();
    const before = weightsOf(model);
    const run = train({
      model,
      optimizer: tf.train.sgd(0.1),
      loss: (yTrue, yPred) => tf.mul(tf.mean(tf.squaredDifference(yTrue, yPred)), Number.NaN),
      data: [classes(4), classes(4)],
      earlyStopping: { monitor: 'train.loss', restoreBest: true },
      accumulation: gradientAccumulation({ accumBatchSize: 4 }),
    });
    const events = collect(run);
    const { outcome, earlyStopping } = await run.done;
    expect(outcome).toBe('finished');
    expect(earlyStopping).toEqual({ restored: false });
    expect(ofType(events, 'accumulated-batch').map(({ loss }) => loss)).toEqual([Number.NaN, Number.NaN]);
    expect(ofType(events, 'diagnostic').map(({ code }) => code)).toEqual(['non-finite-loss', 'best-weights']);
    expect(before.some(Number.isNaN)).toBe(false);
    expect(weightsOf(model).some(Number.isNaN)).toBe(true);
  });

  it('ends an epoch of data that never ends where microBatchesPerEpoch says, and closes the data', async () => {
    const batch = classes(4);
    let closed = 0;
    const endless: [string, TrainOptions['data']][] = [
      [
        'a function of generators',
        function* () {
          try {
            for (;;) yield batch;
          } finally {
            closed += 1;
          }
        },
      ],
      [
        'a data set',
        tf.data
          .array([{ xs: [1, 2, 3, 4, 5, 6], ys: [0, 1, 0] }])
          .repeat()
          .batch(4),
      ],
    ];
    for (const [, data] of endless) {
      const run = train({
        model: classifier(),
        optimizer: tf.train.sgd(0.1),
        loss: 'categoricalCrossentropy',
        data,
        microBatchSize: 4,
        microBatchesPerEpoch: 3,
        epochs: 2,
        accumulation,
      });
      const { history } = await run.done;
      expect(history.map(({ microStep }) => microStep)).toEqual([3, 6]);
    }
    expect(closed).toBe(2);
  });

  it('tells once of data that ends early, and goes on with the next epoch', async () => {
    const batch = classes(4);
    const run = train({
      model: classifier(),
      optimizer: tf.train.sgd(0.1),
      loss: 'categoricalCrossentropy',
      data: () => [batch, batch],
      microBatchSize: 4,
      microBatchesPerEpoch: 5,
      epochs: 3,
      accumulation: gradientAccumulation({ accumBatchSize: 12, lastWindow: 'flush' }),
    });
    const events = collect(run);
    const { outcome, history } = await run.done;
    expect(outcome).toBe('finished');
    expect(history.map(({ microStep, epoch }) => [microStep, epoch])).toEqual([
      [2, 1],
      [4, 2],
      [6, 3],
    ]);
    expect(ofType(events, 'diagnostic').map(({ code, message }) => `${code}: ${message}`)).toEqual([
      'short-epoch: data ended after 2 micro-batches in epoch 1, but microBatchesPerEpoch is 5',
    ]);
  });
});
