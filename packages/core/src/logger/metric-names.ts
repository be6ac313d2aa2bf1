/** How a logger calls what it shows. */
export interface MetricNames {
  readonly loss: string;
  readonly smoothLoss: string;
  /** Each micro-batch's own loss, where accumulated batches are recorded. */
  readonly microLoss: string;
  readonly learningRate: string;
  readonly accumBatchSize: string;
  readonly gradNorm: string;
  readonly clippedGradNorm: string;
  readonly gradientNoiseScale: string;
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
