import { gradientAccumulation, memory, record, type TrainEvent } from '@microbatch/core';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { type LabelledBatch, type TrainOptions, type TrainRun, train } from '../src/index.js';
import { onEachBackend } from './backends.js';
import { classes, classifier, collect, ofType, weightsOf } from './fixtures.js';

const options = (): TrainOptions => ({
  model: classifier(),
  optimizer: tf.train.sgd(0.1),
  loss: 'categoricalCrossentropy',
  data: { ...classes(40), batchSize: 4 },
  accumulation: gradientAccumulation({ accumBatchSize: 16 }),
});

/** Stops a run in the handler of its nth micro-batch. */
function stopAt(run: TrainRun, microStep: number): void {
  run.events$.subscribe((event) => {
    if (event.type === 'micro-batch' && event.microStep === microStep) run.stop();
  });
}

const typesOf = (events: readonly TrainEvent[]) => events.map(({ type }) => type);

onEachBackend(() => {
  describe('a run', () => {
    it('starts after train() returned and tells its events in order', async () => {
      const run = train({ ...options(), run: { id: 'told-in-order', name: 'a run' } });
      const events = collect(run);
      expect(run.id).toBe('told-in-order');
      await Promise.resolve();
      expect(events).toEqual([]);
      const result = await run.done;
      const window = ['micro-batch', 'micro-batch', 'micro-batch', 'micro-batch', 'accumulated-batch'];
      const tail = ['micro-batch', 'micro-batch', 'epoch-end', 'discarded-window', 'run-end'];
      expect(typesOf(events)).toEqual(['run-start', ...window, ...window, ...tail]);
      expect(result.outcome).toBe('finished');
      expect(result.history).toEqual(ofType(events, 'epoch-end'));
      expect(ofType(events, 'micro-batch').every(({ learningRate }) => Math.abs(learningRate! - 0.1) < 1e-9)).toBe(
        true,
      );
    });

    it('replays run-start, and nothing else, to late subscribers', async () => {
      const run = train(options());
      const late: TrainEvent[][] = [[], []];
      let subscribed = false;
      run.events$.subscribe(({ type }) => {
        if (type !== 'accumulated-batch' || subscribed) return;
        subscribed = true;
        run.events$.subscribe((event) => late[0]!.push(event));
      });
      await run.done;
      let completed = false;
      run.events$.subscribe({ next: (event) => late[1]!.push(event), complete: () => (completed = true) });
      expect(typesOf(late[0]!).slice(0, 2)).toEqual(['run-start', 'micro-batch']);
      expect(ofType(late[0]!, 'micro-batch')).toHaveLength(6);
      expect(typesOf(late[1]!)).toEqual(['run-start']);
      expect(completed).toBe(true);
    });

    it('goes on without subscribers', async () => {
      const run = train(options());
      const subscription = run.events$.subscribe(() => subscription.unsubscribe());
      expect((await run.done).history).toHaveLength(1);
    });

    it("carries the user's own values, in order for every subscriber", async () => {
      const run = train(options());
      expect(() => run.log({ early: 1 })).toThrow('the run has not begun');
      run.events$.subscribe((event) => {
        if (event.type === 'micro-batch') run.log({ seen: event.microStep });
      });
      const events = collect(run);
      await run.done;
      const batchesAndLogs = events.filter(({ type }) => type === 'micro-batch' || type === 'log');
      expect(typesOf(batchesAndLogs)).toEqual(Array.from({ length: 10 }, () => ['micro-batch', 'log']).flat());
      expect(() => run.log({ late: 1 })).toThrow('the run has ended');
    });

    it('trains on over a loss of NaN and tells it once', async () => {
      let batches = 0;
      const loss = (yTrue: tf.Tensor, yPred: tf.Tensor) => {
        batches += 1;
        return tf.mul(tf.mean(tf.squaredDifference(yTrue, yPred)), batches === 3 ? Number.NaN : 1);
      };
      const run = train({ ...options(), loss });
      const events = collect(run);
      expect((await run.done).outcome).toBe('finished');
      const losses = ofType(events, 'micro-batch').map(({ loss }) => loss);
      expect(losses).toHaveLength(10);
      expect(losses[2]).toBeNaN();
      expect(ofType(events, 'diagnostic').map(({ code }) => code)).toEqual(['non-finite-loss']);
    });
  });

  describe('stop()', () => {
    it('finishes the micro-batch, discards the open window and takes no further step', async () => {
      const run = train(options());
      const events = collect(run);
      stopAt(run, 6);
      const { outcome, history } = await run.done;
      expect(outcome).toBe('stopped');
      expect(history).toEqual([]);
      expect(typesOf(events).slice(-3)).toEqual(['micro-batch', 'discarded-window', 'run-end']);
      expect(ofType(events, 'discarded-window')[0]).toMatchObject({ reason: 'stopped', microStep: 6 });
      expect(ofType(events, 'accumulated-batch')).toHaveLength(1);
    });

    it('discards a window that an epoch end would flush', async () => {
      const accumulation = gradientAccumulation({ accumBatchSize: 16, lastWindow: 'flush' });
      const run = train({ ...options(), accumulation });
      const events = collect(run);
      stopAt(run, 9);
      await run.done;
      expect(ofType(events, 'accumulated-batch')).toHaveLength(2);
    });

    it('before the first micro-batch trains nothing', async () => {
      const run = train(options());
      const events = collect(run);
      run.stop();
      expect((await run.done).outcome).toBe('stopped');
      expect(typesOf(events)).toEqual(['run-start', 'run-end']);
    });

    it('wakes a run that waits for data that never comes', async () => {
      const { xs, ys } = classes(4);
      async function* hanging(): AsyncGenerator<LabelledBatch> {
        yield { xs, ys };
        await new Promise(() => {});
      }
      const accumulation = gradientAccumulation({ accumBatchSize: 16, microBatchSize: 4 });
      const run = train({ ...options(), data: hanging, accumulation });
      stopAt(run, 1);
      expect((await run.done).outcome).toBe('stopped');
    });

    it('wakes a run that waits for data by another kind of promise', async () => {
      const { xs, ys } = classes(4);
      let run: TrainRun;
      // As another library, or another window of a browser, makes it.
      const pending = {
        // biome-ignore lint/suspicious/noThenProperty: it is what is tested
        then() {
          setImmediate(() => run.stop());
        },
      };
      const results = [{ done: false, value: { xs, ys } }, pending].values();
      const data = () => ({ [Symbol.asyncIterator]: () => ({ next: () => results.next().value as never }) });
      run = train({
        ...options(),
        data,
        accumulation: gradientAccumulation({ accumBatchSize: 16, microBatchSize: 4 }),
      });
      expect((await run.done).outcome).toBe('stopped');
    });

    it('wakes a run that waits for a validation that never ends, without an epoch-end', async () => {
      let run: TrainRun;
      const validation = () => {
        queueMicrotask(() => run.stop());
        return new Promise<never>(() => {});
      };
      run = train({ ...options(), validation });
      const events = collect(run);
      expect((await run.done).outcome).toBe('stopped');
      expect(ofType(events, 'epoch-end')).toEqual([]);
    });
  });

  describe('a failure', () => {
    const failing = (error: Error): TrainOptions => {
      const { xs, ys } = classes(4);
      return {
        ...options(),
        *data() {
          yield { xs, ys };
          yield { xs, ys };
          throw error;
        },
        accumulation: gradientAccumulation({ accumBatchSize: 16, microBatchSize: 4 }),
      };
    };

    it('ends the stream as failed, then errs, and rejects done with the same error', async () => {
      const error = new Error('the disk went away');
      const options = failing(error);
      const before = weightsOf(options.model as tf.LayersModel);
      const run = train(options);
      const events = collect(run);
      const erred: unknown[] = [];
      run.events$.subscribe({ error: (reason: unknown) => erred.push(reason) });
      await expect(run.done).rejects.toBe(error);
      expect(typesOf(events)).toEqual(['run-start', 'micro-batch', 'micro-batch', 'discarded-window', 'run-end']);
      expect(ofType(events, 'run-end')[0]).toMatchObject({ outcome: 'failed', error: 'the disk went away' });
      expect(erred).toEqual([error]);
      expect(weightsOf(options.model as tf.LayersModel)).toEqual(before);
    });

    it('is no unhandled rejection where nobody looks at done', async () => {
      const unhandled: unknown[] = [];
      const note = (reason: unknown) => unhandled.push(reason);
      process.on('unhandledRejection', note);
      const run = train(failing(new Error('nobody asked')));
      await new Promise<void>((resolve) => {
        run.events$.subscribe({ error: () => resolve() });
      });
      await new Promise((resolve) => setImmediate(resolve));
      process.off('unhandledRejection', note);
      expect(unhandled).toEqual([]);
    });

    it('reaches a subscriber that comes too late', async () => {
      const error = new Error('long ago');
      const run = train(failing(error));
      await run.done.catch(() => {});
      const seen: unknown[] = [];
      run.events$.subscribe({ next: ({ type }) => seen.push(type), error: (reason: unknown) => seen.push(reason) });
      expect(seen).toEqual(['run-start', error]);
    });
  });
});

describe('record() that comes when the run is over', () => {
  it.each<[string, Partial<TrainOptions>]>([
    ['well', {}],
    [
      'in failure',
      {
        *data() {
          yield classes(4);
          throw new Error('the disk went away');
        },
        microBatchSize: 4,
      },
    ],
  ])('%s says that it recorded nothing', async (_, changed) => {
    const run = train({ ...options(), ...changed } as TrainOptions);
    await run.done.catch(() => {});
    const told: string[] = [];
    const [receipt] = await record(run.events$, [memory()], { onDiagnostic: ({ code }) => told.push(code) });
    expect(told).toEqual(['run-already-ended']);
    // run-start and the diagnostic.
    expect(receipt).toMatchObject({ received: 2, written: 2 });
  });
});
