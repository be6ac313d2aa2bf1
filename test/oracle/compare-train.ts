import assert from 'node:assert/strict';
import type { TrainEvent } from '@microbatch/core';
import { train } from '@microbatch/tfjs';
import * as tf from '@tensorflow/tfjs';
import { type Comparison, createErrorTally } from './comparison.js';
import { FastaiAdam, LeakedInto } from './fastai-optimizers.js';
import { fromTorch, initialModel, torchWeights } from './torch-weights.js';
import { dataset, fitsOf, microBatchesOf, policyOfTrace, recorded, type Trace } from './traces.js';

tf.enableProdMode();

/**
 * Trains a trace's model anew by `train()`, on cpu, from the recorded data and initial weights alone. Throws where another
 * micro-batch steps. A later fit goes on with the model of the one before; the gradients that fastxtend leaks into it are
 * added to its first step.
 */
export async function compareTraining(trace: Trace): Promise<Comparison> {
  await tf.setBackend('cpu');
  const { bs, epochs, model: kind } = trace.config;
  const model = initialModel(kind);
  const rows = Math.min(trace.config.rows, trace.n_micro_per_epoch * bs);
  const { errors, note } = createErrorTally();
  let steps = 0;

  for (const fit of fitsOf(trace)) {
    const events: TrainEvent[] = [];
    const weights: number[][] = [];
    const run = train({
      model,
      optimizer: optimizerOf(trace, fit, model),
      loss: 'meanSquaredError',
      metrics: ['mae'],
      data: { ...tensorsOf('train', rows), batchSize: bs, shuffle: false },
      validation: { ...tensorsOf('valid'), batchSize: 16 },
      epochs,
      accumulation: policyOfTrace(trace),
    });
    run.events$.subscribe((event) => {
      events.push(event);
      if (event.type === 'accumulated-batch') weights.push(torchWeights(model));
    });
    await run.done;

    const ats = microBatchesOf(trace, fit);
    const micros = events.filter((event) => event.type === 'micro-batch');
    assert.equal(micros.length, ats.length);
    for (const [index, { loss }] of micros.entries()) {
      note('micro-batch loss', loss, recorded(trace.micro.raw_loss![ats[index]!]));
    }
    const stepped = ats.filter((at) => trace.micro.stepped![at] === 1);
    const accumulated = events.filter((event) => event.type === 'accumulated-batch');
    assert.deepEqual(
      accumulated.map(({ microStep }) => microStep),
      stepped.map((at) => trace.micro.train_iter![at]),
    );
    for (const [index, values] of weights.entries()) {
      const theirs = trace.weights[steps + index]!;
      assert.equal(values.length, theirs.length);
      for (const [position, value] of values.entries()) note('weights', value, theirs[position]!);
    }
    const ends = events.filter((event) => event.type === 'epoch-end');
    assert.equal(ends.length, epochs);
    for (const [epoch, { valid }] of ends.entries()) {
      const [, loss, mae] = trace.epochs[fit * epochs + epoch]!.values;
      note('validation', valid!.loss!, recorded(loss));
      note('validation', valid!.mae!, recorded(mae));
    }
    steps += weights.length;
  }
  return { steps, errors };
}

function tensorsOf(part: 'train' | 'valid', rows?: number): { xs: tf.Tensor2D; ys: tf.Tensor1D } {
  const { x, y } = dataset[part];
  return { xs: tf.tensor2d(x.slice(0, rows)), ys: tf.tensor1d(y.slice(0, rows)) };
}

function optimizerOf(trace: Trace, fit: number, model: tf.LayersModel): tf.Optimizer {
  const { opt, lr } = trace.config;
  const leaked = trace.grad_at_fit_start[fit]!;
  if (opt === 'sgd') return leaked.length === 0 ? tf.train.sgd(lr) : new LeakedInto(lr, fromTorch(model, leaked));
  const variables = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
  return new FastaiAdam(lr, variables, trace.hypers);
}
