import { type Metrics, type TrainEvent, type WindowStatus, whenRelieved } from '@microbatch/core';
import type * as tf from '@tensorflow/tfjs';
import { createAdmission, type FiniteCheck } from './admission.js';
import type { DataPosition } from './checkpoint/checkpoint-content.js';
import type { Checkpointer } from './checkpoint/checkpointer.js';
import type { GradientSum } from './gradient-sum.js';
import { computeMicroBatch } from './gradients.js';
import { createPacer } from './macrotask.js';
import { type NonFiniteParts, nonFiniteError } from './non-finite.js';
import type { PreparedTraining } from './prepare-training.js';
import { readScalars } from './read-scalars.js';
import { readingStalls } from './read-values.js';
import type { StopSignal } from './stop-signal.js';
import type { NamedScalars } from './trainable.js';

/** A prepared training with what a run needs besides. */
export interface TrainingParts<B> extends PreparedTraining<B> {
  readonly gradientSum: GradientSum;
  readonly stop: StopSignal;
  /** A promise only where a recorded logger makes training wait. */
  readonly emit: (events: readonly TrainEvent[]) => Promise<void> | undefined;
  readonly checkpointer: Checkpointer;
  /** Where training begins. */
  readonly start: DataPosition;
}

/** Trains micro-batches, and steps the optimizer where their window is full. */
export interface MicroBatchTrainer<B> {
  train(batch: B): Promise<void>;
  /** Micro-batches trained, with those that the accumulator does not know of yet. */
  readonly microStep: number;
  /** Whether the accumulator knows of every micro-batch trained. */
  readonly isSettled: boolean;
  /** Tells the accumulator of micro-batches whose losses are still on the device. */
  readLosses(): Promise<void>;
  /** Emits what an accumulator said; steps where the window is full. */
  settle(status: WindowStatus): Promise<void>;
  /** Disposes losses that nobody will read. */
  dispose(): void;
}

/** A micro-batch that was computed, and whose losses were not read yet. */
interface ComputedMicroBatch {
  readonly samples: number;
  readonly weight: number | tf.Tensor;
  readonly loss: tf.Tensor;
  readonly metrics: NamedScalars;
  readonly learningRate: number | undefined;
  readonly check?: FiniteCheck;
}

interface ReadMicroBatch extends Pick<ComputedMicroBatch, 'samples' | 'learningRate'> {
  readonly weight: number;
  readonly loss: number;
  readonly metrics: Metrics;
  readonly nonFinite: NonFiniteParts | undefined;
}

export function createMicroBatchTrainer<B>(parts: TrainingParts<B>): MicroBatchTrainer<B> {
  const { trainable, accumulator, gradientSum, optimizerStep, stop, emit, weight, draws, nextHistograms } = parts;
  const admit = createAdmission(parts.nonFinite, trainable, gradientSum);
  const byTarget = accumulator.run.policy.normalize === 'target';
  const pace = createPacer();
  let computed: ComputedMicroBatch[] = [];
  let computedSamples = 0;
  let microStep = accumulator.run.resumedAt?.microStep ?? 0;

  async function train(batch: B): Promise<void> {
    const samples = trainable.check('data', batch);
    const target = accumulator.nextTarget();
    const learningRate = optimizerStep.learningRate(accumulator.windowStart);
    const weigh = () => weight?.(batch) ?? trainable.weigh?.(batch, true) ?? samples;
    // Divided by its target, a window that overshoots it would count penalties for more than one.
    const missing = target - accumulator.windowSamples - computedSamples;
    const penaltyShare = byTarget ? Math.min(1, missing / samples) : 1;
    const compute = () => computeMicroBatch(trainable, batch, { weigh, target, penaltyShare });
    const admitted = admit(draws === undefined ? compute : () => draws(microStep + computed.length + 1, compute));
    computed.push({ samples, learningRate, ...admitted });
    computedSamples += samples;
    // Where reading waits for all that the device still has to do, losses are read once a window.
    if (!readingStalls() || accumulator.windowSamples + computedSamples >= target) await readLosses();
    const turn = pace();
    if (turn !== undefined) await turn;
    const relief = whenRelieved(accumulator.run.id);
    if (relief !== undefined) await stop.orStop(relief);
  }

  async function readLosses(): Promise<void> {
    const reading = computed.map(readMicroBatch);
    computed = [];
    computedSamples = 0;
    // All of them, so that an error leaves no read under way.
    const read = reading.some((values) => values instanceof Promise) ? await Promise.all(reading) : reading;
    for (const { samples, weight, loss, metrics, learningRate, nonFinite } of read as ReadMicroBatch[]) {
      microStep += 1;
      if (nonFinite !== undefined && parts.nonFinite === 'raise') throw nonFiniteError(microStep, loss, nonFinite);
      const rate = learningRate === undefined ? {} : { learningRate };
      const skipped = nonFinite === undefined ? {} : ({ skipped: true } as const);
      await settle(accumulator.next({ loss, samples, weight, metrics, ...rate, ...skipped }));
    }
  }

  async function settle({ events, window, target, normalizer }: WindowStatus): Promise<void> {
    const sent = emit(events);
    if (sent !== undefined) await sent;
    if (events.some(({ type }) => type === 'discarded-window')) gradientSum.clear();
    if (window === 'open') return;
    // The micro-batches were scaled by weight / target, before the window's weight was known.
    if (normalizer !== target) gradientSum.multiply(target / normalizer);
    const histograms = nextHistograms?.();
    const applying = optimizerStep.apply(gradientSum, accumulator.windowStart, histograms?.readGradients);
    const applied = applying instanceof Promise ? await applying : applying;
    gradientSum.clear();
    const weightsRead = histograms?.readWeights();
    if (weightsRead !== undefined) await weightsRead;
    const told = emit(accumulator.applied(applied));
    if (told !== undefined) await told;
    if (histograms !== undefined) await emit(histograms.events(accumulator));
  }

  return {
    train,
    get microStep() {
      return microStep + computed.length;
    },
    get isSettled() {
      return computed.length === 0;
    },
    readLosses,
    settle,
    dispose() {
      for (const { loss, metrics, weight, check } of computed) {
        for (const tensor of [loss, ...Object.values(metrics), weight])
          if (typeof tensor !== 'number') tensor.dispose();
        check?.dispose();
      }
      computed = [];
    },
  };
}

function readMicroBatch({
  loss,
  metrics,
  weight,
  check,
  ...known
}: ComputedMicroBatch): ReadMicroBatch | Promise<ReadMicroBatch> {
  const scalars = readScalars(loss, metrics, weight);
  const nonFinite = check?.read();
  if (!(scalars instanceof Promise || nonFinite instanceof Promise)) return { ...known, ...scalars, nonFinite };
  return Promise.all([scalars, nonFinite]).then(([values, parts]) => ({ ...known, ...values, nonFinite: parts }));
}
