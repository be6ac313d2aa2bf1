import { readFileSync } from 'node:fs';
import { gradientAccumulation } from '@microbatch/core';
import { checkGrammar } from '@microbatch/core/testing';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { createEarlyStopping, type EarlyStopping } from '../src/early-stopping.js';
import { type EarlyStoppingOptions, type TrainOptions, type TrainRun, train } from '../src/index.js';
import { onEachBackend } from './backends.js';
import { classes, classifier, collect, ofType, weightsOf } from './fixtures.js';

interface KerasCase {
  mode: 'min' | 'max';
  patience: number;
  min_delta: number;
  /** The monitored value of each epoch; null is NaN. */
  values: (number | null)[];
  /** How many epochs Keras let run, and the one whose weights it restored. */
  epochs: number;
  best: number;
}

const golden = new URL('golden/keras-early-stopping.json', import.meta.url);
const { cases }: { cases: KerasCase[] } = JSON.parse(readFileSync(golden, 'utf8'));

const rule = { monitor: 'valid.value', from: 'valid', name: 'value', restoreBest: true } as const;

/** Plays epochs from `from` on; returns how many there were, up to the last judged. The variable is the epoch's number. */
function play(stopping: EarlyStopping, variable: tf.Variable, values: readonly (number | null)[], from = 1): number {
  for (let epoch = from; epoch <= values.length; epoch++) {
    tf.tidy(() => variable.assign(tf.scalar(epoch)));
    const valid = { value: values[epoch - 1] ?? Number.NaN };
    const clocks = { microStep: epoch, step: epoch, samples: epoch, time: 0 };
    if (stopping.judge({ type: 'epoch-end', epoch, ...clocks, train: {}, valid })) return epoch;
  }
  return values.length;
}

/** A run whose epochs have these validation losses. */
function runOf(losses: readonly number[], earlyStopping: EarlyStoppingOptions, changed: Partial<TrainOptions> = {}) {
  const model = (changed.model ?? classifier()) as tf.LayersModel;
  const run = train({
    loss: 'categoricalCrossentropy',
    validation: (epoch: number) => ({ loss: losses[epoch]! }),
    epochs: losses.length,
    accumulation: gradientAccumulation({ accumBatchSize: 8 }),
    earlyStopping,
    ...changed,
    model,
    optimizer: changed.optimizer ?? tf.train.sgd(0.5),
    data: changed.data ?? { ...classes(12), batchSize: 4 },
  } as TrainOptions);
  const events = collect(run);
  const weights: number[][] = [];
  run.events$.subscribe({
    next: ({ type }) => {
      if (type === 'epoch-end' && model instanceof tf.LayersModel) weights.push(weightsOf(model));
    },
    error: () => {},
  });
  return { model, run, events, weights };
}

const told = (run: { events: ReturnType<typeof collect> }) =>
  ofType(run.events, 'diagnostic').map(({ level, code, message }) => `${level} ${code}: ${message}`);

describe('early stopping', () => {
  it('ends and restores as Keras does', () => {
    for (const { mode, patience, min_delta: minDelta, values, epochs, best } of cases) {
      const variable = tf.variable(tf.scalar(0));
      const stopping = createEarlyStopping({ ...rule, mode, patience, minDelta }, [variable]);
      expect(play(stopping, variable, values)).toBe(epochs);
      stopping.finish(epochs);
      expect(variable.dataSync()[0]).toBe(best);
      expect(stopping.result()).toMatchObject({ bestEpoch: best, best: values[best - 1], restored: true });
      stopping.dispose();
    }
    expect(cases).toHaveLength(200);
  });

  it('goes on from a snapshot as if it had never been interrupted', () => {
    for (const { mode, patience, min_delta: minDelta, values, epochs, best } of cases.slice(0, 60)) {
      for (let until = 1; until < epochs; until++) {
        const [before, after] = [tf.variable(tf.scalar(0)), tf.variable(tf.scalar(0))];
        const given = { ...rule, mode, patience, minDelta };
        const [first, second] = [createEarlyStopping(given, [before]), createEarlyStopping(given, [after])];
        play(first, before, values.slice(0, until));
        const { state, tensors } = first.snapshot();
        expect(tensors.map(({ name }) => name)).toEqual([before.name]);
        second.restore({ state: JSON.parse(JSON.stringify(state)), tensors });
        first.dispose();
        expect(play(second, after, values, until + 1)).toBe(epochs);
        second.finish(epochs);
        expect(after.dataSync()[0]).toBe(best);
        second.dispose();
      }
    }
  });

  it('refuses the best weights of another model', () => {
    const stopping = createEarlyStopping({ ...rule, mode: 'min', patience: 1, minDelta: 0 }, [
      tf.variable(tf.ones([2])),
    ]);
    const state = { best: 1, bestEpoch: 1, waited: 0, stoppedAfterEpoch: null };
    const attempt = (tensors: tf.Tensor[]) => () =>
      stopping.restore({ state, tensors: tensors.map((tensor) => ({ name: 'best', tensor })) });
    expect(attempt([tf.ones([3])])).toThrow(RangeError);
    expect(attempt([tf.ones([2]), tf.ones([2])])).toThrow('the best weights to restore are 2 tensors of another model');
  });
});

onEachBackend(() => {
  it('ends a run as finished, says why and which epoch was the best, and leaves the weights as they are', async () => {
    const given = runOf([3, 2, 2.5, 2, 1], { patience: 2 });
    const result = await given.run.done;
    expect(result.outcome).toBe('finished');
    expect(result.history).toHaveLength(4);
    expect(result.earlyStopping).toEqual({ best: 2, bestEpoch: 2, stoppedAfterEpoch: 4, restored: false });
    expect(told(given)).toEqual([
      'info early-stopping: valid.loss has not improved for 2 epochs: training ends after epoch 4; the best valid.loss was 2, in epoch 2',
    ]);
    expect(weightsOf(given.model)).toEqual(given.weights[3]);
    expect(given.events.at(-1)).toMatchObject({ type: 'run-end', outcome: 'finished' });
    // What the last epoch left open is told as discarded.
    expect(checkGrammar(given.events)).toMatchObject({ trained: 12, accumulated: 12, discarded: 0 });
  });

  it('restores the best weights of a run that it ends, with those that no optimizer changes', async () => {
    const model = tf.sequential({
      layers: [
        tf.layers.dense({ units: 4, inputShape: [6] }),
        tf.layers.batchNormalization(),
        tf.layers.dense({ units: 3, activation: 'softmax' }),
      ],
    });
    const atEpochs: number[][] = [];
    const validation = (epoch: number) => {
      atEpochs.push(weightsOf(model));
      return { loss: [3, 1, 2, 2][epoch]! };
    };
    const given = runOf([0, 0, 0, 0], { patience: 2, restoreBest: true }, { model, validation });
    expect((await given.run.done).earlyStopping).toMatchObject({ bestEpoch: 2, stoppedAfterEpoch: 4, restored: true });
    expect(weightsOf(model)).toEqual(atEpochs[1]);
    expect(atEpochs[1]).not.toEqual(atEpochs[3]);
    expect(told(given).at(-1)).toContain('in epoch 2, whose weights the model has again');
  });

  it('restores the best weights of a run that goes to its end too, as Keras does', async () => {
    const given = runOf([3, 1, 2], { patience: 5, restoreBest: true });
    const { earlyStopping, history } = await given.run.done;
    expect(history).toHaveLength(3);
    expect(earlyStopping).toEqual({ best: 1, bestEpoch: 2, restored: true });
    expect(weightsOf(given.model)).toEqual(given.weights[1]);
    expect(told(given)).toEqual([
      'info best-weights: training ended with epoch 3; the best valid.loss was 1, in epoch 2, whose weights the model has again',
    ]);
  });

  it('restores all variables of a custom model', async () => {
    const [weight, count] = [tf.variable(tf.scalar(1)), tf.variable(tf.scalar(0), false)];
    const model = {
      variables: [weight, count],
      loss(_: unknown, { training }: { training: boolean }) {
        if (training) count.assign(tf.add(count, 1));
        return tf.square(weight);
      },
    };
    const given = runOf([1, 2, 3], { patience: 2, restoreBest: true }, { model, loss: undefined } as never);
    await given.run.done;
    expect(count.dataSync()[0]).toBe(3);
  });

  it('never counts NaN or infinity as the best, and says so where there was nothing else', async () => {
    const some = runOf([Number.NaN, 2, Number.NEGATIVE_INFINITY, 1.5], { patience: 2, restoreBest: true });
    expect((await some.run.done).earlyStopping).toEqual({ best: 1.5, bestEpoch: 4, restored: true });
    const none = runOf([Number.NaN, Number.NaN, Number.NaN], { restoreBest: true });
    const { earlyStopping, history } = await none.run.done;
    expect(history).toHaveLength(2);
    expect(earlyStopping).toEqual({ stoppedAfterEpoch: 2, restored: false });
    expect(weightsOf(none.model)).toEqual(none.weights[1]);
    expect(told(none)).toEqual([
      'warn early-stopping: valid.loss has not improved for 2 epochs: training ends after epoch 2; valid.loss was never a finite number, so no epoch was the best',
    ]);
  });

  it('counts an epoch all of whose micro-batches were skipped as none that improves', async () => {
    const { xs, ys } = classes(8);
    const broken = { xs: tf.fill([8, 6], Number.NaN), ys };
    const run = train({
      model: classifier(),
      optimizer: tf.train.sgd(0.1),
      loss: 'categoricalCrossentropy',
      data: (epoch) => [epoch === 0 ? { xs, ys } : broken],
      microBatchSize: 8,
      epochs: 9,
      accumulation: gradientAccumulation({ accumBatchSize: 8 }),
      nonFinite: 'skip',
      earlyStopping: { monitor: 'train.loss', patience: 2 },
    });
    expect((await run.done).earlyStopping).toMatchObject({ bestEpoch: 1, stoppedAfterEpoch: 3 });
  });

  it('watches any value of an epoch', async () => {
    const rising = runOf(
      [],
      { monitor: 'valid.f1', mode: 'max' },
      {
        validation: (epoch: number) => ({ loss: 1, f1: [0.2, 0.5, 0.4][epoch]! }),
        epochs: 3,
      },
    );
    expect((await rising.run.done).earlyStopping).toMatchObject({ best: 0.5, bestEpoch: 2, stoppedAfterEpoch: 3 });
    const trained = runOf([1, 1, 1], { monitor: 'train.accuracy', mode: 'max' }, { metrics: ['accuracy'] });
    const { history, earlyStopping } = await trained.run.done;
    expect(earlyStopping!.best).toBe(Math.max(...history.map(({ train }) => train.accuracy!)));
  });

  it('fails a run whose epochs turn out to lack the value', async () => {
    const given = runOf([1], { monitor: 'valid.f1', mode: 'max' });
    await expect(given.run.done).rejects.toThrow(
      "earlyStopping.monitor is 'valid.f1', but epoch 1 has train.loss, valid.loss",
    );
    expect(given.events.at(-1)).toMatchObject({ type: 'run-end', outcome: 'failed' });
  });

  const endings: Record<string, (run: TrainRun) => void> = {
    'by itself': () => {},
    'by stop() after an epoch that was the best': (run) => {
      run.events$.subscribe((event) => {
        if (event.type === 'micro-batch' && event.epoch > 2) run.stop();
      });
    },
  };
  it.each(Object.keys(endings))('holds one copy of the weights, and none after a run that ends %s', async (name) => {
    const data = { ...classes(12), batchSize: 4 };
    const model = classifier();
    const optimizer = tf.train.sgd(0.5);
    const before = tf.memory().numTensors;
    const given = runOf([3, 2, 1, 4, 0.5, 5], { patience: 3, restoreBest: true }, { model, data, optimizer });
    endings[name]!(given.run);
    const counts = new Set<number>();
    given.run.events$.subscribe(({ type }) => {
      if (type === 'accumulated-batch') counts.add(tf.memory().numTensors - before);
    });
    await given.run.done;
    // Without a copy in the first epoch, with one of its four weights later.
    expect([...counts].sort((a, b) => a - b).map((count, _, [least]) => count - least!)).toEqual([0, 4]);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('leaves a run that was stopped or failed the weights that it had, and no tensor', async () => {
    for (const failing of [false, true]) {
      const data = { ...classes(12), batchSize: 4 };
      const model = classifier();
      const optimizer = tf.train.sgd(0.5);
      const before = tf.memory().numTensors;
      let run: TrainRun;
      const validation = (epoch: number) => {
        if (epoch === 2 && failing) throw new Error('no validation');
        if (epoch === 2) run.stop();
        return { loss: epoch };
      };
      const given = runOf([0, 0, 0], { patience: 5, restoreBest: true }, { model, data, optimizer, validation });
      run = given.run;
      if (failing) await expect(run.done).rejects.toThrow('no validation');
      else expect((await run.done).earlyStopping).toEqual({ best: 0, bestEpoch: 1, restored: false });
      expect(weightsOf(model)).not.toEqual(given.weights[0]);
      expect(weightsOf(model)).not.toEqual(given.weights[1]);
      expect(tf.memory().numTensors).toBe(before);
    }
  });
});

describe('earlyStopping refuses, before any work', () => {
  it.each<[string, unknown, typeof TypeError | typeof RangeError, string, Partial<TrainOptions>?]>([
    ['a bare number', 3, TypeError, 'earlyStopping must be an object, not 3'],
    ['an unknown option', { min_delta: 1 }, TypeError, 'earlyStopping: unknown option min_delta (1)'],
    ['the monitor of Keras', { monitor: 'val_loss' }, TypeError, "earlyStopping.monitor must be 'train.' or 'valid.'"],
    [
      'a monitor without a name',
      { monitor: 'valid.' },
      TypeError,
      'the name of a value, as \'valid.loss\', not "valid."',
    ],
    [
      'a metric that there is not',
      { monitor: 'train.acc', mode: 'max' },
      TypeError,
      "earlyStopping.monitor is 'train.acc', but an epoch has loss, accuracy",
      { metrics: ['accuracy'] },
    ],
    [
      'a run without validation',
      {},
      TypeError,
      "is 'valid.loss', but there is no validation",
      { validation: undefined as never },
    ],
    ['a direction that is not known', { monitor: 'valid.f1' }, TypeError, 'earlyStopping.mode is undefined: say'],
    ['a direction of Keras', { mode: 'auto' }, TypeError, "earlyStopping.mode must be 'min' or 'max', not \"auto\""],
    ['patience of a half', { patience: 0.5 }, RangeError, 'earlyStopping.patience must be an integer, not 0.5'],
    ['negative patience', { patience: -1 }, RangeError, 'earlyStopping.patience must be finite and at least 0, not -1'],
    ['patience as text', { patience: '3' }, TypeError, 'earlyStopping.patience must be a number, not "3"'],
    [
      'a negative least change',
      { minDelta: -0.1 },
      RangeError,
      'earlyStopping.minDelta must be finite and at least 0, not -0.1',
    ],
    [
      'a least change of NaN',
      { minDelta: Number.NaN },
      RangeError,
      'earlyStopping.minDelta must be finite and at least 0, not NaN',
    ],
    [
      'restoreBest as text',
      { restoreBest: 'yes' },
      TypeError,
      'earlyStopping.restoreBest must be a boolean, not "yes"',
    ],
  ])('%s', (_, earlyStopping, error, message, changed) => {
    const attempt = () => runOf([1], earlyStopping as never, changed);
    expect(attempt).toThrow(error);
    expect(attempt).toThrow(message);
  });
});
