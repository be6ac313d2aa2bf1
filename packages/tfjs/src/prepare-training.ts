import type { Accumulator, TrainingPlan } from '@microbatch/core';
import { assertOptimizer } from './assert-optimizer.js';
import { earlyStoppingPart } from './checkpoint/early-stopping-part.js';
import { noiseScalePart } from './checkpoint/noise-scale-part.js';
import { type PreparedCheckpoints, prepareCheckpoints } from './checkpoint/prepare-checkpoints.js';
import type { StatefulPart } from './checkpoint/stateful-part.js';
import { type CustomModel, customTrainable } from './custom-model.js';
import type { DataSource } from './data-source.js';
import type { Diagnostic } from './diagnostic.js';
import { createEarlyStopping, type EarlyStopping } from './early-stopping.js';
import { earlyStoppingRule, type KnownMetrics } from './early-stopping-options.js';
import { assertHistogramOptions, createHistograms, type StepHistograms } from './histograms.js';
import { type InMemoryData, inMemorySource } from './in-memory-data.js';
import { isLayersModel, layersTrainable } from './layers-model.js';
import { assertMeasureOptions } from './measure-options.js';
import { createMeasurements, type Measurements } from './measurements.js';
import { assertNonFinite, type NonFinite } from './non-finite.js';
import { createOptimizerStep, type OptimizerStep } from './optimizer-step.js';
import {
  assertKnownOptions,
  assertOptional,
  assertPolicy,
  assertPositiveInteger,
  assertSeed,
  show,
} from './option-checks.js';
import { type Draws, seededDraws } from './seeded-draws.js';
import { batchNormDiagnostic, noStepDiagnostic } from './start-diagnostics.js';
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
  readonly diagnostics: readonly Diagnostic[];
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
  const options = checkedOptions(given);
  const { model, optimizer, epochs = 1, accumulation, nonFinite = 'propagate', measure = {}, seed } = options;
  completeBackend();

  const trainable = trainableOf(options);
  const measurements = createMeasurements(measure);
  const optimizerStep = createOptimizerStep(optimizer, trainable.variables, {
    ...options,
    measureNorm: measurements.needsNorm,
  });
  const weight = weightOption({
    isLayersModel: isLayersModel(model),
    sampleWeights: (options.data as Partial<InMemoryData> | undefined)?.sampleWeights,
    classWeight: options.classWeight,
    weight: options.weight,
    normalize: accumulation.normalize,
  });
  const data = sourceOf(options, epochs, trainable);
  const plan = planOf(options, epochs, data, trainable);
  const validate = validationOf(options, plan, trainable);
  const checkpoints = prepareCheckpoints(options);
  const accumulator = checkpoints.accumulator(accumulation, plan, options.run);
  const earlyStopping = earlyStoppingOf(options, trainable);
  const nextHistograms =
    options.histograms &&
    createHistograms(trainable.variables, options.histograms, accumulator.run.resumedAt?.step ?? 0);
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
    weight,
    validate,
    nextHistograms,
    earlyStopping,
    draws: seed === undefined ? undefined : seededDraws(seed),
    checkpoints,
    statefulParts: [
      ...(earlyStopping === undefined ? [] : [earlyStoppingPart(earlyStopping)]),
      ...(measurements.noiseScale === undefined ? [] : [noiseScalePart(measurements.noiseScale)]),
    ],
    measurements,
    diagnostics,
  };
}

/** Checks the options that can be checked without the others. */
function checkedOptions<B>(given: TrainOptions<B>): AnyTrainOptions<B> {
  assertKnownOptions('train', given, OPTIONS);
  const options = given as AnyTrainOptions<B>;
  for (const option of ['epochs', 'microBatchSize', 'microBatchesPerEpoch'] as const) {
    if (options[option] !== undefined) assertPositiveInteger(option, options[option]);
  }
  for (const option of ['weight', 'samples'] as const) assertOptional(option, options[option], 'function');
  assertOptional('disposeBatches', options.disposeBatches, 'boolean');
  if (options.histograms !== undefined) assertHistogramOptions(options.histograms);
  if (options.seed !== undefined) assertSeed('seed', options.seed);
  if (options.measure !== undefined) assertMeasureOptions(options.measure);
  assertOptimizer(options.optimizer);
  assertPolicy('accumulation', options.accumulation);
  if (options.nonFinite !== undefined) assertNonFinite(options.nonFinite, options.accumulation.normalize);
  return options;
}

type SizedPlan = TrainingPlan & { readonly microBatchSize: number };

function planOf<B>(
  { data, accumulation }: AnyTrainOptions<B>,
  epochs: number,
  { microBatchSize: told, microBatchesPerEpoch }: DataSource<B>,
  trainable: Trainable<B>,
): SizedPlan {
  const microBatchSize = told ?? accumulation.microBatchSize ?? firstBatchSize(data, trainable);
  if (microBatchSize === undefined) {
    throw new TypeError(
      'microBatchSize is undefined: the data does not tell it, so train() or the accumulation policy must',
    );
  }
  return { microBatchSize, epochs, ...(microBatchesPerEpoch === undefined ? {} : { microBatchesPerEpoch }) };
}

function validationOf<B>(
  { validation, epochs = 1, disposeBatches = false }: AnyTrainOptions<B>,
  { microBatchSize }: SizedPlan,
  trainable: Trainable<B>,
): Validate | undefined {
  if (validation === undefined) return undefined;
  return createValidation(validation, { trainable, epochs, microBatchSize, disposeBatches });
}

function earlyStoppingOf<B>(options: AnyTrainOptions<B>, trainable: Trainable<B>): EarlyStopping | undefined {
  if (options.earlyStopping === undefined) return undefined;
  const rule = earlyStoppingRule(options.earlyStopping, knownMetrics(options, trainable));
  return createEarlyStopping(rule, [...trainable.variables, ...(trainable.state ?? [])]);
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
