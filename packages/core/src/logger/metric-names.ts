import type { StepMeasurements } from './train-event.js';

/** How a logger calls what it shows. */
export interface MetricNames extends Readonly<Record<keyof StepMeasurements, string>> {
  readonly loss: string;
  readonly smoothLoss: string;
  /** Each micro-batch's own loss, where accumulated batches are recorded. */
  readonly microLoss: string;
  readonly learningRate: string;
  readonly accumBatchSize: string;
  train(metric: string): string;
  valid(metric: string): string;
}

/** `'microbatch'`: `train/loss`, `valid/accuracy`; `'fastai'`: the keys of fastai's callbacks. */
export type NamingScheme = 'microbatch' | 'fastai';

/** The names of a scheme. Throws a `TypeError` for an unknown one. */
export function metricNames(scheme: NamingScheme = 'microbatch'): MetricNames {
  if (scheme === 'microbatch') {
    return {
      loss: 'train/loss',
      smoothLoss: 'train/loss_smooth',
      microLoss: 'train/micro_loss',
      learningRate: 'train/learning_rate',
      accumBatchSize: 'train/accum_batch_size',
      gradNorm: 'train/grad_norm',
      clippedGradNorm: 'train/clipped_grad_norm',
      gradientNoiseScale: 'train/gradient_noise_scale',
      normTestRatio: 'train/norm_test_ratio',
      samplesPerSecond: 'train/samples_per_second',
      forwardBackwardMs: 'train/forward_backward_ms',
      accumulateMs: 'train/accumulate_ms',
      applyMs: 'train/apply_ms',
      logMs: 'train/log_ms',
      train: cached((metric) => `train/${metric}`),
      valid: cached((metric) => `valid/${metric}`),
    };
  }
  if (scheme === 'fastai') {
    return {
      loss: 'raw_loss',
      smoothLoss: 'train_loss',
      microLoss: 'micro_loss',
      learningRate: 'lr_0',
      accumBatchSize: 'accumulation_batch_size',
      gradNorm: 'grad_norm',
      clippedGradNorm: 'clipped_grad_norm',
      gradientNoiseScale: 'gradient_noise_scale',
      normTestRatio: 'norm_test_ratio',
      samplesPerSecond: 'samples_per_second',
      forwardBackwardMs: 'forward_backward_ms',
      accumulateMs: 'accumulate_ms',
      applyMs: 'apply_ms',
      logMs: 'log_ms',
      train: cached((metric) => `train_${metric}`),
      valid: cached((metric) => (metric === 'loss' ? 'valid_loss' : metric)),
    };
  }
  throw new TypeError(`names must be 'microbatch' or 'fastai', not ${JSON.stringify(scheme)}`);
}

// Loggers ask for the same few names once an event: building the string each time shows in their profiles.
function cached(nameOf: (metric: string) => string): (metric: string) => string {
  const names = new Map<string, string>();
  return (metric) => {
    let name = names.get(metric);
    if (name === undefined) {
      name = nameOf(metric);
      names.set(metric, name);
    }
    return name;
  };
}
