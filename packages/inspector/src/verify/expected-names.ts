import type { AccumulatedBatchEvent, MicroBatchEvent, NamingScheme, StepMeasurements } from '@microbatch/core/logger';

/**
 * How the loggers call what they show, by their documentation. Written down here once more on purpose: what checks the loggers
 * must not ask them.
 */
export interface ExpectedNames {
  readonly loss: string;
  readonly smoothLoss: string;
  readonly microLoss: string;
  readonly learningRate: string;
  readonly accumBatchSize: string;
  measured(name: keyof StepMeasurements): string;
  train(metric: string): string;
  valid(metric: string): string;
}

export const NAMING_SCHEMES: readonly NamingScheme[] = ['microbatch', 'fastai'];

const SCHEMES: Readonly<Record<NamingScheme, ExpectedNames>> = {
  microbatch: {
    loss: 'train/loss',
    smoothLoss: 'train/loss_smooth',
    microLoss: 'train/micro_loss',
    learningRate: 'train/learning_rate',
    accumBatchSize: 'train/accum_batch_size',
    measured: (name) => `train/${snakeCase(name)}`,
    train: (metric) => `train/${metric}`,
    valid: (metric) => `valid/${metric}`,
  },
  fastai: {
    loss: 'raw_loss',
    smoothLoss: 'train_loss',
    microLoss: 'micro_loss',
    learningRate: 'lr_0',
    accumBatchSize: 'accumulation_batch_size',
    measured: snakeCase,
    train: (metric) => `train_${metric}`,
    valid: (metric) => (metric === 'loss' ? 'valid_loss' : metric),
  },
};

export function expectedNames(scheme: NamingScheme): ExpectedNames {
  return SCHEMES[scheme];
}

const MEASURED = Object.keys({
  gradNorm: 0,
  clippedGradNorm: 0,
  gradientNoiseScale: 0,
  normTestRatio: 0,
  samplesPerSecond: 0,
  forwardBackwardMs: 0,
  accumulateMs: 0,
  applyMs: 0,
  logMs: 0,
} satisfies Record<keyof StepMeasurements, 0>) as (keyof StepMeasurements)[];

/** Names that hold numbers, whatever is logged under them. */
export function scalarNames(names: ExpectedNames): ReadonlySet<string> {
  const { loss, smoothLoss, microLoss, learningRate, accumBatchSize } = names;
  return new Set([loss, smoothLoss, microLoss, learningRate, accumBatchSize, ...MEASURED.map(names.measured)]);
}

/** What decides what a batch shows. */
export interface Shown {
  /** Whether accumulated batches are recorded, or micro-batches. */
  readonly logAccumBatch: boolean;
  readonly isScheduled: boolean;
  readonly names: ExpectedNames;
}

/**
 * The numbers that a batch shows, by name. A recorded batch: its losses, learning rate and metrics. An accumulated batch, too:
 * the size that a schedule gave, and what was measured of the step. Where a metric has the name of something else, that counts.
 */
export function shownNumbers(
  event: MicroBatchEvent | AccumulatedBatchEvent,
  { logAccumBatch, isScheduled, names }: Shown,
): ReadonlyMap<string, number> {
  const numbers = new Map<string, number>();
  const put = (name: string, value: number | undefined) => {
    if (value !== undefined) numbers.set(name, value);
  };
  const isAccumulated = event.type === 'accumulated-batch';
  if (isAccumulated === logAccumBatch) {
    for (const [metric, value] of Object.entries(event.metrics)) put(names.train(metric), value);
    put(names.loss, event.loss);
    put(names.smoothLoss, event.smoothLoss);
    put(names.learningRate, event.learningRate);
  }
  if (isAccumulated) {
    if (isScheduled) put(names.accumBatchSize, event.accumBatchSize);
    for (const name of MEASURED) put(names.measured(name), event[name]);
  }
  return numbers;
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
