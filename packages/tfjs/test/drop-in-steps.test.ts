import {
  type AccumulationPolicy,
  gradientAccumulation,
  gradientAccumulationSchedule,
  schedLin,
  type TrainEvent,
} from '@microbatch/core';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { accumulateGradients } from '../src/index.js';
import { onEachBackend } from './backends.js';
import { classes, classifier, ofType } from './fixtures.js';
import { variablesOf } from './full-batch.js';

const OPTIMIZERS: Record<string, () => tf.Optimizer> = {
  sgd: () => tf.train.sgd(0.3),
  momentum: () => tf.train.momentum(0.1, 0.9),
  nesterov: () => tf.train.momentum(0.1, 0.9, true),
  adagrad: () => tf.train.adagrad(0.1),
  adadelta: () => tf.train.adadelta(0.5),
  adam: () => tf.train.adam(0.02),
  adamax: () => tf.train.adamax(0.02),
  rmsprop: () => tf.train.rmsprop(0.01, 0.9, 0.5),
};

/** Each with the micro-batches after which it steps, in two epochs of 8: seven of 4 samples, and one of 2. */
const POLICIES: Record<string, [AccumulationPolicy, readonly number[]]> = {
  fixed: [gradientAccumulation({ accumBatchSize: 12, microBatchSize: 4 }), [3, 6, 10, 13]],
  scheduled: [
    gradientAccumulationSchedule({
      startAccumBatchSize: 4,
      finalAccumBatchSize: 16,
      start: 0,
      finish: 0.9,
      schedule: schedLin,
      microBatchSize: 4,
    }),
    [1, 2, 3, 4, 5, 7, 10, 13],
  ],
  flushed: [
    gradientAccumulation({ accumBatchSize: 12, microBatchSize: 4, lastWindow: 'flush' }),
    [3, 6, 8, 11, 14, 16],
  ],
};

const [SAMPLES, BATCH_SIZE, EPOCHS, BATCHES] = [30, 4, 2, 8];

type Values = readonly (readonly number[])[];
type LossOf = (microStep: number) => tf.Scalar;
type GradientsOf = (loss: () => tf.Scalar, variables: tf.Variable[], scale: number) => tf.Tensor[];

const valuesOf = (variables: readonly tf.Variable[]): Values => variables.map((variable) => [...variable.dataSync()]);
const allFinite = (values: Values) => values.flat().every(Number.isFinite);

function gradients(loss: () => tf.Scalar, variables: tf.Variable[]): tf.Tensor[] {
  const { grads } = tf.variableGrads(loss, variables);
  return variables.map(({ name }) => grads[name]!);
}

/** The factor as a part of the loss: what the backward pass then computes. */
const ofScaledLoss: GradientsOf = (loss, variables, scale) =>
  gradients(() => tf.mul(loss(), scale) as tf.Scalar, variables);

/** The factor at the end. */
const scaledGradients: GradientsOf = (loss, variables, scale) =>
  gradients(loss, variables).map((gradient) => tf.mul(gradient, scale));

/** What an optimizer of tfjs itself makes of the windows' gradients, summed in float32, in order: the values after each micro-batch. */
function expectedValues(
  optimizer: tf.Optimizer,
  variables: tf.Variable[],
  lossOf: LossOf,
  gradientsOf: GradientsOf,
  events: readonly TrainEvent[],
): Values[] {
  const values: Values[] = [];
  let sums: tf.Tensor[] | undefined;
  for (const event of events) {
    if (event.type === 'micro-batch') {
      const scaled = gradientsOf(() => lossOf(event.microStep), variables, event.batchSamples / event.window.target);
      sums = sums === undefined ? scaled : sums.map((sum, at) => tf.add(sum, scaled[at]!));
      values.push(valuesOf(variables));
    } else if (event.type === 'accumulated-batch') {
      const { normalizer, accumBatchSize } = event;
      const mean = sums!.map((sum) => (normalizer === accumBatchSize ? sum : tf.mul(sum, accumBatchSize / normalizer)));
      optimizer.applyGradients(variables.map(({ name }, at) => ({ name, tensor: mean[at]! })));
      sums = undefined;
      values[values.length - 1] = valuesOf(variables);
    }
  }
  return values;
}

function expectSteps(events: readonly TrainEvent[], seen: readonly Values[], steps: readonly number[]): void {
  expect(ofType(events, 'micro-batch')).toHaveLength(EPOCHS * BATCHES);
  expect(ofType(events, 'accumulated-batch').map(({ microStep }) => microStep)).toEqual(steps);
  expect(seen.every(allFinite)).toBe(true);
  const changed = (values: Values, at: number) => at > 0 && String(values) !== String(seen[at - 1]);
  const after = seen.flatMap((values, at) => (changed(values, at) ? [at + 1] : []));
  expect(after).toEqual(steps.filter((microStep) => microStep > 1));
}

onEachBackend(() => {
  describe.each(Object.keys(OPTIMIZERS))('%s', (name) => {
    describe.each(Object.keys(POLICIES))('under accumulation that is %s', (kind) => {
      const [policy, steps] = POLICIES[kind]!;

      it('leaves the parameters alone in fit until a window is full, then steps as without, with that gradient', async () => {
        const { xs, ys } = classes(SAMPLES);
        const model = classifier();
        const { optimizer, events$, withCallbacks } = accumulateGradients(OPTIMIZERS[name]!(), policy);
        model.compile({ optimizer, loss: 'categoricalCrossentropy' });
        const events: TrainEvent[] = [];
        events$.subscribe((event) => events.push(event));
        const seen: Values[] = [];
        const callbacks = withCallbacks({
          onBatchEnd() {
            seen.push(valuesOf(variablesOf(model)));
          },
        });
        await model.fit(xs, ys, { epochs: EPOCHS, batchSize: BATCH_SIZE, shuffle: false, verbose: 0, callbacks });

        const twin = classifier();
        const lossOf: LossOf = (microStep) => {
          const from = ((microStep - 1) % BATCHES) * BATCH_SIZE;
          const rows = (all: tf.Tensor) => tf.slice(all, [from, 0], [Math.min(BATCH_SIZE, SAMPLES - from), -1]);
          const predicted = twin.apply(rows(xs), { training: true }) as tf.Tensor;
          return tf.mean(tf.metrics.categoricalCrossentropy(rows(ys), predicted));
        };
        expectSteps(events, seen, steps);
        expect(seen).toEqual(expectedValues(OPTIMIZERS[name]!(), variablesOf(twin), lossOf, ofScaledLoss, events));
      });

      it.each<[string, GradientsOf]>([
        ['minimize', ofScaledLoss],
        ['computeGradients and applyGradients', scaledGradients],
      ])('does so in a loop by hand, by %s', (way, gradientsOf) => {
        const xs = tf.randomNormal([EPOCHS * BATCHES, BATCH_SIZE, 5], 0, 1, 'float32', 3);
        const ys = tf.randomNormal([EPOCHS * BATCHES, BATCH_SIZE, 2], 0, 1, 'float32', 4);
        const variables = () => [
          tf.variable(tf.reshape(tf.linspace(-1, 1, 10), [5, 2])),
          tf.variable(tf.tensor1d([0.3, -0.2])),
        ];
        const sizeOf = (microStep: number) => (microStep % BATCHES === 0 ? 2 : BATCH_SIZE);
        const lossBy =
          ([kernel, bias]: tf.Variable[]): LossOf =>
          (microStep) => {
            const rows = (all: tf.Tensor) =>
              tf.squeeze(tf.slice(all, [microStep - 1, 0, 0], [1, sizeOf(microStep), -1]), [0]);
            const predicted = tf.tanh(tf.add(tf.matMul(rows(xs), kernel!), bias!));
            return tf.mean(tf.squaredDifference(predicted, rows(ys)));
          };
        let microStep = 0;
        const { optimizer, events$ } = accumulateGradients(OPTIMIZERS[name]!(), policy, {
          microBatchesPerEpoch: BATCHES,
          epochs: EPOCHS,
          samples: () => sizeOf(microStep),
        });
        const events: TrainEvent[] = [];
        events$.subscribe((event) => events.push(event));
        const mine = variables();
        const lossOf = lossBy(mine);
        const seen: Values[] = [];
        for (microStep = 1; microStep <= EPOCHS * BATCHES; microStep += 1) {
          if (way === 'minimize') optimizer.minimize(() => lossOf(microStep), false, mine);
          else {
            const { value, grads } = optimizer.computeGradients(() => lossOf(microStep), mine);
            optimizer.applyGradients(grads);
            tf.dispose([value, grads]);
          }
          seen.push(valuesOf(mine));
        }

        const twins = variables();
        expectSteps(events, seen, steps);
        expect(seen).toEqual(expectedValues(OPTIMIZERS[name]!(), twins, lossBy(twins), gradientsOf, events));
      });
    });
  });
});
