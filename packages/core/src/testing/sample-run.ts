import { deepFreeze } from '../logger/deep-freeze.js';
import type { LogValues } from '../logger/log-values.js';
import type { RunInfo } from '../logger/run-info.js';
import type { Clocks, MicroBatchRecord, RunOutcome, TrainEvent } from '../logger/train-event.js';

/** What a sample run is like. */
export interface SampleRunOptions {
  readonly id?: string;
  readonly logAccumBatch?: boolean;
  readonly outcome?: RunOutcome;
  /** How many are trained: 18 by default, which are two epochs; 0 for a run that ends as it starts. */
  readonly microBatches?: number;
  /** By microStep. */
  readonly loss?: (microStep: number) => number;
  /** What the user logs after the third micro-batch; a number and a text by default. */
  readonly values?: LogValues;
}

const EPOCH = 9;
const STARTED_AT = 1_700_000_000_000;
const BETA = 0.98;

/**
 * The events of a small run, the same each time: micro-batches of 4 samples (an epoch's last has 3), windows of 8 and,
 * from the ninth micro-batch on, of 16 samples, one of them across the end of an epoch; validation, logged values, a
 * diagnostic, and a last window that is discarded.
 */
export function sampleRun(options: SampleRunOptions = {}): readonly TrainEvent[] {
  const { microBatches = 18, outcome = 'finished', loss = sampleLoss } = options;
  const { values = { 'suite/score': 0.5, 'suite/note': 'the third micro-batch' } } = options;
  const run = sampleRunInfo(options);
  const events: TrainEvent[] = [];
  const clocks = { microStep: 0, step: 0, samples: 0, epoch: 0, time: STARTED_AT };
  let window: MicroBatchRecord[] = [];
  let epoch: MicroBatchRecord[] = [];
  let smoothMean = 0;
  let smoothCount = 0;

  const accuracyOf = (records: readonly MicroBatchRecord[]) => mean(records, ({ microStep }) => microStep / 20);
  const target = () => (window[0]!.microStep <= 8 ? 8 : 16);

  function now(): Clocks {
    clocks.time += 10;
    return { ...clocks };
  }

  function smooth(value: number): { smoothLoss: number } {
    smoothCount += 1;
    smoothMean = BETA * smoothMean + (1 - BETA) * value;
    return { smoothLoss: smoothMean / (1 - BETA ** smoothCount) };
  }

  function train(microStep: number): void {
    const batchSamples = microStep % EPOCH === 0 ? 3 : 4;
    const record = { microStep, samples: batchSamples, weight: batchSamples, loss: loss(microStep) };
    window.push(record);
    epoch.push(record);
    Object.assign(clocks, { microStep, samples: clocks.samples + batchSamples, epoch: microStep / EPOCH });
    events.push({
      type: 'micro-batch',
      ...now(),
      loss: record.loss,
      batchSamples,
      weight: batchSamples,
      metrics: { accuracy: accuracyOf([record]) },
      learningRate: 0.003,
      window: { filled: samplesOf(window), target: target() },
      ...(run.logAccumBatch ? {} : smooth(record.loss)),
    });
    if (samplesOf(window) >= target()) accumulate();
  }

  function accumulate(): void {
    clocks.step += 1;
    const accumulated = mean(window, (record) => record.loss);
    events.push({
      type: 'accumulated-batch',
      ...now(),
      loss: accumulated,
      metrics: { accuracy: accuracyOf(window) },
      normalizer: samplesOf(window),
      learningRate: 0.003,
      accumBatchSize: target(),
      windowSamples: samplesOf(window),
      microBatches: window,
      ...(run.logAccumBatch ? smooth(accumulated) : {}),
      gradNorm: 1 / clocks.step,
    });
    window = [];
  }

  function endEpoch(): void {
    const metrics = { loss: mean(epoch, (record) => record.loss), accuracy: accuracyOf(epoch) };
    events.push({ type: 'epoch-end', ...now(), train: metrics, valid: { loss: 0.75, accuracy: 0.625 } });
    epoch = [];
  }

  events.push({ type: 'run-start', ...now(), run });
  for (let microStep = 1; microStep <= microBatches; microStep++) {
    train(microStep);
    if (microStep === 3) events.push({ type: 'log', ...now(), values });
    if (microStep === 5) {
      const message = 'a diagnostic of the sample run';
      events.push({ type: 'diagnostic', ...now(), level: 'info', code: 'sample', message });
    }
    if (microStep % EPOCH === 0) endEpoch();
  }
  const reason = outcome === 'finished' ? 'training-end' : outcome;
  if (window.length > 0) events.push({ type: 'discarded-window', ...now(), reason, microBatches: window });
  const error = outcome === 'failed' ? { error: 'the sample run failed' } : {};
  events.push({ type: 'run-end', ...now(), outcome, ...error });
  return deepFreeze(events);
}

/** The losses that a logger of this run has to show, in order. */
export function recordedLosses(events: readonly TrainEvent[]): readonly number[] {
  const losses: number[] = [];
  let recorded = 'accumulated-batch';
  for (const event of events) {
    if (event.type === 'run-start') recorded = event.run.logAccumBatch ? 'accumulated-batch' : 'micro-batch';
    if (event.type === recorded) losses.push((event as { loss: number }).loss);
  }
  return losses;
}

function sampleRunInfo({ id = 'sample', logAccumBatch = true }: SampleRunOptions): RunInfo {
  return {
    id,
    name: `run ${id}`,
    project: 'conformance',
    config: { batchSize: 4, optimizer: { name: 'adam', learningRate: 0.003 } },
    tags: ['conformance'],
    plan: { microBatchSize: 4, microBatchesPerEpoch: EPOCH, epochs: 2 },
    policy: {
      kind: 'schedule',
      startAccumBatchSize: 8,
      finalAccumBatchSize: 16,
      start: 0,
      finish: 0.5,
      schedule: 'twoLevels',
      scheduleProbe: [8, 8, 16, 16, 16],
      logAccumBatch,
      lastWindow: 'carry',
      normalize: 'actual',
    },
    logAccumBatch,
    startedAt: STARTED_AT,
  };
}

function sampleLoss(microStep: number): number {
  return 2.3 / Math.sqrt(microStep) + ((microStep * 7) % 5) / 50;
}

function samplesOf(records: readonly MicroBatchRecord[]): number {
  return records.reduce((total, record) => total + record.samples, 0);
}

function mean(records: readonly MicroBatchRecord[], of: (record: MicroBatchRecord) => number): number {
  return records.reduce((total, record) => total + record.weight * of(record), 0) / samplesOf(records);
}
