import type {
  Accumulator,
  AppliedInfo,
  LogValues,
  Metrics,
  RunOutcome,
  TrainEvent,
  WindowStatus,
} from '@microbatch/core';
import type * as tf from '@tensorflow/tfjs';
import type { GradientSum } from '../gradient-sum.js';
import type { OptimizerStep } from '../optimizer-step.js';
import { readingStalls } from '../read-values.js';
import type { RunEvents } from '../run-events.js';
import type { StartDiagnostic } from '../start-diagnostics.js';
import { disposeLogged, holdLogged, type LoggedScalar, readLogged } from './logged-scalars.js';

/** What a micro-batch is to its window. */
export interface MicroBatchShare {
  readonly samples: number;
  /** What it counts for: its samples, unless somebody says otherwise. */
  readonly weight: number;
}

/** What a micro-batch gave. The gradients, by position of their variable, are for who gets them to dispose; the loss is not. */
export interface LossAndGradients {
  readonly loss: tf.Scalar;
  readonly gradients: readonly (tf.Tensor | undefined)[];
}

/** One run of an accumulating optimizer. */
export interface AccumulationRun {
  readonly accumulator: Accumulator;
  readonly ended: boolean;
  /** Whether it trained a micro-batch. */
  readonly hasTrained: boolean;
  /** Micro-batches of the epoch under way, those of a dropped tail included. */
  readonly microBatches: number;
  start(diagnostics: readonly StartDiagnostic[]): Promise<void>;
  /** The rest of the epoch fills no window: gradients need not be computed. `samplesLeft` as in the accumulator. */
  tailIsDropped(samplesLeft?: number): boolean;
  /**
   * Adds a micro-batch's gradient, which `compute` gives multiplied by `scale`, and steps where that fills the window, all at
   * once. Returns the loss. What there is to tell of it waits for `tell`.
   */
  train(share: MicroBatchShare, compute: (scale: number) => LossAndGradients): tf.Scalar;
  /** Counts a micro-batch of a dropped tail. */
  passOver(): void;
  /** Tells of the micro-batch that was trained last. A promise only where a logger or a device makes wait. */
  tell(metrics: Readonly<Record<string, LoggedScalar>>): Promise<void> | undefined;
  /** Decides the tail of an epoch, where its count did not. */
  closeEpoch(): Promise<void>;
  endEpoch(valid?: Metrics): Promise<void>;
  log(values: LogValues): void;
  diagnose(diagnostic: StartDiagnostic): Promise<void>;
  /** Discards the open window and completes the stream; without effect on a run that has ended. */
  end(outcome: RunOutcome, error?: string): Promise<void>;
}

export interface RunParts {
  readonly accumulator: Accumulator;
  readonly gradientSum: GradientSum;
  readonly optimizerStep: OptimizerStep;
  readonly events: Pick<RunEvents, 'emit' | 'complete'>;
  /** Nobody waits for `tell`: it reads at once, even where that stalls the device. */
  readonly readsAtOnce: boolean;
}

/** A micro-batch whose gradient is in the sum, or was applied with it, and that no event told of yet. */
interface UntoldMicroBatch extends MicroBatchShare {
  readonly learningRate: number | undefined;
  /** Where it filled its window. */
  readonly applied: AppliedInfo | undefined;
  names: readonly string[];
  /** The loss, then what `names` names; tensors of its own. */
  scalars: readonly LoggedScalar[];
}

/**
 * The optimizer steps where the gradient is computed, inside of `minimize`: what comes next in fit, validation or another
 * callback, sees the new weights, as it does without accumulation. Events follow when loss and metrics can be read.
 */
export function createAccumulationRun(parts: RunParts): AccumulationRun {
  const { accumulator, gradientSum, optimizerStep, events, readsAtOnce } = parts;
  const { policy, plan } = accumulator.run;
  let untold: UntoldMicroBatch[] = [];
  // The accumulator learns of a micro-batch only when it is told.
  let untoldSamples = 0;
  let windowWeight = 0;
  let microBatches = 0;
  let hasTrained = false;
  let ended = false;

  function forgetWindow(): void {
    gradientSum.clear();
    windowWeight = 0;
  }

  function step(target: number, normalizer: number): AppliedInfo {
    // The micro-batches were scaled by weight / target, before the window's weight was known.
    if (normalizer !== target) gradientSum.multiply(target / normalizer);
    const applied = optimizerStep.apply(gradientSum) as AppliedInfo;
    forgetWindow();
    return applied;
  }

  function settled({ events: told, window }: WindowStatus, applied: AppliedInfo | undefined): readonly TrainEvent[] {
    if (told.some(({ type }) => type === 'discarded-window')) forgetWindow();
    return window === 'full' ? [...told, ...accumulator.applied(applied)] : told;
  }

  function tellUntold(): Promise<void> | undefined {
    const telling = untold;
    untold = [];
    untoldSamples = 0;
    const reading = telling.map(({ scalars }) => readLogged(scalars, readsAtOnce));
    const tell = (read: readonly (readonly number[])[]) => {
      for (const { scalars } of telling) disposeLogged(scalars);
      const told = telling.flatMap(({ samples, weight, learningRate, applied, names }, index) => {
        const [loss, ...values] = read[index]!;
        const metrics = Object.fromEntries(names.map((name, at) => [name, values[at]!]));
        const rate = learningRate === undefined ? {} : { learningRate };
        return settled(accumulator.next({ loss: loss!, samples, weight, metrics, ...rate }), applied);
      });
      return events.emit(told);
    };
    const isRead = (values: number[] | Promise<number[]>): values is number[] => Array.isArray(values);
    return reading.every(isRead) ? tell(reading) : Promise.all(reading).then(tell);
  }

  const nextMicroBatch = () => (microBatches === plan.microBatchesPerEpoch ? 1 : microBatches + 1);

  return {
    accumulator,
    get ended() {
      return ended;
    },
    get hasTrained() {
      return hasTrained;
    },
    get microBatches() {
      return microBatches;
    },
    async start(diagnostics) {
      await events.emit([...accumulator.start(), ...diagnostics.flatMap((each) => accumulator.diagnose(each))]);
    },
    tailIsDropped: (samplesLeft) => untold.length === 0 && accumulator.tailIsDropped(samplesLeft),
    train({ samples, weight }, compute) {
      const target = accumulator.nextTarget();
      const isFlushed = policy.lastWindow === 'flush' && nextMicroBatch() === plan.microBatchesPerEpoch;
      const isFull = isFlushed || accumulator.windowSamples + untoldSamples + samples >= target;
      // A step divided by a total weight of 0 would turn every parameter into NaN.
      if (isFull && windowWeight + weight === 0) {
        throw new RangeError('weight: the micro-batches of the window that is full now weigh 0 in all');
      }
      const learningRate = optimizerStep.learningRate();
      const { loss, gradients } = compute(weight / target);
      gradientSum.add(gradients);
      microBatches = nextMicroBatch();
      hasTrained = true;
      untoldSamples += samples;
      windowWeight += weight;
      const applied = isFull ? step(target, policy.normalize === 'target' ? target : windowWeight) : undefined;
      untold.push({ samples, weight, learningRate, applied, names: [], scalars: [holdLogged(loss)] });
      return loss;
    },
    passOver() {
      microBatches = nextMicroBatch();
    },
    tell(metrics) {
      const last = untold.at(-1)!;
      last.names = Object.keys(metrics);
      last.scalars = [...last.scalars, ...Object.values(metrics).map(holdLogged)];
      // Where reading waits for all that the device still has to do, losses are read once a window.
      return readingStalls() && last.applied === undefined ? undefined : tellUntold();
    },
    async closeEpoch() {
      const waits = tellUntold();
      if (waits !== undefined) await waits;
      const status = accumulator.closeEpoch();
      const applied = status.window === 'full' ? step(status.target, status.normalizer) : undefined;
      await events.emit(settled(status, applied));
    },
    async endEpoch(valid) {
      const waits = tellUntold();
      if (waits !== undefined) await waits;
      microBatches = 0;
      await events.emit(accumulator.endEpoch(valid));
    },
    log(values) {
      events.emit(accumulator.log(values));
    },
    async diagnose(diagnostic) {
      await events.emit(accumulator.diagnose(diagnostic));
    },
    async end(outcome, error) {
      if (ended) return;
      ended = true;
      forgetWindow();
      let end = () => accumulator.end(outcome, error);
      try {
        const waits = tellUntold();
        if (waits !== undefined) await waits;
      } catch (cause) {
        end = () => accumulator.end('failed', error ?? String(cause));
      }
      const sent = events.emit(end());
      if (sent !== undefined) await sent;
      events.complete();
    },
  };
}
