import { type AccumulationPolicy, type Accumulator, createAccumulator } from '@microbatch/core';
import * as tf from '@tensorflow/tfjs';
import { type CustomModel, customTrainable } from './custom-model.js';
import type { DataSource } from './data-source.js';
import { assertHistogramOptions, createHistograms, type StepHistograms } from './histograms.js';
import { type InMemoryData, inMemorySource } from './in-memory-data.js';
import { isLayersModel, layersTrainable } from './layers-model.js';
import { assertMeasureOptions } from './measure-options.js';
import { createMeasurements, type Measurements } from './measurements.js';
import { assertNonFinite, type NonFinite } from './non-finite.js';
import { createOptimizerStep, type OptimizerStep } from './optimizer-step.js';
import { assertKnownOptions, assertOptional, assertPositiveInteger, show } from './option-checks.js';
import { batchNormDiagnostic, noStepDiagnostic, type StartDiagnostic } from './start-diagnostics.js';
import {
  type BatchStream,
  datasetSource,
  isDataset,
  isIterable,
  type StreamOptions,
  streamSource,
} from './streamed-data.js';
import type { CommonTrainOptions, CustomTrainOptions, LayersTrainOptions, TrainOptions } from './train-options.js';
import type { Trainable } from './trainable.js';
import { createValidation, type Validate } from './validation.js';

/** A training that was checked and can begin. */
export interface PreparedTraining<B> {
  readonly trainable: Trainable<B>;
  readonly optimizerStep: OptimizerStep;
  readonly nonFinite: NonFinite;
  readonly data: DataSource<B>;
  readonly epochs: number;
  readonly accumulator: Accumulator;
  readonly weight: ((batch: B) => number) | undefined;
  readonly validate: Validate | undefined;
  /** Called once an optimizer step; absent where no histograms are wanted. */
  readonly nextHistograms: (() => StepHistograms | undefined) | undefined;
  readonly measurements: Measurements;
  /** What is known beforehand and worth telling. */
  readonly diagnostics: readonly StartDiagnostic[];
}

/** Every option of every model: which belong together is checked here, because not every caller has types. */
type AnyTrainOptions<B> = CommonTrainOptions<B> &
  Partial<Pick<LayersTrainOptions, 'loss' | 'metrics'>> &
  Partial<Pick<CustomTrainOptions<B>, 'samples'>> & { readonly model: unknown };

const OPTIONS: readonly (keyof AnyTrainOptions<unknown>)[] = [
  'model',
  'optimizer',
  'loss',
  'metrics',
  'data',
  'validation',
  'epochs',
  'accumulation',
  'clip',
  'learningRate',
  'weightDecay',
  'nonFinite',
  'run',
  'weight',
  'samples',
  'microBatchSize',
  'microBatchesPerEpoch',
  'disposeBatches',
  'histograms',
  'measure',
];

/** Checks what `train` was given. Throws a `TypeError` or `RangeError` that names the option and the value. */
export function prepareTraining<B>(given: TrainOptions<B>): PreparedTraining<B> {
  assertKnownOptions('train', given, OPTIONS);
  const options = given as AnyTrainOptions<B>;
  const { model, optimizer, epochs = 1, accumulation, nonFinite = 'propagate' } = options;
  const { run, validation, weight, histograms, measure = {} } = options;
  assertPositiveInteger('epochs', epochs);
  for (const option of ['microBatchSize', 'microBatchesPerEpoch'] as const) {
    if (options[option] !== undefined) assertPositiveInteger(option, options[option]);
  }
  for (const option of ['weight', 'samples'] as const) assertOptional(option, options[option], 'function');
  assertOptional('disposeBatches', options.disposeBatches, 'boolean');
  if (histograms !== undefined) assertHistogramOptions(histograms);
  assertMeasureOptions(measure);
  assertOptimizer(optimizer);
  assertPolicy(accumulation);
  assertNonFinite(nonFinite, accumulation.normalize);

  const trainable = trainableOf(options);
  const measurements = createMeasurements(measure);
  const optimizerStep = createOptimizerStep(optimizer, trainable.variables, {
    ...options,
    measureNorm: measurements.needsNorm,
  });
  const data = sourceOf(options, epochs, trainable);
  const microBatchSize = data.microBatchSize ?? accumulation.microBatchSize ?? firstBatchSize(options.data, trainable);
  if (microBatchSize === undefined) {
    throw new TypeError(
      'microBatchSize is undefined: the data does not tell it, so train() or the accumulation policy must',
    );
  }
  const batches = data.microBatchesPerEpoch;
  const plan = { microBatchSize, epochs, ...(batches === undefined ? {} : { microBatchesPerEpoch: batches }) };
  const validate =
    validation === undefined
      ? undefined
      : createValidation(validation, {
          trainable,
          epochs,
          microBatchSize,
          disposeBatches: options.disposeBatches ?? false,
        });
  const accumulator = createAccumulator(accumulation, plan, run === undefined ? {} : { run });
  const nextHistograms =
    histograms === undefined
      ? undefined
      : createHistograms(trainable.variables, histograms, accumulator.run.resumedAt?.step ?? 0);
  const diagnostics = [
    isLayersModel(model) ? batchNormDiagnostic(model) : undefined,
    noStepDiagnostic(accumulator, data.samplesPerEpoch, epochs),
  ].filter((diagnostic) => diagnostic !== undefined);
  return {
    trainable,
    optimizerStep,
    nonFinite,
    data,
    epochs,
    accumulator,
    weight,
    validate,
    nextHistograms,
    measurements,
    diagnostics,
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

function trainableOf<B>({ model, loss, metrics, samples }: AnyTrainOptions<B>): Trainable<B> {
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
  return customTrainable(model as unknown as CustomModel<B>, samples);
}

/** The samples of the first batch of an array; undefined for what would have to be read, perhaps for the only time. */
function firstBatchSize<B>(data: unknown, trainable: Trainable<B>): number | undefined {
  return Array.isArray(data) ? trainable.check('data[0]', data[0] as B) : undefined;
}

function sourceOf<B>(options: AnyTrainOptions<B>, epochs: number, trainable: Trainable<B>): DataSource<B> {
  const { data, microBatchSize, microBatchesPerEpoch, disposeBatches = false } = options;
  const stream: StreamOptions = {
    epochs,
    disposeBatches,
    ...(microBatchSize === undefined ? {} : { microBatchSize }),
    ...(microBatchesPerEpoch === undefined ? {} : { microBatchesPerEpoch }),
  };
  if (isDataset(data)) return datasetSource('data', data, stream);
  if (typeof data === 'function' || isIterable(data)) return streamSource('data', data as BatchStream<B>, stream);
  const source = inMemorySource('data', data as InMemoryData);
  trainable.check('data', data as B);
  for (const option of ['microBatchSize', 'microBatchesPerEpoch'] as const) {
    if (options[option] === undefined || options[option] === source[option]) continue;
    throw new RangeError(`${option} is ${options[option]}, but data in memory makes it ${source[option]}`);
  }
  const { samplesPerEpoch, ...counted } = source as unknown as DataSource<B>;
  // What the user counts as samples need not be rows.
  return options.samples === undefined && samplesPerEpoch !== undefined ? { ...counted, samplesPerEpoch } : counted;
}
