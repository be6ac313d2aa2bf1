import { type TrainEvent, type WindowStatus, whenRelieved } from '@microbatch/core';
import * as tf from '@tensorflow/tfjs';
import { createAdmission } from './admission.js';
import type { DataPosition } from './checkpoint/checkpoint-content.js';
import type { Checkpointer } from './checkpoint/checkpointer.js';
import type { GradientSum } from './gradient-sum.js';
import { computeMicroBatch } from './gradients.js';
import { createPacer } from './macrotask.js';
import { nonFiniteError } from './non-finite.js';
import type { PreparedTraining } from './prepare-training.js';
import { readTogether } from './read-together.js';
import { readingStalls } from './read-values.js';
import { squaredNorm } from './squared-norm.js';
import type { StopSignal } from './stop-signal.js';
import { numbersOf, type UnreadMicroBatch, unreadTensors } from './unread-micro-batch.js';

/** A prepared training with what a run needs besides. */
export interface TrainingParts<B> extends PreparedTraining<B> {
  readonly gradientSum: GradientSum;
  readonly stop: StopSignal;
  /** A promise only where a recorded logger makes training wait. */
  readonly emit: (events: readonly TrainEvent[]) => Promise<void> | undefined;
  readonly checkpointer: Checkpointer;
  /** Where training begins. */
  readonly start: DataPosition;
  /** The run had come to its end before: nothing is left to train. */
  readonly wasFinished: boolean;
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
interface ComputedMicroBatch extends UnreadMicroBatch {
  readonly samples: number;
  readonly learningRate: number | undefined;
  readonly target: number;
}

export function createMicroBatchTrainer<B>(parts: TrainingParts<B>): MicroBatchTrainer<B> {
  const {
    trainable,
    accumulator,
    gradientSum,
    optimizerStep,
    stop,
    emit,
    weight,
    draws,
    nextHistograms,
    measurements,
  } = parts;
  const { noiseScale, times } = measurements;
  const admit = createAdmission(parts.nonFinite, trainable, gradientSum);
  const byTarget = accumulator.run.policy.normalize === 'target';
  const pace = createPacer();
  let computed: ComputedMicroBatch[] = [];
  let computedSamples = 0;
  let samplesSinceStep = 0;

  const trainedMicroBatches = () => accumulator.microStep + computed.length;

  async function train(batch: B): Promise<void> {
    times?.lap();
    const samples = trainable.check('data', batch);
    const target = accumulator.nextTarget();
    const learningRate = optimizerStep.learningRate(accumulator.windowStart);
    const weigh = () => weight?.(batch) ?? trainable.weigh?.(batch, true) ?? samples;
    // Divided by its target, a window that overshoots it would count penalties for more than one.
    const missing = target - accumulator.windowSamples - computedSamples;
    const penaltyShare = byTarget ? Math.min(1, missing / samples) : 1;
    let squares: number | tf.Scalar | undefined;
    const compute = () => {
      const tensors = computeMicroBatch(trainable, batch, { weigh, target, penaltyShare });
      times?.lap('forwardBackwardMs');
      squares = noiseScale && squaredNorm(tensors.gradients);
      return tensors;
    };
    const admitted = admit(draws === undefined ? compute : () => draws(trainedMicroBatches() + 1, compute));
    times?.lap('accumulateMs');
    computed.push({ samples, learningRate, ...admitted, squares, target });
    computedSamples += samples;
    samplesSinceStep += samples;
    // Where reading waits for all that the device still has to do, losses are read once a window.
    if (!readingStalls() || accumulator.windowSamples + computedSamples >= target) await readLosses();
    const turn = pace();
    if (turn !== undefined) await turn;
    times?.lap();
    const relief = whenRelieved(accumulator.run.id);
    if (relief === undefined) return;
    await stop.orStop(relief);
    times?.lap('logMs');
  }

  async function readLosses(): Promise<void> {
    if (computed.length === 0) return;
    const read = computed;
    computed = [];
    computedSamples = 0;
    const reading = readTogether(unreadTensors(read));
    const values = reading instanceof Promise ? await reading : reading;
    times?.lap('forwardBackwardMs');
    for (const [index, { loss, metrics, weight, nonFinite, squares }] of numbersOf(read, values).entries()) {
      const { samples, learningRate, target } = read[index]!;
      if (nonFinite !== undefined && parts.nonFinite === 'raise')
        throw nonFiniteError(accumulator.microStep + 1, loss, nonFinite);
      if (nonFinite === undefined && squares !== undefined) {
        // As the backward pass took it, so that it is undone without a remainder.
        const scale = Math.fround(weight / target);
        noiseScale?.add({ samples, weight, squaredNorm: weight === 0 ? 0 : squares / scale ** 2 });
      }
      const rate = learningRate === undefined ? {} : { learningRate };
      const skipped = nonFinite === undefined ? {} : ({ skipped: true } as const);
      await settle(accumulator.next({ loss, samples, weight, metrics, ...rate, ...skipped }));
    }
  }

  async function settle({ events, window, target, normalizer }: WindowStatus): Promise<void> {
    const sent = emit(events);
    if (sent !== undefined) await sent;
    times?.lap('logMs');
    if (events.some(({ type }) => type === 'discarded-window')) {
      gradientSum.clear();
      noiseScale?.clear();
    }
    if (window === 'open') return;
    // The micro-batches were scaled by weight / target, before the window's weight was known.
    if (normalizer !== target) gradientSum.multiply(target / normalizer);
    const histograms = nextHistograms?.();
    const applying = optimizerStep.apply(gradientSum, accumulator.windowStart, histograms?.readGradients);
    const applied = applying instanceof Promise ? await applying : applying;
    gradientSum.clear();
    const weightsRead = histograms?.readWeights();
    if (weightsRead !== undefined) await weightsRead;
    times?.lap('applyMs');
    const measured = measurements.take(applied, { normalizer, samples: samplesSinceStep });
    samplesSinceStep = 0;
    const told = emit(accumulator.applied(measured));
    if (told !== undefined) await told;
    if (histograms !== undefined) await emit(histograms.events(accumulator));
    times?.lap('logMs');
  }

  return {
    train,
    get microStep() {
      return trainedMicroBatches();
    },
    get isSettled() {
      return computed.length === 0;
    },
    readLosses,
    settle,
    dispose() {
      tf.dispose(unreadTensors(computed));
      computed = [];
    },
  };
}
