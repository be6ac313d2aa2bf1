import type { RunInfo, TrainEvent } from '@microbatch/core/logger';

export const policy = {
  kind: 'schedule',
  startAccumBatchSize: 8,
  finalAccumBatchSize: 16,
  start: 0,
  finish: 0.5,
  schedule: 'schedCos',
  scheduleProbe: [8, 9, 12, 15, 16],
  lastWindow: 'carry',
  normalize: 'actual',
} as const;

export function runInfo(logAccumBatch: boolean, more: Partial<RunInfo> = {}): RunInfo {
  return Object.freeze({
    id: 'small',
    name: 'small',
    config: {},
    tags: [],
    plan: { microBatchSize: 4 },
    policy: { ...policy, logAccumBatch },
    logAccumBatch,
    startedAt: 0,
    ...more,
  });
}

/** Two windows of two micro-batches of 4 samples, each with a log between, then validation. Powers of two: 32 bits hold them. */
export function smallRun(logAccumBatch: boolean): readonly TrainEvent[] {
  const clocks = (microStep: number, step: number) => ({
    microStep,
    step,
    samples: 4 * microStep,
    epoch: microStep / 4,
    time: 1_700_000_000_000 + 1000 * microStep,
  });
  const micro = (microStep: number, step: number, loss: number): TrainEvent => ({
    type: 'micro-batch',
    ...clocks(microStep, step),
    loss,
    batchSamples: 4,
    weight: 4,
    metrics: { accuracy: loss / 4 },
    learningRate: 0.25,
    window: { filled: 4, target: 8 },
    ...(logAccumBatch ? {} : { smoothLoss: loss + 16 }),
  });
  const accumulated = (microStep: number, step: number, loss: number): TrainEvent => ({
    type: 'accumulated-batch',
    ...clocks(microStep, step),
    loss,
    metrics: { accuracy: loss / 4 },
    normalizer: 8,
    learningRate: 0.25,
    accumBatchSize: 8,
    windowSamples: 8,
    microBatches: [],
    gradNorm: 2,
    ...(logAccumBatch ? { smoothLoss: loss + 16 } : {}),
  });
  return [
    { type: 'run-start', ...clocks(0, 0), run: runInfo(logAccumBatch) },
    micro(1, 0, 4),
    { type: 'log', ...clocks(1, 0), values: { mine: 1, note: 'a *note*' } },
    micro(2, 0, 2),
    accumulated(2, 1, 3),
    micro(3, 1, 2),
    { type: 'log', ...clocks(3, 1), values: { mine: 2, '': 3 } },
    { type: 'diagnostic', ...clocks(3, 1), level: 'info', code: 'some', message: '' },
    micro(4, 1, 1),
    accumulated(4, 2, 1.5),
    { type: 'epoch-end', ...clocks(4, 2), train: { loss: 2 }, valid: { loss: 0.5, accuracy: 0.75 } },
    { type: 'discarded-window', ...clocks(4, 2), reason: 'end', microBatches: [] },
    { type: 'run-end', ...clocks(4, 2), outcome: 'finished' },
  ].map((event) => Object.freeze(event) as TrainEvent);
}
