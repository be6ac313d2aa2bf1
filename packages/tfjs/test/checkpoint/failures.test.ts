import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { type CheckpointStore, type TrainRun, train } from '../../src/index.js';
import '../backends.js';
import { classes, collect, ofType, weightsOf } from '../fixtures.js';
import { base, codes, every, stopAt } from './small-run.js';
import { latest, memoryStore } from './stores.js';

describe('a run with checkpoints', () => {
  it('holds no tensor where restoring state of the user’s own fails', async () => {
    const store = memoryStore();
    const own = {
      save: () => ({ data: 1 }),
      restore() {
        throw new Error('other state');
      },
    };
    const options = () =>
      base({
        optimizer: tf.train.sgd(0.1),
        validation: classes(12, 2),
        earlyStopping: { monitor: 'valid.loss', restoreBest: true },
        checkpoints: { store, every, state: { own } },
      });
    await stopAt(train(options()), 8).done;
    const resumed = options();
    const before = tf.memory().numTensors;
    await expect(train(resumed).done).rejects.toThrow('other state');
    expect(tf.memory().numTensors).toBe(before);
  });

  it('is saved again where it is stopped at a micro-batch whose checkpoint could not be written', async () => {
    const store = memoryStore();
    const write = store.write.bind(store);
    let isFull = false;
    store.write = async (parts) => {
      if (isFull) throw new Error('no space');
      await write(parts);
    };
    const run = train({ ...base(), checkpoints: { store, every } });
    run.events$.subscribe((event) => {
      if (event.type === 'micro-batch' && event.microStep === 4) {
        isFull = true;
        run.stop();
      }
      if (event.type === 'diagnostic' && event.code === 'checkpoint-failed') isFull = false;
    });
    await run.done;
    expect(latest(store).data.microStep).toBe(4);
  });

  it('can be kept by a store that writes at once', async () => {
    const store = memoryStore();
    const write = (parts: readonly Uint8Array[]) => void store.kept.push(new Uint8Array(Buffer.concat(parts)));
    const run = train({ ...base(), checkpoints: { store: { ...store, write } as never, every } });
    const events = collect(run);
    await run.done;
    expect(codes(events)).toEqual([]);
    expect(latest(store).data.finished).toBe(true);
  });

  it('says that state can’t be saved by a promise', async () => {
    const own = { save: async () => ({ data: 1 }), restore() {} };
    const run = train({ ...base(), checkpoints: { store: memoryStore(), every, state: { own: own as never } } });
    const events = collect(run);
    await run.done;
    expect(ofType(events, 'diagnostic')[0]).toMatchObject({
      code: 'checkpoint-failed',
      message: expect.stringContaining('state.own: save() returned a promise'),
    });
  });

  it('goes on with the same objects after an error, whatever rate its schedule had come to', async () => {
    const whole = base({ learningRate: { by: 'step', rate: (step) => 0.1 / (1 + step) } });
    await train(whole).done;
    const store = memoryStore();
    const validation = (failsIn?: number) => (epoch: number) => {
      if (epoch === failsIn) throw new Error('unreadable');
      return { none: 0 };
    };
    const options = base({
      learningRate: { by: 'step', rate: (step) => 0.1 / (1 + step) },
      checkpoints: { store, every: { microBatches: 8 } },
    });
    await expect(train({ ...options, validation: validation(1) }).done).rejects.toThrow('unreadable');
    expect(latest(store).data.microStep).toBe(8);
    await train({ ...options, validation: validation() }).done;
    expect(weightsOf(options.model)).toEqual(weightsOf(whole.model));
  });

  it('tells how early stopping ended it, wherever it was killed before that', async () => {
    const store = memoryStore();
    const options = (kept: CheckpointStore) =>
      base({
        optimizer: tf.train.sgd(3),
        data: { ...classes(16), batchSize: 4, seed: 3 },
        validation: classes(12, 2),
        epochs: 6,
        earlyStopping: { monitor: 'valid.loss', patience: 2, restoreBest: true },
        checkpoints: { store: kept, every: { epochs: 1 } },
      });
    const toldBy = async (run: TrainRun) => {
      const events = collect(run);
      await run.done;
      return ofType(events, 'diagnostic').filter(({ code }) => !code.startsWith('checkpoint-'));
    };
    const [told] = await toldBy(train(options(store)));
    expect(told).toMatchObject({ code: 'early-stopping', message: expect.stringContaining('ends after epoch 3') });
    const [finished, ...before] = store.kept.reverse();
    for (const kept of before) {
      expect(await toldBy(train(options(memoryStore([kept]))))).toMatchObject([{ message: told!.message }]);
    }
    expect(await toldBy(train(options(memoryStore([finished!]))))).toEqual([]);
  });

  it('goes on where writing one fails, and says so', async () => {
    const store = memoryStore();
    let calls = 0;
    const failing: CheckpointStore = {
      ...store,
      write: async (parts) => {
        calls += 1;
        if (calls % 2 === 0) throw new Error(`no space ${calls}`);
        await store.write(parts);
      },
    };
    const run = train({ ...base(), checkpoints: { store: failing, every: { steps: 1 } } });
    const events = collect(run);
    expect((await run.done).outcome).toBe('finished');
    const diagnostics = ofType(events, 'diagnostic');
    expect(diagnostics.map(({ level, code }) => `${level} ${code}`)).toContain('error checkpoint-failed');
    expect(diagnostics[0]!.message).toMatch(/behind micro-batch 3 is not there: .*no space 2; training goes on/);
    expect(store.kept.length).toBeGreaterThan(1);
  });

  it('does not save what failed, and goes on from before it', async () => {
    const store = memoryStore();
    const data = classes(22);
    const batches = (fails: boolean) =>
      function* () {
        for (let at = 0; at < 5; at++) {
          if (fails && at === 3) throw new Error('unreadable');
          yield { xs: tf.slice(data.xs, [at * 4], [4]), ys: tf.slice(data.ys, [at * 4], [4]) };
        }
      };
    const options = (fails: boolean) =>
      base({ data: batches(fails), epochs: 1, microBatchSize: 4, disposeBatches: true, checkpoints: { store, every } });
    await expect(train(options(true)).done).rejects.toThrow('unreadable');
    expect(latest(store).data.microStep).toBe(3);
    const run = train(options(false));
    const events = collect(run);
    await run.done;
    expect(ofType(events, 'micro-batch').map(({ microStep }) => microStep)).toEqual([4, 5]);
  });
});
