import { gradientAccumulation, memory, record } from '@microbatch/core';
import { checkGrammar } from '@microbatch/core/testing';
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { accumulateGradients, type LabelledBatch, type NonFinite, type TrainOptions, train } from '../src/index.js';
import { onEachBackend } from './backends.js';
import { classes, collect, ofType, relativeError } from './fixtures.js';
import { noteGradients } from './optimizers.js';
import { type Batch, bentModel, disposeAll, rows, spoils, stepOf, windowOf } from './spoilt-batches.js';

const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;

onEachBackend((backend) => {
  const tolerance = backend === 'cpu' ? 1e-6 : 1e-5;

  it("'skip' steps as on the rest alone, whatever is left out and however the window is cut", async () => {
    const micro = fc.record({
      samples: fc.integer({ min: 1, max: 6 }),
      spoilt: fc.option(fc.constantFrom(...spoils), { nil: undefined }),
      by: fc.constantFrom(nan, infinity, -infinity),
      weight: fc.integer({ min: 1, max: 9 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(micro, { minLength: 1, maxLength: 6 }), fc.boolean(), async (cuts, weighted) => {
        const batches = cuts.map((cut, seed) => ({ ...cut, xs: rows(cut.samples, seed) }));
        const rest = batches.filter(({ spoilt }) => spoilt === undefined);
        const given = weighted ? { weight: (batch: unknown) => (batch as { weight: number }).weight } : {};
        const skipping = await windowOf(batches, 'skip', given as never);
        checkGrammar(skipping.events);
        expect(ofType(skipping.events, 'micro-batch').map(({ skipped = false }) => skipped)).toEqual(
          batches.map(({ spoilt }) => spoilt !== undefined),
        );
        if (rest.length === 0) {
          expect(skipping.noted).toEqual([]);
          expect(ofType(skipping.events, 'discarded-window').map(({ reason }) => reason)).toEqual(['skipped']);
        } else {
          const alone = await windowOf(rest, 'propagate', given as never);
          expect(relativeError(stepOf(skipping.noted), stepOf(alone.noted))).toBeLessThan(tolerance);
          expect(relativeError(skipping.values, alone.values)).toBeLessThan(tolerance);
        }
        disposeAll(batches);
      }),
      { numRuns: 40, seed: 7 },
    );
  });

  describe.each(spoils)('a micro-batch that is not finite in %s', (spoilt) => {
    const batches = (by: number): Batch[] => [{ xs: rows(4, 1) }, { xs: rows(4, 2), spoilt, by }, { xs: rows(4, 3) }];

    it.each([nan, infinity, -infinity])("fails a run under 'raise', by %d, before any variable changes", async (by) => {
      const given = batches(by);
      const before = bentModel();
      const { error, noted, events, values, names } = await windowOf(given, 'raise');
      expect(error).toBeInstanceOf(RangeError);
      const loss = `its loss (${by})`;
      const gradients = `its gradient for ${spoilt === 'b' ? names[1] : names[0]}${spoilt === 'all' ? ' and 1 more' : ''}`;
      const parts = { loss, a: gradients, b: gradients, all: `${loss} and ${gradients}` }[spoilt];
      expect(error!.message).toBe(`micro-batch 2 is not finite in ${parts}: nonFinite is 'raise'`);
      expect(noted).toEqual([]);
      expect(values).toEqual(before.values());
      checkGrammar(events);
      expect(events.map(({ type }) => type)).toEqual(['run-start', 'micro-batch', 'discarded-window', 'run-end']);
      expect(events.at(-1)).toMatchObject({ outcome: 'failed', error: error!.message });
      tf.dispose(before.variables);
      disposeAll(given);
    });

    it("goes into the step under 'propagate', the default", async () => {
      const given = batches(nan);
      const { noted, error } = await windowOf(given, undefined as never, { nonFinite: 'propagate' });
      expect(error).toBeUndefined();
      expect(stepOf(noted).some(Number.isNaN)).toBe(spoilt !== 'loss');
      disposeAll(given);
    });
  });

  it('finite gradients whose sum overflows are not taken for others', async () => {
    const variable = tf.variable(tf.ones([4]));
    const optimizer = tf.train.sgd(0);
    const noted = noteGradients(optimizer);
    await train({
      model: { variables: [variable], loss: () => tf.sum(tf.mul(tf.sub(variable, 1), 2e38)) },
      optimizer,
      data: { ...classes(2), batchSize: 1 },
      accumulation: gradientAccumulation({ accumBatchSize: 2 }),
      nonFinite: 'raise',
    }).done;
    const [two] = [Math.fround(2e38)];
    expect(noted.map(([gradient]) => gradient!.values)).toEqual([[two, two, two, two]]);
    variable.dispose();
  });

  it.each(['skip', 'raise'] as const)(
    "fails a run under '%s' whose gradients come to more than float32 holds",
    async (nonFinite) => {
      const message = `the gradient of a window overflows float32: its norm is Infinity, though its micro-batches are finite, and nonFinite is '${nonFinite}'`;
      const variable = tf.variable(tf.ones([4]));
      const loss = () => tf.sum(tf.mul(tf.sub(variable, 1), 3e38)) as tf.Scalar;
      const policy = gradientAccumulation({ accumBatchSize: 4, microBatchSize: 1 });
      for (const given of [{}, { clip: { globalNorm: 1 } }]) {
        const before = tf.memory().numTensors;
        const batches = [classes(3), classes(3)];
        const run = train({
          model: { variables: [variable], loss },
          optimizer: tf.train.adam(0.1),
          data: batches,
          accumulation: policy,
          nonFinite,
          ...given,
        });
        const events = collect(run);
        await expect(run.done).rejects.toThrow(message);
        expect(events.at(-1)).toMatchObject({ type: 'run-end', outcome: 'failed', error: message });
        batches.map(tf.dispose);

        const { optimizer } = accumulateGradients(tf.train.adam(0.1), policy, {
          nonFinite,
          samples: () => 3,
          ...given,
        });
        optimizer.minimize(loss, false, [variable]);
        expect(() => optimizer.minimize(loss, false, [variable])).toThrow(message);
        // Adam's two running products.
        expect(tf.memory().numTensors - before).toBe(4);
        expect([...variable.dataSync()]).toEqual([1, 1, 1, 1]);
      }
      variable.dispose();
    },
  );

  it('leaves no trace of a skipped micro-batch in the moving means of batch normalization', async () => {
    const build = () =>
      tf.sequential({
        layers: [
          tf.layers.dense({ units: 4, inputShape: [6], kernelInitializer: tf.initializers.glorotUniform({ seed: 3 }) }),
          tf.layers.batchNormalization(),
          tf.layers.dense({
            units: 3,
            activation: 'softmax',
            kernelInitializer: tf.initializers.glorotUniform({ seed: 4 }),
          }),
        ],
      });
    const good = [classes(8, 1), classes(8, 2)];
    const spoilt = { xs: tf.fill([8, 6], nan), ys: classes(8, 3).ys };
    const follow = async (data: LabelledBatch[], nonFinite: NonFinite) => {
      const trained = build();
      const options = {
        model: trained,
        optimizer: tf.train.sgd(0.1),
        loss: 'categoricalCrossentropy',
        data,
        accumulation: gradientAccumulation({ accumBatchSize: 8 * data.length }),
        nonFinite,
      } as const;
      const before = tf.memory().numTensors;
      await train(options).done.catch(() => {});
      expect(tf.memory().numTensors).toBe(before);
      return trained.getWeights().flatMap((weight) => [...weight.dataSync()]);
    };
    const [first, second] = good as [LabelledBatch, LabelledBatch];
    const alone = await follow([first, second], 'propagate');
    expect(alone.every(Number.isFinite)).toBe(true);
    expect(relativeError(await follow([first, spoilt, second], 'skip'), alone)).toBeLessThan(tolerance);
    expect((await follow([first, spoilt, second], 'raise')).every(Number.isFinite)).toBe(true);
  });

  it('holds no tensor over many windows', async () => {
    const data = { ...classes(16), batchSize: 2, seed: 1 };
    const kernel = tf.variable(tf.ones([6, 3]));
    let batches = 0;
    const run = train<LabelledBatch>({
      model: {
        variables: [kernel],
        loss({ xs }) {
          batches += 1;
          return tf.mean(tf.mul(tf.matMul(xs as tf.Tensor2D, kernel as tf.Tensor2D), batches % 3 === 0 ? nan : 1));
        },
      },
      optimizer: tf.train.sgd(0.1),
      data,
      epochs: 50,
      accumulation: gradientAccumulation({ accumBatchSize: 8 }),
      nonFinite: 'skip',
    });
    const counts = new Set<number>();
    run.events$.subscribe(({ type }) => {
      if (type === 'accumulated-batch') counts.add(tf.memory().numTensors);
    });
    await run.done;
    expect(counts.size).toBe(1);
    expect([...kernel.dataSync()].every(Number.isFinite)).toBe(true);
    kernel.dispose();
  });
});

describe('nonFinite', () => {
  const options = (given: object): TrainOptions =>
    ({
      model: { variables: [tf.variable(tf.ones([6, 3]))], loss: () => tf.scalar(nan) },
      optimizer: tf.train.sgd(0.1),
      data: { ...classes(16), batchSize: 4 },
      accumulation: gradientAccumulation({ accumBatchSize: 8 }),
      ...given,
    }) as TrainOptions;

  it.each<[string, object, string]>([
    ['another word', { nonFinite: 'ignore' }, "nonFinite must be 'propagate', 'skip' or 'raise', not \"ignore\""],
    ['null', { nonFinite: null }, "nonFinite must be 'propagate', 'skip' or 'raise', not null"],
    ['true', { nonFinite: true }, "nonFinite must be 'propagate', 'skip' or 'raise', not true"],
    [
      "'skip' where the target is the divisor",
      { nonFinite: 'skip', accumulation: gradientAccumulation({ accumBatchSize: 8, normalize: 'target' }) },
      "nonFinite is 'skip', but normalize is 'target'",
    ],
  ])('refuses %s, before any work', (_, given, message) => {
    const attempt = () => train(options(given));
    expect(attempt).toThrow(TypeError);
    expect(attempt).toThrow(message);
  });

  it("'raise' closes loggers as failed, with all that came before", async () => {
    const kernel = tf.variable(tf.ones([6, 3]));
    let batches = 0;
    const run = train<LabelledBatch>({
      ...(options({ nonFinite: 'raise' }) as object),
      model: {
        variables: [kernel],
        loss: ({ xs }: LabelledBatch) =>
          tf.mul(tf.mean(tf.matMul(xs as tf.Tensor2D, kernel as tf.Tensor2D)), ++batches === 4 ? nan : 1),
      },
    } as never);
    const logger = memory();
    const [receipt] = await record(run.events$, [logger]);
    await expect(run.done).rejects.toThrow('micro-batch 4 is not finite in its loss (NaN)');
    expect(receipt).toMatchObject({ received: receipt!.written, errors: [] });
    checkGrammar(logger.events);
    expect(ofType(logger.events, 'micro-batch')).toHaveLength(3);
    expect(ofType(logger.events, 'accumulated-batch')).toHaveLength(1);
    expect(logger.events.at(-1)).toMatchObject({ type: 'run-end', outcome: 'failed' });
    kernel.dispose();
  });
});
