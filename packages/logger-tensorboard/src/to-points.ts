import {
  axisValue,
  batchScalars,
  type LogValue,
  type LogValues,
  type MetricNames,
  type RunInfo,
  type StepAxis,
  type TrainEvent,
} from '@microbatch/core/logger';

/** Takes one point: `x` only rises, `wallTime` in seconds since 1970. Batches give numbers alone. */
export type EmitPoint = (tag: string, x: number, value: LogValue, wallTime: number) => void;

/** Hands `emit` the points that an event adds to its run's charts; events that show nothing give none. */
export function toPoints(
  event: TrainEvent,
  run: RunInfo,
  { stepAxis, names }: { readonly stepAxis: StepAxis; readonly names: MetricNames },
  emit: EmitPoint,
): void {
  const x = axisValue(event, stepAxis);
  const wallTime = event.time / 1000;
  const add = (tag: string, value: LogValue) => emit(tag, x, value, wallTime);
  switch (event.type) {
    case 'micro-batch':
      batchScalars(event, run, names, add);
      // On the accumulated axis a window's micro-batches would share one x.
      if (run.logAccumBatch && stepAxis !== 'accumulated') add(names.microLoss, event.loss);
      break;
    case 'accumulated-batch':
      batchScalars(event, run, names, add);
      break;
    case 'epoch-end':
      for (const metric in event.valid) add(names.valid(metric), event.valid[metric]!);
      break;
    case 'log':
      logPoints(event.values, add);
      break;
  }
}

// TensorBoard knows no empty tag.
function logPoints(values: LogValues, add: (tag: string, value: LogValue) => void): void {
  for (const key in values) {
    const value = values[key];
    if (value !== undefined && key !== '') add(key, value);
  }
}
