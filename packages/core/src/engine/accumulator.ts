import type { LogValues } from '../logger/log-values.js';
import type { RunInfo, RunOptions, TrainingPlan } from '../logger/run-info.js';
import type {
  DiagnosticLevel,
  Metrics,
  MicroBatchEvent,
  MicroBatchRecord,
  RunOutcome,
  TrainEvent,
} from '../logger/train-event.js';
import type { AccumulationPolicy } from './accumulation-policy.js';
import { createRunInfo, newRunId } from './create-run-info.js';
import { frozenCopy } from './frozen-copy.js';
import { frozenLogValues } from './frozen-log-values.js';
import { assertMicroBatch, type MicroBatchResult } from './micro-batch-result.js';
import { assertOneOf } from './options.js';
import { createSmoothLoss } from './smooth-loss.js';
import { type AccumulatorSnapshot, type AccumulatorState, readSnapshot, writeSnapshot } from './snapshot.js';
import { policyInfo, resolvePlan } from './training-plan.js';
import { createWeightedMeans } from './weighted-means.js';
import { createWindowTargets } from './window-targets.js';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export interface AccumulatorOptions {
  readonly run?: RunOptions;
  /** Goes on where `snapshot()` was taken; `run` then only overrides what it names. */
  readonly snapshot?: AccumulatorSnapshot;
  /** ms since 1970; `Date.now` by default. Where it goes back, events keep the latest time. */
  readonly clock?: () => number;
  readonly newId?: () => string;
}

/** What the training engine has to do with the window. */
export interface WindowStatus {
  readonly events: readonly TrainEvent[];
  /** `'full'`: step the optimizer, then call `applied()`; or call `discard()`. */
  readonly window: 'open' | 'full';
  /** The window's target, in samples. */
  readonly target: number;
  /** What the weighted sum of the window's gradients has to be divided by. */
  readonly normalizer: number;
}

/** What the training engine knows of an optimizer step. */
export interface AppliedInfo {
  readonly learningRate?: number;
  readonly gradNorm?: number;
  readonly clippedGradNorm?: number;
  readonly gradientNoiseScale?: number;
}

/** Turns micro-batch results into events: pure, without gradients or tensors; calls out of order throw an `Error`. */
export interface Accumulator {
  readonly run: RunInfo;
  /** The epoch under way has micro-batches and its tail is not decided yet. */
  readonly insideEpoch: boolean;
  start(): readonly TrainEvent[];
  /** Counts a micro-batch. An epoch that its count or `lastOfEpoch` ended is closed first, if `endEpoch` was not called. */
  next(result: MicroBatchResult): WindowStatus;
  /** The optimizer really stepped. */
  applied(info?: AppliedInfo): readonly TrainEvent[];
  /** The gradients of the window were given up; without effect on an empty window. Not between an epoch-end and the next micro-batch. */
  discard(reason: string): readonly TrainEvent[];
  /** Decides the tail of an epoch whose count is unknown, before validation. Without effect where it is decided, or where the epoch is empty. */
  closeEpoch(): WindowStatus;
  endEpoch(valid?: Metrics): readonly TrainEvent[];
  log(values: LogValues): readonly TrainEvent[];
  diagnose(diagnostic: { level: DiagnosticLevel; code: string; message: string }): readonly TrainEvent[];
  /** Discards an open window and ends the run. Without effect on an ended run. */
  end(outcome?: RunOutcome, error?: string): readonly TrainEvent[];
  /** The target, in samples, of the window that the next micro-batch belongs to. */
  nextTarget(): number;
  /** Under `lastWindow: 'drop'`: the rest of the epoch can't fill a window, so that it need not be computed. */
  tailIsDropped(): boolean;
  /** JSON; allowed between any two calls. */
  snapshot(): AccumulatorSnapshot;
}

/**
 * Follows a run's windows and clocks.
 * Throws a `TypeError` or `RangeError` that names the option and the value where policy, plan and snapshot do not fit.
 */
export function createAccumulator(
  policy: AccumulationPolicy,
  trainingPlan: TrainingPlan,
  options: AccumulatorOptions = {},
): Accumulator {
  const plan = resolvePlan(policy, trainingPlan);
  const info = policyInfo(policy, plan);
  const { clock = Date.now, newId = newRunId } = options;
  const restored = options.snapshot === undefined ? undefined : readSnapshot(options.snapshot, info, plan);
  const before = restored?.state;
  const run = describeRun();

  let phase = before?.phase ?? 'new';
  let startTold = false;
  let microStep = before?.microStep ?? 0;
  let step = before?.step ?? 0;
  let samples = before?.samples ?? 0;
  let time = before?.time ?? run.startedAt;
  let epochs = before?.epochs ?? 0;
  let epochMicroBatches = before?.epochMicroBatches ?? 0;
  let epochClosed = before?.epochClosed ?? false;
  let carried = before?.window.carried ?? false;
  let full = before?.window.full ?? false;
  let windowSamples = before?.window.samples ?? 0;
  let lineage: MicroBatchRecord[] = (before?.window.microBatches ?? []).map((record) => Object.freeze({ ...record }));
  let learningRate = before?.learningRate ?? undefined;
  let nonFiniteTold = before?.nonFiniteTold ?? false;
  const windowMeans = createWeightedMeans(before?.window.means);
  const epochMeans = createWeightedMeans(before?.epochMeans);
  const smooth = createSmoothLoss(before?.smooth);
  const targets = createWindowTargets(policy, plan, before?.targets);
  const microBatchesPerEpoch = plan.microBatchesPerEpoch;
  let target = before?.targets.target ?? targets.peek();

  function describeRun(): RunInfo {
    const about = { plan, policy: info, newId };
    if (restored === undefined) return createRunInfo(options.run ?? {}, { ...about, startedAt: clock() });
    const { id, name, project, config, tags, startedAt } = restored.run;
    const known = { id, name, config, tags, ...(project === undefined ? {} : { project }) };
    const { phase, microStep, step } = restored.state;
    const resumed = phase === 'new' ? {} : { resumedAt: { microStep, step } };
    return createRunInfo({ ...known, ...options.run }, { ...about, startedAt, ...resumed });
  }

  function clocks() {
    time = Math.max(time, clock());
    const within = microBatchesPerEpoch === undefined ? 0 : Math.min(epochMicroBatches / microBatchesPerEpoch, 1);
    return { microStep, step, samples, epoch: epochs + within, time };
  }

  function assertRunning(call: string): void {
    if (phase === 'new') throw new Error(`${call}: the run has not begun; call start() first`);
    if (phase === 'ended') throw new Error(`${call}: the run has ended`);
  }

  function assertNotFull(call: string): void {
    if (full) throw new Error(`${call}: a full window waits for applied() or discard()`);
  }

  const normalizer = () => (policy.normalize === 'target' ? target : windowMeans.weight);

  function nextTarget(): number {
    return lineage.length === 0 ? targets.peek() : target;
  }

  function status(events: readonly TrainEvent[]): WindowStatus {
    return { events, window: full ? 'full' : 'open', target, normalizer: normalizer() };
  }

  function clearWindow(): void {
    full = false;
    windowSamples = 0;
    lineage = [];
    windowMeans.clear();
  }

  function discardWindow(reason: string): TrainEvent[] {
    if (lineage.length === 0) return [];
    const microBatches = Object.freeze(lineage);
    clearWindow();
    return [Object.freeze({ type: 'discarded-window', ...clocks(), reason, microBatches })];
  }

  function closeTail(): TrainEvent[] {
    epochClosed = true;
    if (full || lineage.length === 0 || policy.lastWindow === 'carry') return [];
    if (policy.lastWindow === 'drop') return discardWindow('epoch-tail');
    assertWeighs(0);
    full = true;
    return [];
  }

  // A step divided by a total weight of 0 would turn every parameter into NaN.
  function assertWeighs(added: number): void {
    if (windowMeans.weight + added > 0) return;
    throw new RangeError(
      `weight: the micro-batches of the window that ends after microStep ${microStep} weigh 0 in all`,
    );
  }

  function endEpochNow(valid?: Metrics): TrainEvent {
    // fastxtend's schedule goes on over micro-batches that `drop` leaves out.
    if (policy.lastWindow === 'drop' && microBatchesPerEpoch !== undefined) {
      for (let missing = microBatchesPerEpoch - epochMicroBatches; missing > 0; missing -= 1) targets.advance(false);
    }
    const train =
      epochMicroBatches === 0
        ? {}
        : { loss: epochMeans.loss(epochMeans.weight), ...epochMeans.metrics(epochMeans.weight) };
    epochs += 1;
    epochMicroBatches = 0;
    epochClosed = false;
    epochMeans.clear();
    carried = lineage.length > 0;
    targets.beginEpoch(epochs);
    const event = { type: 'epoch-end', ...clocks(), train: Object.freeze(train) } as const;
    return Object.freeze(valid === undefined ? event : { ...event, valid: frozenCopy(valid, 'valid') });
  }

  function diagnostic(level: DiagnosticLevel, code: string, message: string): TrainEvent {
    return Object.freeze({ type: 'diagnostic', ...clocks(), level, code, message });
  }

  function state(): AccumulatorState {
    return {
      phase,
      microStep,
      step,
      samples,
      time,
      epochs,
      epochMicroBatches,
      epochClosed,
      window: { full, carried, samples: windowSamples, microBatches: lineage, means: windowMeans.state() },
      targets: targets.state(),
      epochMeans: epochMeans.state(),
      smooth: smooth.state(),
      learningRate: learningRate ?? null,
      nonFiniteTold,
    };
  }

  return {
    run,

    get insideEpoch() {
      return epochMicroBatches > 0 && !epochClosed;
    },

    start() {
      if (phase === 'ended') throw new Error('start: the run has ended');
      if (startTold || (phase === 'running' && restored === undefined)) throw new Error('start: the run has begun');
      startTold = true;
      phase = 'running';
      return [Object.freeze({ type: 'run-start', ...clocks(), run })];
    },

    next(result) {
      assertRunning('next');
      assertNotFull('next');
      assertMicroBatch(result);
      const { loss, samples: batchSamples, weight = batchSamples, metrics } = result;
      if (policy.normalize === 'target' && weight !== batchSamples) {
        throw new TypeError(
          `weight: ${weight} for ${batchSamples} samples, but normalize 'target' divides by samples: use normalize 'actual'`,
        );
      }
      if (weight === 0 && windowSamples + batchSamples >= nextTarget()) assertWeighs(weight);
      const events: TrainEvent[] = epochClosed ? [endEpochNow()] : [];
      target = targets.advance(lineage.length === 0);
      microStep += 1;
      samples += batchSamples;
      epochMicroBatches += 1;
      windowSamples += batchSamples;
      if (result.learningRate !== undefined) learningRate = result.learningRate;
      carried = false;
      lineage.push(Object.freeze({ microStep, samples: batchSamples, weight, loss }));
      windowMeans.add(weight, loss, metrics);
      epochMeans.add(weight, loss, metrics);

      const event: Mutable<MicroBatchEvent> = {
        type: 'micro-batch',
        ...clocks(),
        loss,
        batchSamples,
        weight,
        metrics: metrics === undefined ? NO_METRICS : Object.freeze({ ...metrics }),
        window: Object.freeze({ filled: windowSamples, target }),
      };
      if (learningRate !== undefined) event.learningRate = learningRate;
      if (!policy.logAccumBatch) event.smoothLoss = smooth.add(loss);
      events.push(Object.freeze(event));
      if (!nonFiniteTold && !Number.isFinite(loss)) {
        nonFiniteTold = true;
        events.push(
          diagnostic('warn', 'non-finite-loss', `the loss of micro-batch ${microStep} is ${loss}; training goes on`),
        );
      }

      full = windowSamples >= target;
      if (result.lastOfEpoch ?? epochMicroBatches === microBatchesPerEpoch) events.push(...closeTail());
      return status(events);
    },

    applied(info = {}) {
      assertRunning('applied');
      if (!full) throw new Error('applied: no full window waits');
      if (info.learningRate !== undefined) learningRate = info.learningRate;
      const divisor = normalizer();
      const loss = windowMeans.loss(divisor);
      step += 1;
      const event = {
        type: 'accumulated-batch',
        ...clocks(),
        loss,
        metrics: windowMeans.metrics(divisor),
        normalizer: divisor,
        accumBatchSize: target,
        windowSamples,
        microBatches: Object.freeze(lineage),
        ...info,
        ...(learningRate === undefined ? {} : { learningRate }),
        ...(policy.logAccumBatch ? { smoothLoss: smooth.add(loss) } : {}),
      } as const;
      clearWindow();
      return [Object.freeze(event)];
    },

    discard(reason) {
      assertRunning('discard');
      if (carried)
        throw new Error('discard: the window was carried over an epoch-end; discard it after its next micro-batch');
      return discardWindow(reason);
    },

    closeEpoch() {
      assertRunning('closeEpoch');
      return status(epochClosed || epochMicroBatches === 0 ? [] : closeTail());
    },

    endEpoch(valid) {
      assertRunning('endEpoch');
      assertNotFull('endEpoch');
      if (!epochClosed && lineage.length > 0 && policy.lastWindow !== 'carry') {
        throw new Error("endEpoch: the epoch's tail is undecided; call closeEpoch() first");
      }
      return [endEpochNow(valid)];
    },

    log(values) {
      assertRunning('log');
      const copied = frozenLogValues(values);
      return [Object.freeze({ type: 'log', ...clocks(), values: copied })];
    },

    diagnose({ level, code, message }) {
      assertRunning('diagnose');
      return [diagnostic(level, code, message)];
    },

    end(outcome = 'finished', error) {
      assertOneOf('outcome', outcome, ['finished', 'failed', 'stopped']);
      if (phase === 'ended') return [];
      assertRunning('end');
      const events: TrainEvent[] = outcome === 'finished' && epochClosed && !full ? [endEpochNow()] : [];
      events.push(...discardWindow(outcome === 'finished' ? 'training-end' : outcome));
      phase = 'ended';
      const event = { type: 'run-end', ...clocks(), outcome } as const;
      events.push(Object.freeze(error === undefined ? event : { ...event, error }));
      return events;
    },

    nextTarget,

    tailIsDropped() {
      if (policy.lastWindow !== 'drop' || microBatchesPerEpoch === undefined || lineage.length > 0) return false;
      const left = epochClosed ? microBatchesPerEpoch : microBatchesPerEpoch - epochMicroBatches;
      return left * plan.microBatchSize < targets.peek();
    },

    snapshot: () => writeSnapshot(run, state()),
  };
}

const NO_METRICS: Metrics = Object.freeze({});
