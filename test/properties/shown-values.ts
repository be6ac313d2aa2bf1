import type { RunInfo, TrainEvent } from '@microbatch/core';

export type Axis = 'micro' | 'accumulated' | 'samples';

type Values = Record<string, unknown>;

/** An event's place on an axis. */
export function onAxis(event: TrainEvent, axis: Axis): number {
  return { micro: event.microStep, accumulated: event.step, samples: event.samples }[axis];
}

/** Whether an event is a batch that the run records. */
export function isRecordedBatch(event: TrainEvent, { logAccumBatch }: RunInfo): boolean {
  return event.type === (logAccumBatch ? 'accumulated-batch' : 'micro-batch');
}

/** What every logger shows of an event, by the names of the default scheme; written down here a second time, on purpose. */
export function shownValues(event: TrainEvent, run: RunInfo): Values {
  if (event.type === 'log') return { ...event.values };
  if (event.type === 'epoch-end') return prefixed('valid/', event.valid ?? {});
  const values: Values = {};
  if (event.type !== 'micro-batch' && event.type !== 'accumulated-batch') return values;
  if (isRecordedBatch(event, run)) {
    Object.assign(values, { 'train/loss': event.loss, 'train/loss_smooth': event.smoothLoss });
    if (event.learningRate !== undefined) values['train/learning_rate'] = event.learningRate;
    Object.assign(values, prefixed('train/', event.metrics));
  }
  if (event.type === 'accumulated-batch') {
    if (run.policy.kind === 'schedule') values['train/accum_batch_size'] = event.accumBatchSize;
    const { gradNorm, clippedGradNorm, gradientNoiseScale } = event;
    if (gradNorm !== undefined) values['train/grad_norm'] = gradNorm;
    if (clippedGradNorm !== undefined) values['train/clipped_grad_norm'] = clippedGradNorm;
    if (gradientNoiseScale !== undefined) values['train/gradient_noise_scale'] = gradientNoiseScale;
  }
  return values;
}

function prefixed(prefix: string, values: Readonly<Record<string, number>>): Values {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [prefix + name, value]));
}
