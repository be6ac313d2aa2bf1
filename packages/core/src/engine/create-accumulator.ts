import { assertOneOf, assertOptions, show } from '../logger/option-checks.js';
import type { RunInfo, TrainingPlan } from '../logger/run-info.js';
import { forEachMeasurement } from '../logger/step-measurements.js';
import type {
  AccumulatedBatchEvent,
  DiagnosticLevel,
  Metrics,
  MicroBatchEvent,
  MicroBatchRecord,
  TrainEvent,
} from '../logger/train-event.js';
import type { AccumulationPolicy } from './accumulation-policy.js';
import type { Accumulator, AccumulatorOptions, WindowStatus } from './accumulator.js';
import { createRunInfo, newRunId } from './create-run-info.js';
import { createEpochProgress } from './epoch-progress.js';
import { frozenLogValues } from './frozen-log-values.js';
import { assertMicroBatch, frozenMetrics, metricsOf } from './micro-batch-result.js';
import { createOpenWindow } from './open-window.js';
import { createSmoothLoss } from './smooth-loss.js';
import { type AccumulatorState, readSnapshot, writeSnapshot } from './snapshot.js';
import { policyInfo, resolvePlan } from './training-plan.js';
import { createWindowTargets } from './window-targets.js';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/**
 * Follows a run's windows and clocks.
 * Throws a `TypeError` or `RangeError` that names the option and the value where policy, plan and snapshot do not fit.
 */
export function createAccumulator(
  policy: AccumulationPolicy,
  trainingPlan: TrainingPlan,
  options: AccumulatorOptions = {},
): Accumulator {
  assertOptions('createAccumulator', options, ['run', 'snapshot', 'clock', 'newId']);
  const plan = resolvePlan(policy, trainingPlan);
  const info = policyInfo(policy, plan);
  const { clock = Date.now, newId = newRunId } = options;
  const restored = options.snapshot === undefined ? undefined : readSnapshot(options.snapshot, info, plan);
  const before = restored?.state;
  const run = describeRun();
  const { microBatchesPerEpoch } = plan;

  const targets = createWindowTargets(policy, plan, before?.targets);
  const window = createOpenWindow(policy.normalize, targets.peek(), before?.window);
  const epoch = createEpochProgress(microBatchesPerEpoch, before?.epoch);
  const smooth = createSmoothLoss(before?.smooth);
  let phase = before?.phase ?? 'new';
  let startTold = false;
  let microStep = before?.microStep ?? 0;
  let step = before?.step ?? 0;
  let samples = before?.samples ?? 0;
  let time = before?.time ?? run.startedAt;
  let learningRate = before?.learningRate ?? undefined;
  let nonFiniteTold = before?.nonFiniteTold ?? false;

  function describeRun(): RunInfo {
    const about = { plan, policy: info, newId };
    if (restored === undefined) return createRunInfo(options.run ?? {}, { ...about, startedAt: clock() });
    const { id, name, project, config, tags, startedAt } = restored.run;
    const known = { id, name, config, tags, ...(project === undefined ? {} : { project }) };
    const { phase, microStep, step, samples } = restored.state;
    const resumed = phase === 'new' ? {} : { resumedAt: { microStep, step, samples } };
    return createRunInfo({ ...known, ...options.run }, { ...about, startedAt, ...resumed });
  }

  function now(): number {
    time = Math.max(time, clock());
    return time;
  }

  function clocks() {
    return { microStep, step, samples, epoch: epoch.clock, time: now() };
  }

  function assertRunning(call: string): void {
    if (phase === 'new') throw new Error(`${call}: the run has not begun; call start() first`);
    if (phase === 'ended') throw new Error(`${call}: the run has ended`);
  }

  function assertNotFull(call: string): void {
    if (window.full) throw new Error(`${call}: a full window waits for applied() or discard()`);
  }

  // A step divided by a total weight of 0 would turn every parameter into NaN.
  function assertWeighs(added: number, lastMicroStep: number): void {
    if (window.weight + added > 0 || window.hasSkipped) return;
    throw new RangeError(
      `weight: the micro-batches of the window that ends with microStep ${lastMicroStep} weigh 0 in all`,
    );
  }

  function nextTarget(): number {
    return window.isEmpty ? targets.peek() : window.target;
  }

  function status(events: readonly TrainEvent[]): WindowStatus {
    return { events, window: window.full ? 'full' : 'open', target: window.target, normalizer: window.normalizer };
  }

  function discardWindow(reason: string): TrainEvent[] {
    if (window.isEmpty) return [];
    return [Object.freeze({ type: 'discarded-window', ...clocks(), reason, microBatches: window.take() })];
  }

  /** Gives up a full window in which nothing is left to step with. */
  function discardIfSkipped(): TrainEvent[] {
    return window.full && window.weight === 0 ? discardWindow('skipped') : [];
  }

  function closeTail(): TrainEvent[] {
    const decided = window.full || window.isEmpty || policy.lastWindow === 'carry';
    if (!decided && policy.lastWindow === 'flush') {
      assertWeighs(0, microStep);
      window.close();
    }
    epoch.close();
    return decided || policy.lastWindow === 'flush' ? discardIfSkipped() : discardWindow('epoch-tail');
  }

  function endEpoch(valid?: Metrics): TrainEvent {
    const measured = valid === undefined ? {} : { valid: frozenMetrics('valid', valid) };
    // fastxtend's schedule goes on over micro-batches that `drop` leaves out.
    if (policy.lastWindow === 'drop' && microBatchesPerEpoch !== undefined) {
      for (let missing = microBatchesPerEpoch - epoch.microBatches; missing > 0; missing -= 1) targets.advance(false);
    }
    const train = epoch.end();
    targets.beginEpoch(epoch.completed);
    window.carry();
    return Object.freeze({ type: 'epoch-end', ...clocks(), train, ...measured });
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
      epoch: epoch.state(),
      window: window.state(),
      targets: targets.state(),
      smooth: smooth.state(),
      learningRate: learningRate ?? null,
      nonFiniteTold,
    };
  }

  return {
    run,

    get insideEpoch() {
      return epoch.microBatches > 0 && !epoch.closed;
    },

    get microStep() {
      return microStep;
    },

    get step() {
      return step;
    },

    get windowSamples() {
      return window.samples;
    },

    get windowStart() {
      // An epoch that is closed may have left micro-batches out, and ends with the next one.
      const next = epoch.closed ? epoch.completed + 1 : epoch.clock;
      const trained = window.isEmpty ? next : window.startEpoch;
      return { step, samples: samples - window.samples, epoch: trained };
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
      const { loss, samples: batchSamples, skipped = false } = result;
      const weight = skipped ? 0 : (result.weight ?? batchSamples);
      const metrics = metricsOf(result);
      if (policy.normalize === 'target' && weight !== batchSamples) {
        throw new TypeError(
          `weight: ${weight} for ${batchSamples} samples, but normalize 'target' divides by samples: use normalize 'actual'`,
        );
      }
      if (weight === 0 && !skipped && window.samples + batchSamples >= nextTarget())
        assertWeighs(weight, microStep + 1);
      const events: TrainEvent[] = epoch.closed ? [endEpoch()] : [];
      const target = targets.advance(window.isEmpty);
      microStep += 1;
      samples += batchSamples;
      if (result.learningRate !== undefined) learningRate = result.learningRate;
      const record: Mutable<MicroBatchRecord> = { microStep, samples: batchSamples, weight, loss };
      if (skipped) record.skipped = true;
      window.add(record, metrics, target, epoch.clock);
      // The loss of what weighs nothing is a mean over nothing.
      if (weight === 0) epoch.skip();
      else epoch.add(batchSamples, loss, metrics);

      const event: Mutable<MicroBatchEvent> = {
        // Written out: a spread here would double what an event costs.
        type: 'micro-batch',
        microStep,
        step,
        samples,
        epoch: epoch.clock,
        time: now(),
        loss,
        batchSamples,
        weight,
        metrics,
        window: Object.freeze({ filled: window.samples, target }),
      };
      if (skipped) event.skipped = true;
      if (learningRate !== undefined) event.learningRate = learningRate;
      if (!policy.logAccumBatch) event.smoothLoss = weight === 0 ? smooth.value() : smooth.add(loss);
      events.push(Object.freeze(event));
      if (skipped) {
        const message = `micro-batch ${microStep} is skipped: its loss (${loss}) or its gradient is not finite; its window goes on without it`;
        events.push(diagnostic('warn', 'micro-batch-skipped', message));
      } else if (!nonFiniteTold && !Number.isFinite(loss)) {
        nonFiniteTold = true;
        const message = `the loss of micro-batch ${microStep} is ${loss}; training goes on`;
        events.push(diagnostic('warn', 'non-finite-loss', message));
      }
      events.push(...discardIfSkipped());
      if (result.lastOfEpoch ?? epoch.microBatches === microBatchesPerEpoch) events.push(...closeTail());
      return status(events);
    },

    applied(info = {}) {
      assertRunning('applied');
      if (!window.full) throw new Error('applied: no full window waits');
      if (info.learningRate !== undefined) learningRate = info.learningRate;
      const { normalizer, target: accumBatchSize, samples: windowSamples } = window;
      const { loss, metrics } = window.means();
      step += 1;
      const event: Mutable<AccumulatedBatchEvent> = {
        type: 'accumulated-batch',
        microStep,
        step,
        samples,
        epoch: epoch.clock,
        time: now(),
        loss,
        metrics,
        normalizer,
        accumBatchSize,
        windowSamples,
        microBatches: window.take(),
      };
      if (learningRate !== undefined) event.learningRate = learningRate;
      if (policy.logAccumBatch) event.smoothLoss = smooth.add(loss);
      forEachMeasurement(info, (name, value) => (event[name] = value));
      return [Object.freeze(event)];
    },

    discard(reason) {
      assertRunning('discard');
      if (typeof reason !== 'string' || reason === '')
        throw new TypeError(`discard: reason must be a text, not ${show(reason)}`);
      if (window.carried) {
        throw new Error('discard: the window was carried over an epoch-end; discard it after its next micro-batch');
      }
      return discardWindow(reason);
    },

    closeEpoch() {
      assertRunning('closeEpoch');
      return status(epoch.closed || epoch.microBatches === 0 ? [] : closeTail());
    },

    endEpoch(valid) {
      assertRunning('endEpoch');
      assertNotFull('endEpoch');
      if (!epoch.closed && !window.isEmpty && policy.lastWindow !== 'carry') {
        throw new Error("endEpoch: the epoch's tail is undecided; call closeEpoch() first");
      }
      return [endEpoch(valid)];
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
      const events: TrainEvent[] = outcome === 'finished' && epoch.closed && !window.full ? [endEpoch()] : [];
      events.push(...discardWindow(outcome === 'finished' ? 'training-end' : outcome));
      phase = 'ended';
      const event = { type: 'run-end', ...clocks(), outcome } as const;
      events.push(Object.freeze(error === undefined ? event : { ...event, error }));
      return events;
    },

    nextTarget,

    tailIsDropped(samplesLeft) {
      if (policy.lastWindow !== 'drop' || microBatchesPerEpoch === undefined || !window.isEmpty) return false;
      const microBatchesLeft = microBatchesPerEpoch - (epoch.closed ? 0 : epoch.microBatches);
      return (samplesLeft ?? microBatchesLeft * plan.microBatchSize) < targets.peek();
    },

    snapshot: () => writeSnapshot(run, state()),
  };
}
