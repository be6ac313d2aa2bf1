import type { RunInfo, TrainEvent } from '@microbatch/core';

/** Numbers by name. */
export type Shown = Record<string, unknown>;

/** What loggers show of an event, apart from its clocks: the table of names that users rely on, written once more. */
export function scalarsOf(event: TrainEvent, run: RunInfo): Shown {
  const shown: Shown = {};
  switch (event.type) {
    case 'micro-batch':
    case 'accumulated-batch':
      if (event.type === (run.logAccumBatch ? 'accumulated-batch' : 'micro-batch')) {
        Object.assign(shown, prefixed('train/', event.metrics), {
          'train/loss': event.loss,
          'train/loss_smooth': event.smoothLoss,
          'train/learning_rate': event.learningRate,
        });
      }
      if (event.type === 'accumulated-batch' && run.policy.kind === 'schedule') {
        shown['train/accum_batch_size'] = event.accumBatchSize;
      }
      return shown;
    case 'epoch-end':
      return prefixed('valid/', event.valid ?? {});
    default:
      return shown;
  }
}

function prefixed(prefix: string, metrics: Readonly<Record<string, number>>): Shown {
  return Object.fromEntries(Object.entries(metrics).map(([name, value]) => [prefix + name, value]));
}
