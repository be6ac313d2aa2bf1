import type { MetricNames } from './metric-names.js';
import type { RunInfo } from './run-info.js';
import { forEachMeasurement } from './step-measurements.js';
import type { AccumulatedBatchEvent, MicroBatchEvent, TrainEvent } from './train-event.js';

/** Whether `event` is a batch of the kind that `logAccumBatch` selects. */
export function isRecorded(event: TrainEvent, run: RunInfo): event is AccumulatedBatchEvent | MicroBatchEvent {
  return event.type === (run.logAccumBatch ? 'accumulated-batch' : 'micro-batch');
}

/**
 * Hands `emit` each scalar that a batch shows, by name: the one place that says what loggers show of a batch.
 * A recorded batch gives its losses, learning rate and metrics; an accumulated batch, recorded or not, what belongs to
 * its optimizer step; a micro-batch that is not recorded gives nothing.
 */
export function batchScalars(
  event: AccumulatedBatchEvent | MicroBatchEvent,
  run: RunInfo,
  names: MetricNames,
  emit: (name: string, value: number) => void,
): void {
  if (isRecorded(event, run)) {
    // First, so that a metric of the same name never stands in for what the step used.
    for (const metric in event.metrics) emit(names.train(metric), event.metrics[metric]!);
    emit(names.loss, event.loss);
    if (event.smoothLoss !== undefined) emit(names.smoothLoss, event.smoothLoss);
    if (event.learningRate !== undefined) emit(names.learningRate, event.learningRate);
  }
  if (event.type !== 'accumulated-batch') return;
  if (run.policy.kind === 'schedule') emit(names.accumBatchSize, event.accumBatchSize);
  forEachMeasurement(event, (name, value) => emit(names[name], value));
}
