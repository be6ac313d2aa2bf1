import type { Accumulator, LogValues, Metrics, RunOutcome, TrainEvent, WindowStatus } from '@microbatch/core';
import * as tf from '@tensorflow/tfjs';
import type { Diagnostic } from '../diagnostic.js';
import { nonFiniteError } from '../non-finite.js';
import { readingStalls } from '../read-values.js';
import type { RunEvents } from '../run-events.js';
import type { LossGradients } from './loss-gradients.js';
import {
  holdLogged,
  type LoggedScalar,
  type MicroBatchShare,
  type ReadMicroBatch,
  readUntold,
  type UntoldMicroBatch,
} from './untold-micro-batch.js';
import { type StepTaken, toldOf, type WindowGradient } from './window-gradient.js';

/** One run of an accumulating optimizer. */
export interface AccumulationRun {
  readonly accumulator: Accumulator;
  readonly ended: boolean;
  /** Whether it trained a micro-batch. */
  readonly hasTrained: boolean;
  /** Micro-batches of the epoch under way, those of a dropped tail included. */
  readonly microBatches: number;
  start(diagnostics: readonly Diagnostic[]): Promise<void>;
  /** The rest of the epoch fills no window: gradients need not be computed. `samplesLeft` as in the accumulator. */
  tailIsDropped(samplesLeft?: number): boolean;
  /**
   * Adds a micro-batch's gradient, which `compute` gives by position and multiplied by `scale`, and steps where that fills the
   * window, all at once. `penaltyShare` is the part of the model's penalties that counts, as in `train()`. Returns the loss.
   * What there is to tell of it waits for `tell`.
   */
  train(share: MicroBatchShare, compute: (scale: number, penaltyShare: number) => LossGradients): tf.Scalar;
  /** Counts a micro-batch of a dropped tail. */
  passOver(): void;
  /** Tells of the micro-batch that was trained last. A promise only where a logger or a device makes wait. */
  tell(metrics: Readonly<Record<string, LoggedScalar>>): Promise<void> | undefined;
  /** Decides the tail of an epoch, where its count did not. */
  closeEpoch(): Promise<void>;
  endEpoch(valid?: Metrics): Promise<void>;
  /** Ends an epoch whose count is full: what comes next is a schedule's next epoch. */
  endCountedEpoch(): void;
  log(values: LogValues): void;
  diagnose(diagnostic: Diagnostic): Promise<void>;
  /** Discards the open window and completes the stream; without effect on a run that has ended. */
  end(outcome: RunOutcome, error?: string): Promise<void>;
}

export interface RunParts {
  readonly accumulator: Accumulator;
  readonly gradient: WindowGradient;
  readonly events: Pick<RunEvents, 'emit' | 'complete'>;
  /** The run needs the optimizer no longer. */
  readonly release: () => void;
  /** `nonFinite` is `'raise'`. */
  readonly raises: boolean;
  /** Whether the step follows when the device was read: in `tell`, not in `train`. */
  readonly stepsLate: boolean;
  /** Nobody waits for `tell`: it reads at once, even where that stalls the device. */
  readonly readsAtOnce: boolean;
}

/**
 * The optimizer steps where the gradient is computed, inside of `minimize`: what comes next in fit, validation or another
 * callback, sees the new weights, as it does without accumulation. Events follow when loss and metrics can be read.
 */
export function createAccumulationRun(parts: RunParts): AccumulationRun {
  const { accumulator, gradient, events, release, raises, stepsLate, readsAtOnce } = parts;
  const { policy, plan } = accumulator.run;
  let untold: UntoldMicroBatch[] = [];
  // The accumulator learns of a micro-batch only when it is told.
  let untoldSamples = 0;
  let window = { weight: 0, hasSkipped: false };
  let microBatches = 0;
  let trained = 0;
  let samplesSinceStep = 0;
  let ended = false;

  const nextMicroBatch = () => (microBatches === plan.microBatchesPerEpoch ? 1 : microBatches + 1);

  /** The window before made a step, or was given up. */
  function beginWindow(): void {
    gradient.clear();
    window = { weight: 0, hasSkipped: false };
  }

  function step(target: number, normalizer: number): StepTaken | Promise<StepTaken> {
    const taken = gradient.step(target, normalizer, samplesSinceStep);
    samplesSinceStep = 0;
    if (!(taken instanceof Promise)) beginWindow();
    return taken instanceof Promise ? taken.finally(beginWindow) : taken;
  }

  /** What to tell of what an accumulator says. The optimizer steps where the window is full, unless it has. */
  function settle(status: WindowStatus, before?: StepTaken): readonly TrainEvent[] | Promise<readonly TrainEvent[]> {
    const { events: told, target, normalizer } = status;
    if (told.some(({ type }) => type === 'discarded-window')) beginWindow();
    // The end of a run gives up what is left.
    if (status.window === 'open' || (before === undefined && ended)) return told;
    const taken = before ?? step(target, normalizer);
    const withStep = (stepTaken: StepTaken) => [...told, ...toldOf(accumulator, stepTaken)];
    return taken instanceof Promise ? taken.then(withStep) : withStep(taken);
  }

  function tell(read: readonly ReadMicroBatch[]): Promise<void> | undefined {
    const told: TrainEvent[] = [];
    for (const [index, microBatch] of read.entries()) {
      const { samples, weight, learningRate, taken, loss, metrics, nonFinite } = microBatch;
      // Where the optimizer steps at once, it is noted at once.
      if (stepsLate && nonFinite === undefined) note(microBatch);
      if (raises && nonFinite !== undefined) {
        emit(told);
        throw nonFiniteError(trained - read.length + index + 1, loss, nonFinite);
      }
      const rate = learningRate === undefined ? {} : { learningRate };
      const skipped = nonFinite === undefined ? {} : { skipped: true };
      const settled = settle(accumulator.next({ loss, samples, weight, metrics, ...rate, ...skipped }), taken);
      // None comes after one that fills the window.
      if (settled instanceof Promise) return settled.then((last) => emit([...told, ...last]));
      told.push(...settled);
    }
    return emit(told);
  }

  /** What the noise of gradients is estimated from. */
  function note({ samples, weight, squares, scale }: MicroBatchShare & Pick<ReadMicroBatch, 'squares' | 'scale'>) {
    if (squares === undefined) return;
    gradient.noiseScale?.add({ samples, weight, squaredNorm: squares / scale ** 2 });
  }

  function tellUntold(): Promise<void> | undefined {
    const reading = readUntold(untold, readsAtOnce);
    untold = [];
    untoldSamples = 0;
    return reading instanceof Promise ? reading.then(tell) : tell(reading);
  }

  function emit(emitted: readonly TrainEvent[]): Promise<void> | undefined {
    const sent = events.emit(emitted);
    if (sent === undefined) gradient.times?.lap('logMs');
    return sent?.then(() => gradient.times?.lap('logMs'));
  }

  return {
    accumulator,
    get ended() {
      return ended;
    },
    get hasTrained() {
      return trained > 0;
    },
    get microBatches() {
      return microBatches;
    },
    async start(diagnostics) {
      gradient.times?.begin();
      await emit([...accumulator.start(), ...diagnostics.flatMap((each) => accumulator.diagnose(each))]);
    },
    tailIsDropped: (samplesLeft) => untold.length === 0 && accumulator.tailIsDropped(samplesLeft),
    train({ samples, weight }, compute) {
      gradient.times?.lap();
      const target = accumulator.nextTarget();
      const isFlushed = policy.lastWindow === 'flush' && nextMicroBatch() === plan.microBatchesPerEpoch;
      const missing = target - accumulator.windowSamples - untoldSamples;
      const fillsWindow = isFlushed || samples >= missing;
      // Divided by its target, a window that overshoots it would count penalties for more than one.
      const penaltyShare = policy.normalize === 'target' ? Math.min(1, missing / samples) : 1;
      // A step divided by a total weight of 0 would turn every parameter into NaN.
      if (fillsWindow && window.weight + weight === 0 && !window.hasSkipped) {
        throw new RangeError('weight: the micro-batches of the window that is full now weigh 0 in all');
      }
      const learningRate = gradient.learningRate();
      const admitted = gradient.add(weight / target, (scale) => compute(scale, penaltyShare));
      const { loss, check, squares, scale } = admitted;
      trained += 1;
      const nonFinite = check?.unread === undefined ? check?.parts([]) : undefined;
      if (raises && nonFinite !== undefined) {
        const [value] = loss.dataSync();
        loss.dispose();
        throw nonFiniteError(trained, value!, nonFinite);
      }
      microBatches = nextMicroBatch();
      untoldSamples += samples;
      samplesSinceStep += samples;
      if (nonFinite !== undefined) window.hasSkipped = true;
      else window.weight += weight;
      if (nonFinite === undefined && typeof squares === 'number') {
        note({ samples, weight, scale, squares });
      }
      const steps = fillsWindow && !stepsLate && window.weight > 0;
      const normalizer = policy.normalize === 'target' ? target : window.weight;
      let taken: StepTaken | undefined;
      try {
        if (steps) taken = step(target, normalizer) as StepTaken;
      } catch (error) {
        loss.dispose();
        throw error;
      }
      const own = { ...admitted, loss: tf.keep(loss.clone()) };
      untold.push({ samples, weight, learningRate, fillsWindow, taken, admitted: own, metrics: {} });
      return loss as tf.Scalar;
    },
    passOver() {
      microBatches = nextMicroBatch();
    },
    tell(metrics) {
      // fit may have validated since.
      gradient.times?.leaveOut();
      const last = untold.at(-1)!;
      last.metrics = Object.fromEntries(Object.entries(metrics).map(([name, value]) => [name, holdLogged(value)]));
      // Where reading waits for all that the device still has to do, losses are read once a window; and at the end of an epoch,
      // which may give its window up.
      const mayWait = !last.fillsWindow && microBatches !== plan.microBatchesPerEpoch;
      return readingStalls() && mayWait ? undefined : tellUntold();
    },
    async closeEpoch() {
      gradient.times?.leaveOut();
      const waits = tellUntold();
      if (waits !== undefined) await waits;
      const settled = settle(accumulator.closeEpoch());
      await emit(settled instanceof Promise ? await settled : settled);
    },
    async endEpoch(valid) {
      const waits = tellUntold();
      if (waits !== undefined) await waits;
      microBatches = 0;
      await emit(accumulator.endEpoch(valid));
    },
    endCountedEpoch() {
      if (microBatches !== plan.microBatchesPerEpoch) return;
      microBatches = 0;
      emit(accumulator.endEpoch());
    },
    log(values) {
      emit(accumulator.log(values));
    },
    async diagnose(diagnostic) {
      await emit(accumulator.diagnose(diagnostic));
    },
    async end(outcome, error) {
      if (ended) return;
      ended = true;
      release();
      beginWindow();
      let end = () => accumulator.end(outcome, error);
      try {
        const waits = tellUntold();
        if (waits !== undefined) await waits;
      } catch (cause) {
        end = () => accumulator.end('failed', error ?? String(cause));
      }
      const sent = emit(end());
      if (sent !== undefined) await sent;
      events.complete();
    },
  };
}
