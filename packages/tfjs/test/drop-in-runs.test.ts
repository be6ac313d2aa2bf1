import { defineLogger, gradientAccumulation, memorySink, record } from '@microbatch/core';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { accumulateGradients } from '../src/index.js';
import { onEachBackend } from './backends.js';
import { fitArgs as args, comparable, compiled, recordRun, typesOf, unsized } from './fit-fixtures.js';
import { classes, classifier, ofType, weightsOf } from './fixtures.js';
import { useQueueingBackend } from './queueing-backend.js';

onEachBackend(() => {
  describe('several fits with one optimizer', () => {
    it('are a run each: nothing of a window that one leaves open is in the next', async () => {
      const policy = gradientAccumulation({ accumBatchSize: 16 });
      const [first, second] = [classes(12, 1), classes(16, 2)];
      const model = classifier();
      const accumulation = compiled(model, tf.train.sgd(0.5), policy);
      const before = weightsOf(model);
      const runs = [recordRun(accumulation)];
      await model.fit(first.xs, first.ys, args({ callbacks: accumulation.callback }));
      expect(weightsOf(model)).toEqual(before);
      runs.push(recordRun(accumulation));
      await model.fit(second.xs, second.ys, args({ callbacks: accumulation.callback }));

      const alone = classifier();
      const other = compiled(alone, tf.train.sgd(0.5), policy);
      await alone.fit(second.xs, second.ys, args({ callbacks: other.callback }));
      expect(weightsOf(model)).toEqual(weightsOf(alone));
      expect(typesOf(runs[0]!.events).slice(-3)).toEqual(['epoch-end', 'discarded-window', 'run-end']);
      expect(typesOf(runs[1]!.events).slice(-2)).toEqual(['epoch-end', 'run-end']);
      expect(runs.map(({ completed }) => completed)).toEqual([true, true]);
      const [oneId, otherId] = runs.map(({ events }) => ofType(events, 'run-start')[0]!.run.id);
      expect(oneId).not.toBe(otherId);
      expect(ofType(runs[1]!.events, 'micro-batch')[0]).toMatchObject({ microStep: 1, samples: 4 });
    });

    it('take what a function says of each run, and refuse one id for two', async () => {
      const { xs, ys } = classes(8);
      const policy = gradientAccumulation({ accumBatchSize: 4 });
      const model = classifier();
      const named = compiled(model, tf.train.sgd(0.5), policy, { run: (index) => ({ id: `fit-${index}` }) });
      const ids: string[] = [];
      for (const _ of [0, 1]) {
        const { events } = recordRun(named);
        await model.fit(xs, ys, args({ callbacks: named.callback }));
        ids.push(ofType(events, 'run-start')[0]!.run.id);
      }
      expect(ids).toEqual(['fit-0', 'fit-1']);

      const other = classifier();
      const fixed = compiled(other, tf.train.sgd(0.5), policy, { run: { id: 'only' } });
      await other.fit(xs, ys, args({ callbacks: fixed.callback }));
      const again = other.fit(xs, ys, args({ callbacks: fixed.callback }));
      await expect(again).rejects.toThrow('run.id: only is the run before');
    });

    it('go on with the state of the optimizer', async () => {
      const { xs, ys } = classes(24);
      const fit = (model: tf.Sequential, callbacks?: tf.Callback) =>
        model.fit(xs, ys, args({ epochs: 1, ...(callbacks && { callbacks }) }));
      const plain = classifier();
      plain.compile({ optimizer: tf.train.adam(0.05), loss: 'categoricalCrossentropy' });
      await fit(plain);
      await fit(plain);
      const model = classifier();
      const { callback } = compiled(model, tf.train.adam(0.05), gradientAccumulation({ accumBatchSize: 4 }));
      await fit(model, callback);
      await fit(model, callback);
      expect(weightsOf(model)).toEqual(weightsOf(plain));
    });
  });

  describe('stopTraining', () => {
    it('inside an epoch discards the window, without epoch-end, and the run is stopped', async () => {
      const { xs, ys } = classes(40);
      for (const order of ['before', 'after']) {
        const model = classifier();
        const policy = gradientAccumulation({ accumBatchSize: 16, lastWindow: 'flush' });
        const accumulation = compiled(model, tf.train.sgd(0.5), policy);
        const { events } = recordRun(accumulation);
        const stop = new tf.CustomCallback(
          {
            onBatchEnd: (batch) => {
              if (batch === 5) model.stopTraining = true;
            },
          },
          'auto',
        );
        const callbacks = order === 'before' ? [stop, accumulation.callback] : accumulation.withCallbacks(stop);
        await model.fit(xs, ys, args({ epochs: 3, callbacks: callbacks }));
        const window = [...Array(4).fill('micro-batch'), 'accumulated-batch'];
        const tail = ['micro-batch', 'micro-batch', 'discarded-window', 'run-end'];
        expect(typesOf(events)).toEqual(['run-start', ...window, ...tail]);
        expect(ofType(events, 'discarded-window')[0]!.reason).toBe('stopped');
        expect(ofType(events, 'run-end')[0]!.outcome).toBe('stopped');
      }
    });

    it('inside an epoch of unknown length does so too', async () => {
      const model = classifier();
      const accumulation = compiled(model, tf.train.sgd(0.5), gradientAccumulation({ accumBatchSize: 16 }));
      const { events } = recordRun(accumulation);
      const callbacks = accumulation.withCallbacks({
        onBatchEnd: (batch) => {
          if (batch === 1) model.stopTraining = true;
        },
      });
      await model.fitDataset(unsized(9), { epochs: 3, verbose: 0, callbacks });
      expect(typesOf(events).slice(-4)).toEqual(['micro-batch', 'micro-batch', 'discarded-window', 'run-end']);
      expect(ofType(events, 'run-end')[0]!.outcome).toBe('stopped');
    });

    it('at the end of an epoch, by early stopping, keeps the epoch-end, and the run has finished', async () => {
      const { xs, ys } = classes(16);
      const model = classifier();
      const accumulation = compiled(model, tf.train.sgd(0), gradientAccumulation({ accumBatchSize: 8 }));
      const { events } = recordRun(accumulation);
      const earlyStopping = tf.callbacks.earlyStopping({ monitor: 'loss', patience: 1 });
      await model.fit(xs, ys, args({ epochs: 3, callbacks: [earlyStopping, accumulation.callback] }));
      expect(ofType(events, 'epoch-end')).toHaveLength(2);
      expect(ofType(events, 'run-end')[0]!.outcome).toBe('finished');
    });
  });

  it('a recorded logger that writes slowly makes fit wait, and loses nothing', async () => {
    const { xs, ys } = classes(48);
    const model = classifier();
    const accumulation = compiled(model, tf.train.sgd(0.5), gradientAccumulation({ accumBatchSize: 8 }));
    const sink = memorySink();
    const slow = {
      ...sink,
      async write(written: Parameters<typeof sink.write>[0]) {
        for (let turn = 0; turn < 20; turn += 1) await undefined;
        await sink.write(written);
      },
    };
    const { events } = recordRun(accumulation);
    const receipts = record(accumulation.events$, [defineLogger(slow, { maxQueued: 2 })], { onDiagnostic() {} });
    await model.fit(xs, ys, args({ epochs: 2, callbacks: accumulation.callback }));
    expect((await receipts)[0]).toMatchObject({ dropped: {}, errors: [], written: events.length });
    expect(sink.events).toEqual(events);
    expect(events.at(-1)).toMatchObject({ type: 'run-end', outcome: 'finished' });
  });

  it('carries values of the user, in order, while a run is under way', async () => {
    const { xs, ys } = classes(12);
    const model = classifier();
    const accumulation = compiled(model, tf.train.sgd(0.5), gradientAccumulation({ accumBatchSize: 4 }));
    const { events } = recordRun(accumulation);
    expect(() => accumulation.log({ early: 1 })).toThrow('log: no run is under way');
    const callbacks = accumulation.withCallbacks({
      onBatchEnd: (batch) => accumulation.log({ batch }),
    });
    await model.fit(xs, ys, args({ callbacks }));
    const batch = ['micro-batch', 'accumulated-batch', 'log'];
    expect(typesOf(events)).toEqual(['run-start', ...batch, ...batch, ...batch, 'epoch-end', 'run-end']);
    expect(() => accumulation.log({ late: 1 })).toThrow('log: no run is under way');
  });

  it('gives the event loop its turns, which fit gives only to plain objects', async () => {
    const { xs, ys } = classes(8);
    const model = classifier();
    const accumulation = compiled(model, tf.train.sgd(0.5), gradientAccumulation({ accumBatchSize: 4 }));
    let turns = 0;
    class Busy extends tf.Callback {
      override async onBatchBegin(): Promise<void> {
        setImmediate(() => {
          turns += 1;
        });
        for (const end = performance.now() + 17; performance.now() < end; );
      }
    }
    await model.fit(xs, ys, args({ callbacks: [new Busy(), accumulation.callback] }));
    expect(turns).toBe(2);
  });

  it('tells the losses of several outputs as metrics, as fit does', async () => {
    const input = tf.input({ shape: [6] });
    const outputs = ['left', 'right'].map(
      (name) => tf.layers.dense({ units: 1, name: `${name}-${tf.getBackend()}` }).apply(input) as tf.SymbolicTensor,
    );
    const model = tf.model({ inputs: input, outputs });
    const { optimizer, callback, events$ } = accumulateGradients(
      tf.train.sgd(0.01),
      gradientAccumulation({ accumBatchSize: 8 }),
    );
    model.compile({ optimizer, loss: 'meanSquaredError' });
    const names: string[][] = [];
    events$.subscribe((event) => {
      if (event.type === 'micro-batch') names.push(Object.keys(event.metrics));
    });
    const { xs } = classes(8);
    await model.fit(xs, [tf.ones([8, 1]), tf.zeros([8, 1])], args({ callbacks: callback }));
    expect(names).toEqual(Array(2).fill(model.outputNames.map((name) => `${name}_loss`)));
  });

  it.each([2, 3])('tells the validation of %i outputs by its right names, which fit does not', async (outputs) => {
    const names = Array.from({ length: outputs }, (_, at) => `o${at}-of-${outputs}-${tf.getBackend()}`);
    const input = tf.input({ shape: [6] });
    const heads = names.map((name, seed) => {
      const kernelInitializer = tf.initializers.glorotUniform({ seed });
      return tf.layers.dense({ units: 1, name, kernelInitializer }).apply(input) as tf.SymbolicTensor;
    });
    const model = tf.model({ inputs: input, outputs: heads });
    const { optimizer, callback, events$ } = accumulateGradients(
      tf.train.sgd(0.01),
      gradientAccumulation({ accumBatchSize: 8 }),
    );
    model.compile({ optimizer, loss: 'meanSquaredError', metrics: ['mae'] });
    const { xs } = classes(8);
    const ys = names.map((_, at) => tf.fill([8, 1], at));
    const named = Object.fromEntries(names.map((name, at) => [name, ys[at]!]));
    // fitDataset disposes what it is given.
    const clones = () => Object.fromEntries(names.map((name, at) => [name, ys[at]!.clone()]));
    const batches = () => [{ xs: xs.clone(), ys: clones() }].values();
    const once = tf.data.generator(batches as () => Iterator<tf.TensorContainer>);
    const fits = [
      () => model.fit(xs, ys, args({ validationData: [xs, ys], callbacks: callback })),
      () =>
        model.fitDataset(once, { epochs: 1, verbose: 0, callbacks: callback, validationData: [xs, named] as never }),
    ];
    for (const fit of fits) {
      const { events } = recordRun({ events$ } as never);
      await fit();
      const errors = (model.predict(xs) as tf.Tensor[]).map((predicted, at) => [
        ...tf.sub(predicted, ys[at]!).dataSync(),
      ]);
      const meanOf = (values: number[]) => values.reduce((sum, value) => sum + value) / values.length;
      const losses = errors.map((each) => meanOf(each.map((error) => error ** 2)));
      const expected = {
        loss: losses.reduce((sum, loss) => sum + loss),
        ...Object.fromEntries(names.map((name, at) => [`${name}_loss`, losses[at]!])),
        [`${names[0]}_mae`]: meanOf(errors[0]!.map(Math.abs)),
      };
      const { valid } = ofType(events, 'epoch-end')[0]!;
      expect(Object.keys(valid!)).toEqual(Object.keys(expected));
      for (const [name, value] of Object.entries(expected)) expect(valid![name]).toBeCloseTo(value, 4);
    }
  });
});

describe('on a backend whose synchronous reads would stall', () => {
  const reads = useQueueingBackend();

  it('losses and metrics are read once a window, in fit without stalling, and events are the same', async () => {
    const eventsOn = async (backend: string) => {
      await tf.setBackend(backend);
      const { xs, ys } = classes(30);
      const model = classifier();
      const policy = gradientAccumulation({ accumBatchSize: 12, lastWindow: 'flush' });
      const accumulation = compiled(model, tf.train.sgd(0.5), policy, { metrics: ['accuracy'] });
      const { events } = recordRun(accumulation);
      const before = tf.memory().numTensors;
      const waits: number[] = [];
      accumulation.events$.subscribe(({ type }) => {
        if (type === 'micro-batch') waits.push(reads.waits);
      });
      Object.assign(reads, { synchronous: 0, waits: 0 });
      await model.fit(xs, ys, args({ callbacks: accumulation.callback }));
      expect(tf.memory().numTensors).toBe(before);
      return { events: comparable(events), waits };
    };
    const expected = await eventsOn('cpu');
    const queued = await eventsOn('queueing');
    expect(queued.events).toEqual(expected.events);
    const { synchronous } = reads;
    const plain = classifier();
    plain.compile({ optimizer: tf.train.sgd(0.5), loss: 'categoricalCrossentropy', metrics: ['accuracy'] });
    const { xs, ys } = classes(30);
    reads.synchronous = 0;
    await plain.fit(xs, ys, args());
    expect(synchronous).toBe(reads.synchronous);
    expect(queued.waits).toEqual([1, 1, 1, 2, 2, 2, 3, 3]);
  });
});
