import { gradientAccumulation } from '@microbatch/core';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { encodeCheckpoint } from '../../src/checkpoint/checkpoint-format.js';
import { type CheckpointOptions, type TrainOptions, train } from '../../src/index.js';
import '../backends.js';
import { classes, classifier, collect, ofType, weightsOf } from '../fixtures.js';
import { latest, type MemoryStore, memoryStore } from './stores.js';

const base = (): TrainOptions => ({
  model: classifier(),
  optimizer: tf.train.adam(0.01),
  loss: 'categoricalCrossentropy',
  data: { ...classes(20), batchSize: 4 },
  accumulation: gradientAccumulation({ accumBatchSize: 8 }),
  run: { id: 'first' },
});
const every = { microBatches: 1 };
const model = (units: number, activation: 'relu' | 'tanh') =>
  tf.sequential({
    layers: [
      tf.layers.dense({ units, activation, inputShape: [6] }),
      tf.layers.dense({ units: 3, activation: 'softmax' }),
    ],
  });
const layer = (units: number) => tf.layers.dense({ units });

async function trained(): Promise<MemoryStore> {
  const store = memoryStore();
  await train({ ...base(), checkpoints: { store, every } }).done;
  return store;
}

/** What `train` throws for these options and a store that holds a checkpoint of `base`. */
function refusal(store: MemoryStore, changed: object): Error {
  try {
    train({ ...base(), checkpoints: { store, every }, ...changed } as TrainOptions);
  } catch (error) {
    return error as Error;
  }
  throw new Error('train() took it');
}

describe('a checkpoint of something else is refused by its name and what differs, and changes nothing:', () => {
  it.each<[string, () => object, string, RegExp]>([
    [
      'another layer',
      () => ({ model: model(5, 'relu') }),
      'other-training',
      /model\.0\.activation is "relu", not "tanh"/,
    ],
    ['another size', () => ({ model: model(7, 'tanh') }), 'other-training', /model\.0\.units is 7, not 5/],
    ['batches', () => ({ data: { ...classes(20), batchSize: 5 } }), 'other-training', /data\.batchSize is 5, not 4/],
    [
      'an order',
      () => ({ data: { ...classes(20), batchSize: 4, seed: 9 } }),
      'other-training',
      /data\.seed is 9, not 0/,
    ],
    [
      'samples',
      () => ({ data: { ...classes(24), batchSize: 4 } }),
      'other-training',
      /data\.xs\.0 is "float32 \[24, 6\]"/,
    ],
    ['a loss', () => ({ loss: 'meanSquaredError' }), 'other-training', /loss is "meanSquaredError", not/],
    ['a metric', () => ({ metrics: ['accuracy'] }), 'other-training', /metrics is \["accuracy"\], not absent/],
    ['a seed', () => ({ seed: 4 }), 'other-training', /seed is 4, not absent/],
    [
      'a policy',
      () => ({ accumulation: gradientAccumulation({ accumBatchSize: 12 }) }),
      'other-training',
      /its policy is .*"accumBatchSize":8.* but the policy given is .*"accumBatchSize":12/,
    ],
    ['a plan', () => ({ epochs: 2 }), 'other-training', /its plan is .*"epochs":1.* given is .*"epochs":2/],
    ['an optimizer', () => ({ optimizer: tf.train.sgd(0.01) }), 'other-optimizer', /it is of "Adam", not SGD/],
    [
      'a rate',
      () => ({ optimizer: tf.train.adam(0.02) }),
      'other-optimizer',
      /learningRate is 0.02, .* began with 0.01/,
    ],
    [
      'a momentum',
      () => ({ optimizer: tf.train.adam(0.01, 0.8) }),
      'other-optimizer',
      /beta1 is 0.8, .* began with 0.9/,
    ],
    ['a run', () => ({ run: { id: 'second' } }), 'other-run', /it is of the run "first", and run.id is "second"/],
  ])('%s', async (_what, changed, code, message) => {
    const store = await trained();
    const options = { ...base(), ...changed() } as TrainOptions & { model: tf.LayersModel };
    const before = weightsOf(options.model);
    const error = refusal(store, options);
    expect(error).toMatchObject({ name: 'CheckpointError', code });
    expect(error.message).toMatch(/^checkpoint #\d+: /);
    expect(error.message).toMatch(message);
    expect(weightsOf(options.model)).toEqual(before);
  });

  it('weights of a custom model, and state that nobody has', async () => {
    const variables = (size: number) => [tf.variable(tf.zeros([size])), tf.variable(tf.zeros([2]))];
    const options = (size: number, more: Partial<CheckpointOptions> = {}) => {
      const weights = variables(size);
      const custom = { variables: weights, loss: () => tf.sum(tf.square(tf.sub(weights[0]!, 1))) as tf.Scalar };
      return { ...base(), loss: undefined, model: custom, checkpoints: { store, every, ...more } } as never;
    };
    const store = memoryStore();
    const { loss: _, ...rest } = base() as { loss: unknown };
    const run = (size: number, more?: Partial<CheckpointOptions>) =>
      train({ ...rest, ...(options(size, more) as object), loss: undefined } as never);
    const own = { save: () => ({ data: 1 }), restore() {} };
    await run(3, { state: { own } }).done;
    expect(() => run(4, { state: { own } })).toThrow(/it is of another model: it has .*float32 \[3\], where .*\[4\]/);
    expect(() => run(3)).toThrow('it holds state of state.own, which this training has not');
    expect(() => run(3, { state: { own, other: own } })).toThrow('it holds no state of state.other');
  });

  it('and the optimizer can train another run', async () => {
    const store = await trained();
    const optimizer = tf.train.adam(0.02);
    expect(refusal(store, { optimizer })).toMatchObject({ code: 'other-optimizer' });
    expect((await train({ ...base(), optimizer }).done).outcome).toBe('finished');
  });

  it('another schema, rather than an older checkpoint', async () => {
    const store = await trained();
    const content = latest(store);
    const later = encodeCheckpoint({ ...content, data: { ...content.data, schema: 9 } as never });
    store.kept.push(new Uint8Array(Buffer.concat(later)));
    expect(refusal(store, {})).toMatchObject({
      code: 'unknown-schema',
      message: expect.stringContaining('checkpoint #'),
    });
  });
});

describe('a damaged checkpoint', () => {
  it('gives way to the one before it, with a diagnostic', async () => {
    const store = await trained();
    // Those behind micro-batches 1 to 4.
    store.kept.splice(5);
    store.kept.shift();
    const damaged = store.kept[3]!.slice(0, -7);
    const later = memoryStore([...store.kept.slice(0, 3), damaged, new Uint8Array()]);
    const run = train({ ...base(), checkpoints: { store: later, every } });
    const events = collect(run);
    await run.done;
    const told = ofType(events, 'diagnostic').map(({ level, code, message }) => ({ level, code, message }));
    expect(told).toMatchObject([
      {
        level: 'warn',
        code: 'checkpoint-damaged',
        message: expect.stringMatching(/^checkpoint #4: it ends after 0 bytes; an older/),
      },
      { level: 'warn', code: 'checkpoint-damaged', message: expect.stringMatching(/^checkpoint #3: it ends inside /) },
      {
        level: 'info',
        code: 'checkpoint-resumed',
        message: expect.stringMatching(/#2, behind micro-batch 3 and optimizer step 1/),
      },
    ]);
    expect(ofType(events, 'run-start')[0]!.run.resumedAt).toMatchObject({ microStep: 3, step: 1 });
  });

  it('is an error where there is no other: training anew would be no resuming', async () => {
    const store = memoryStore([new Uint8Array(30), Uint8Array.of(1, 2)]);
    const error = refusal(store, {});
    expect(error).toMatchObject({
      code: 'not-a-checkpoint',
      message: expect.stringMatching(/^checkpoint #1: .*\(and 1 more/),
    });
    const anew = train({ ...base(), checkpoints: { store, every, resume: 'never' } });
    expect((await anew.done).outcome).toBe('finished');
  });

  it('that can’t be read at all is passed over as well', async () => {
    const store = await trained();
    const broken = {
      name: 'broken',
      read(): Uint8Array {
        throw new Error('EIO');
      },
    };
    const reading = { ...store, list: () => [broken, ...store.list()] };
    const run = train({ ...base(), checkpoints: { store: reading, every } });
    const events = collect(run);
    await run.done;
    expect(ofType(events, 'diagnostic')[0]).toMatchObject({
      message: expect.stringContaining("broken: it can't be read: EIO"),
    });
  });
});

describe('checkpoints', () => {
  const store = memoryStore();
  it.each<[object, RegExp | string]>([
    [{ every }, /checkpoints\.store must have list\(\) and write\(\).*not be undefined/],
    [{ store }, 'checkpoints.every must be an object, not undefined'],
    [{ store, every: {} }, 'checkpoints.every must be one of'],
    [{ store, every: { steps: 1, epochs: 1 } }, /must be one of .* not an object with steps, epochs/],
    [{ store, every: { steps: 0 } }, 'checkpoints.every.steps must be a positive integer, not 0'],
    [{ store, every: { minutes: 5 } }, 'checkpoints.every: unknown option minutes (5)'],
    [{ store, every, resume: 'always' }, /checkpoints\.resume must be "auto".*, not "always"/],
    [{ store, every, state: { mine: {} } }, 'checkpoints.state.mine must have save() and restore()'],
    [{ store, every, keep: 3 }, 'checkpoints: unknown option keep (3)'],
    [{ store, every, resume: 'must' }, "checkpoints.resume is 'must', but checkpoints.store holds no checkpoint"],
  ])('are not %j', (checkpoints, message) => {
    expect(() => train({ ...base(), checkpoints: checkpoints as CheckpointOptions })).toThrow(message);
  });

  it('need data that can be read again', () => {
    function* batches() {
      yield classes(4);
    }
    const options = { ...base(), data: batches(), microBatchSize: 4, checkpoints: { store, every } };
    expect(() => train(options)).toThrow(/data is an iterator, which can be read once.*give a function/);
  });

  it('need a model that keeps nothing from batch to batch', () => {
    const stateful = tf.sequential({
      layers: [tf.layers.lstm({ units: 2, stateful: true, batchInputShape: [4, 3, 6] }), layer(3)],
    });
    const data = [{ xs: tf.zeros([4, 3, 6]), ys: tf.zeros([4, 3]) }];
    const options = { ...base(), model: stateful, data, checkpoints: { store, every } } as TrainOptions;
    expect(() => train(options)).toThrow(/model has the stateful layer lstm/);
  });

  it.each<[string, tf.Optimizer, RegExp]>([
    [
      'of a class of one’s own',
      new (
        class MyOptimizer extends tf.Optimizer {
          static readonly className: string = 'MyOptimizer';
          applyGradients() {}
          getConfig() {
            return {};
          }
        } as unknown as new () => tf.Optimizer
      )(),
      /optimizer is "MyOptimizer" \(MyOptimizer\), and only SGD, .*saveCheckpoint\(\)/,
    ],
    [
      'derived from tfjs’s',
      new (class Mine extends tf.AdamOptimizer {})(0.1, 0.9, 0.99),
      /optimizer is "Adam" \(Mine\)/,
    ],
    [
      'of another version',
      Object.assign(tf.train.adam(0.1), { amsgrad: true }),
      /optimizer Adam has amsgrad, other than in TensorFlow.js 4.22/,
    ],
  ])('need an optimizer whose state is known, not one %s', (_which, optimizer, message) => {
    expect(() => train({ ...base(), optimizer, checkpoints: { store, every } })).toThrow(message);
  });
});
