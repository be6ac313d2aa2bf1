import type { AccumulationPolicy, Accumulator } from '@microbatch/core';
import * as tf from '@tensorflow/tfjs';
import { earlyStoppingPart } from './checkpoint/early-stopping-part.js';
import { noiseScalePart } from './checkpoint/noise-scale-part.js';
import { type PreparedCheckpoints, prepareCheckpoints } from './checkpoint/prepare-checkpoints.js';
import type { StatefulPart } from './checkpoint/stateful-part.js';
import { type CustomModel, customTrainable } from './custom-model.js';
import type { DataSource } from './data-source.js';
import { isAccumulating } from './drop-in/accumulating-optimizer.js';
import { createEarlyStopping, type EarlyStopping } from './early-stopping.js';
import { earlyStoppingRule, type KnownMetrics } from './early-stopping-options.js';
import { assertHistogramOptions, createHistograms, type StepHistograms } from './histograms.js';
import { type InMemoryData, inMemorySource } from './in-memory-data.js';
import { isLayersModel, layersTrainable } from './layers-model.js';
import { assertMeasureOptions } from './measure-options.js';
import { createMeasurements, type Measurements } from './measurements.js';
import { assertNonFinite, type NonFinite } from './non-finite.js';
import { createOptimizerStep, type OptimizerStep } from './optimizer-step.js';
import { assertKnownOptions, assertOptional, assertPositiveInteger, assertSeed, show } from './option-checks.js';
import { type Draws, seededDraws } from './seeded-draws.js';
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
import { completeBackend } from './wasm-kernels/register-wasm-kernels.js';
import { type BatchWeight, weightOption } from './weight-options.js';

/** A training that was checked and can begin. */
export interface PreparedTraining<B> {
  readonly trainable: Trainable<B>;
  readonly optimizerStep: OptimizerStep;
  readonly nonFinite: NonFinite;
  readonly data: DataSource<B>;
  readonly epochs: number;
  readonly accumulator: Accumulator;
  readonly weight: BatchWeight<B> | undefined;
  readonly validate: Validate | undefined;
  /** Called once an optimizer step; absent where no histograms are wanted. */
  readonly nextHistograms: (() => StepHistograms | undefined) | undefined;
  readonly earlyStopping: EarlyStopping | undefined;
  /** Puts draws that depend on a seed in the place of `Math.random`; absent where none is given. */
  readonly draws: Draws | undefined;
  readonly checkpoints: PreparedCheckpoints;
  /** What is saved beside the model, the optimizer and the gradients: who adds a state to training adds it here. */
  readonly statefulParts: readonly StatefulPart[];
  readonly measurements: Measurements;
  /** What is known beforehand and worth telling. */
  readonly diagnostics: readonly StartDiagnostic[];
}

/** Every option of every model: which belong together is checked here, because not every caller has types. */
type AnyTrainOptions<B> = CommonTrainOptions<B> &
  Partial<Pick<LayersTrainOptions, 'loss' | 'lossWeights' | 'metrics' | 'classWeight'>> &
  Partial<Pick<CustomTrainOptions<B>, 'samples'>> & { readonly model: unknown };

const OPTIONS: readonly (keyof AnyTrainOptions<unknown>)[] = [
  'model',
  'optimizer',
  'loss',
  'lossWeights',
  'metrics',
  'classWeight',
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
  'earlyStopping',
  'seed',
  'checkpoints',
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
  if (options.seed !== undefined) assertSeed('seed', options.seed);
  assertMeasureOptions(measure);
  assertOptimizer(optimizer);
  assertPolicy(accumulation);
  assertNonFinite(nonFinite, accumulation.normalize);
  completeBackend();

  const trainable = trainableOf(options);
  const measurements = createMeasurements(measure);
  const optimizerStep = createOptimizerStep(optimizer, trainable.variables, {
    ...options,
    measureNorm: measurements.needsNorm,
  });
  const weigh = weightOption({
    isLayersModel: isLayersModel(model),
    sampleWeights: (options.data as Partial<InMemoryData> | undefined)?.sampleWeights,
    classWeight: options.classWeight,
    weight,
    normalize: accumulation.normalize,
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
  const checkpoints = prepareCheckpoints(options);
  const accumulator = checkpoints.accumulator(accumulation, plan, run);
  const nextHistograms =
    histograms === undefined
      ? undefined
      : createHistograms(trainable.variables, histograms, accumulator.run.resumedAt?.step ?? 0);
  const earlyStopping =
    options.earlyStopping === undefined
      ? undefined
      : createEarlyStopping(earlyStoppingRule(options.earlyStopping, knownMetrics(options, trainable)), [
          ...trainable.variables,
          ...(trainable.state ?? []),
        ]);
  const diagnostics = [
    ...checkpoints.diagnostics,
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
    weight: weigh,
    validate,
    nextHistograms,
    earlyStopping,
    draws: options.seed === undefined ? undefined : seededDraws(options.seed),
    checkpoints,
    statefulParts: [
      ...(earlyStopping === undefined ? [] : [earlyStoppingPart(earlyStopping)]),
      ...(measurements.noiseScale === undefined ? [] : [noiseScalePart(measurements.noiseScale)]),
    ],
    measurements,
    diagnostics,
  };
}

/** Refuses what is no optimizer, and one that accumulates by itself, with a `TypeError`. */
export function assertOptimizer(optimizer: unknown): asserts optimizer is tf.Optimizer {
  // `instanceof` asks tfjs, which looks at the methods, and throws on undefined.
  if (typeof optimizer !== 'object' || optimizer === null || !(optimizer instanceof tf.Optimizer)) {
    throw new TypeError(`optimizer must be a tf.Optimizer, not ${show(optimizer)}`);
  }
  if (isAccumulating(optimizer)) {
    throw new TypeError('optimizer accumulates already: give the one that accumulateGradients() was given');
  }
}

function assertPolicy(policy: Partial<AccumulationPolicy> | undefined): void {
  if (policy?.kind === 'fixed' || policy?.kind === 'schedule') return;
  throw new TypeError(
    `accumulation must be made by gradientAccumulation() or gradientAccumulationSchedule(), not ${show(policy)}`,
  );
}

/** What an epoch will be known to measure. */
function knownMetrics<B>({ validation }: AnyTrainOptions<B>, { metricNames }: Trainable<B>): KnownMetrics {
  return {
    validates: validation !== undefined,
    train: metricNames,
    // A function may return metrics of its own.
    valid: typeof validation === 'function' ? undefined : metricNames,
  };
}

function trainableOf<B>(options: AnyTrainOptions<B>): Trainable<B> {
  const { model, loss, lossWeights, metrics, classWeight, samples } = options;
  if (isLayersModel(model)) {
    if (loss === undefined) throw new TypeError('loss is undefined: a layers model needs one, as in model.compile');
    return layersTrainable(model, { loss, lossWeights, metrics, classWeight }) as unknown as Trainable<B>;
  }
  if (typeof model !== 'object' || model === null || !('variables' in model)) {
    throw new TypeError(`model must be a tf.LayersModel or { variables, loss }, not ${show(model)}`);
  }
  if (loss !== undefined) throw new TypeError(`loss ${show(loss)} is for a layers model: a custom model has its own`);
  if (metrics !== undefined)
    throw new TypeError('metrics is for a layers model: a custom model has its own metrics(batch)');
  for (const option of ['lossWeights', 'classWeight'] as const) {
    if (options[option] === undefined) continue;
    throw new TypeError(`${option} is for a layers model: the loss of a custom model is its own`);
  }
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
