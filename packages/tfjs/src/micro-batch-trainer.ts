import { type TrainEvent, type WindowStatus, whenRelieved } from '@microbatch/core';
import type * as tf from '@tensorflow/tfjs';
import type { GradientSum } from './gradient-sum.js';
import { computeMicroBatch } from './gradients.js';
import { createPacer } from './macrotask.js';
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
}

/** Trains micro-batches, and steps the optimizer where their window is full. */
export interface MicroBatchTrainer<B> {
  train(batch: B): Promise<void>;
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
  readonly weight: number;
  readonly loss: tf.Tensor;
  readonly metrics: NamedScalars;
  readonly learningRate: number | undefined;
}

export function createMicroBatchTrainer<B>(parts: TrainingParts<B>): MicroBatchTrainer<B> {
  const { trainable, accumulator, gradientSum, optimizerStep, stop, emit, weight, nextHistograms } = parts;
  const pace = createPacer();
  let computed: ComputedMicroBatch[] = [];
  let computedSamples = 0;

  async function train(batch: B): Promise<void> {
    const samples = trainable.check('data', batch);
    const share = weight?.(batch) ?? samples;
    const target = accumulator.nextTarget();
    const { loss, metrics, gradients } = computeMicroBatch(trainable, batch, share / target);
    gradientSum.add(gradients);
    const learningRate = optimizerStep.learningRate(accumulator.windowStart);
    computed.push({ samples, weight: share, loss, metrics, learningRate });
    computedSamples += samples;
    // Where reading waits for all that the device still has to do, losses are read once a window.
    if (!readingStalls() || accumulator.windowSamples + computedSamples >= target) await readLosses();
    const turn = pace();
    if (turn !== undefined) await turn;
    const relief = whenRelieved(accumulator.run.id);
    if (relief !== undefined) await stop.orStop(relief);
  }

  async function readLosses(): Promise<void> {
    const reading = computed.map(({ loss, metrics }) => readScalars(loss, metrics));
    const read = computed;
    computed = [];
    computedSamples = 0;
    for (const [index, { samples, weight, learningRate }] of read.entries()) {
      const values = reading[index]!;
      const { loss, metrics } = values instanceof Promise ? await values : values;
      const rate = learningRate === undefined ? {} : { learningRate };
      await settle(accumulator.next({ loss, samples, weight, metrics, ...rate }));
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
    get isSettled() {
      return computed.length === 0;
    },
    readLosses,
    settle,
    dispose() {
      for (const { loss, metrics } of computed)
        for (const tensor of [loss, ...Object.values(metrics)]) tensor.dispose();
      computed = [];
    },
  };
}
