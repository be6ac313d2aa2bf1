import { type AccumulationPolicy, createAccumulator, type EpochEndEvent, type TrainEvent } from '@microbatch/core';
import * as tf from '@tensorflow/tfjs';
import { type CustomModel, customTrainable } from './custom-model.js';
import type { DataSource } from './data-source.js';
import { createGradientSum } from './gradient-sum.js';
import { type InMemoryData, inMemorySource } from './in-memory-data.js';
import { isLayersModel, layersTrainable } from './layers-model.js';
import { nextMacrotask } from './macrotask.js';
import { assertKnownOptions, assertOptional, assertPositiveInteger, show } from './option-checks.js';
import { createRunEvents } from './run-events.js';
import { batchNormDiagnostic, noStepDiagnostic } from './start-diagnostics.js';
import { createStopSignal } from './stop-signal.js';
import { type BatchStream, datasetSource, isDataset, isIterable, streamSource } from './streamed-data.js';
import type { LabelledBatch } from './tensors.js';
import type { TrainOptions, TrainResult, TrainRun } from './train-options.js';
import type { Trainable } from './trainable.js';
import { type TrainingParts, trainEpochs } from './training-loop.js';
import { createValidation } from './validation.js';

const OPTIONS: readonly (keyof TrainOptions)[] = [
  'model',
  'optimizer',
  'loss',
  'metrics',
  'data',
  'validation',
  'epochs',
  'accumulation',
  'run',
  'weight',
  'samples',
  'microBatchSize',
  'microBatchesPerEpoch',
  'disposeBatches',
];

/**
 * Trains a model with accumulated gradients. Training starts in a task of its own after this returned, so that
 * subscribers miss nothing. Throws a `TypeError` or `RangeError` that names the option and the value, before any work.
 */
export function train<B = LabelledBatch>(options: TrainOptions<B>): TrainRun {
  assertKnownOptions('train', options, OPTIONS);
  const { optimizer, validation, epochs = 1, weight, microBatchSize, microBatchesPerEpoch } = options;
  assertPositiveInteger('epochs', epochs);
  if (microBatchSize !== undefined) assertPositiveInteger('microBatchSize', microBatchSize);
  if (microBatchesPerEpoch !== undefined) assertPositiveInteger('microBatchesPerEpoch', microBatchesPerEpoch);
  for (const option of ['weight', 'samples'] as const) assertOptional(option, options[option], 'function');
  assertOptional('disposeBatches', options.disposeBatches, 'boolean');
  assertOptimizer(optimizer);
  assertPolicy(options.accumulation);

  const trainable = trainableOf(options);
  const data = sourceOf(options, epochs, trainable);
  const size = data.microBatchSize ?? options.accumulation.microBatchSize;
  if (size === undefined) {
    throw new TypeError(
      'microBatchSize is undefined: the data does not tell it, so train() or the accumulation policy must',
    );
  }
  const batches = data.microBatchesPerEpoch;
  const plan = { microBatchSize: size, epochs, ...(batches === undefined ? {} : { microBatchesPerEpoch: batches }) };
  const validate =
    validation === undefined
      ? undefined
      : createValidation(validation, {
          trainable,
          epochs,
          microBatchSize: size,
          ...(weight === undefined ? {} : { weight }),
          disposeBatches: options.disposeBatches ?? false,
        });
  const accumulator = createAccumulator(
    options.accumulation,
    plan,
    options.run === undefined ? {} : { run: options.run },
  );

  const { events$, ...events } = createRunEvents();
  const stop = createStopSignal();
  const gradientSum = createGradientSum(trainable.variables);
  const history: EpochEndEvent[] = [];
  const emit = (emitted: readonly TrainEvent[]) => {
    for (const event of emitted) if (event.type === 'epoch-end') history.push(event);
    events.emit(emitted);
  };
  const parts: TrainingParts<B> = {
    trainable,
    optimizer,
    data,
    epochs,
    accumulator,
    gradientSum,
    stop,
    emit,
    weight,
    validate,
  };

  async function run(): Promise<TrainResult> {
    await nextMacrotask();
    emit(accumulator.start());
    try {
      const told = [
        isLayersModel(options.model) ? batchNormDiagnostic(options.model) : undefined,
        noStepDiagnostic(accumulator, data.samplesPerEpoch, epochs),
      ];
      for (const diagnostic of told) if (diagnostic !== undefined) emit(accumulator.diagnose(diagnostic));
      const outcome = await trainEpochs(parts);
      emit(accumulator.end(outcome));
      events.complete();
      return { history: Object.freeze(history), outcome };
    } catch (error) {
      emit(accumulator.end('failed', error instanceof Error ? error.message : String(error)));
      events.error(error);
      throw error;
    } finally {
      gradientSum.clear();
    }
  }

  const done = run();
  done.catch(() => {});
  return {
    id: accumulator.run.id,
    events$,
    done,
    stop: () => stop.request(),
    log: (values) => emit(accumulator.log(values)),
  };
}

function assertOptimizer(optimizer: unknown): void {
  // `instanceof` asks tfjs, which looks at the methods, and throws on undefined.
  if (typeof optimizer === 'object' && optimizer !== null && optimizer instanceof tf.Optimizer) return;
  throw new TypeError(`optimizer must be a tf.Optimizer, not ${show(optimizer)}`);
}

function assertPolicy(policy: Partial<AccumulationPolicy> | undefined): void {
  if (policy?.kind === 'fixed' || policy?.kind === 'schedule') return;
  throw new TypeError(
    `accumulation must be made by gradientAccumulation() or gradientAccumulationSchedule(), not ${show(policy)}`,
  );
}

function trainableOf<B>({ model, loss, metrics, samples }: TrainOptions<B>): Trainable<B> {
  if (isLayersModel(model)) {
    if (loss === undefined) throw new TypeError('loss is undefined: a layers model needs one, as in model.compile');
    return layersTrainable(model, loss, metrics ?? []) as unknown as Trainable<B>;
  }
  if (typeof model !== 'object' || model === null || !('variables' in model)) {
    throw new TypeError(`model must be a tf.LayersModel or { variables, loss }, not ${show(model)}`);
  }
  if (loss !== undefined) throw new TypeError(`loss ${show(loss)} is for a layers model: a custom model has its own`);
  if (metrics !== undefined)
    throw new TypeError('metrics is for a layers model: a custom model has its own metrics(batch)');
  return customTrainable(model as CustomModel<B>, samples);
}

function sourceOf<B>(options: TrainOptions<B>, epochs: number, trainable: Trainable<B>): DataSource<B> {
  const { data, microBatchSize, microBatchesPerEpoch, disposeBatches } = options;
  const stream = {
    epochs,
    ...(microBatchSize === undefined ? {} : { microBatchSize }),
    ...(microBatchesPerEpoch === undefined ? {} : { microBatchesPerEpoch }),
    ...(disposeBatches === undefined ? {} : { disposeBatches }),
  };
  if (isDataset(data)) return datasetSource('data', data, stream);
  if (typeof data === 'function' || isIterable(data)) return streamSource('data', data as BatchStream<B>, stream);
  const source = inMemorySource('data', data as InMemoryData);
  trainable.check('data', data as B);
  for (const option of ['microBatchSize', 'microBatchesPerEpoch'] as const) {
    if (options[option] === undefined || options[option] === source[option]) continue;
    throw new RangeError(`${option} is ${options[option]}, but data in memory makes it ${source[option]}`);
  }
  return source as unknown as DataSource<B>;
}
