import { type RunOutcome, type TrainEvent, type WindowStatus, whenRelieved } from '@microbatch/core';
import { forEachBatch } from './for-each-batch.js';
import type { GradientSum } from './gradient-sum.js';
import { computeMicroBatch } from './gradients.js';
import { learningRateOf } from './learning-rate.js';
import { createPacer } from './macrotask.js';
import type { PreparedTraining } from './prepare-training.js';
import { readScalars } from './read-scalars.js';
import type { StopSignal } from './stop-signal.js';

/** A prepared training with what a run needs besides. */
export interface TrainingParts<B> extends PreparedTraining<B> {
  readonly gradientSum: GradientSum;
  readonly stop: StopSignal;
  /** A promise only where a recorded logger makes training wait. */
  readonly emit: (events: readonly TrainEvent[]) => Promise<void> | undefined;
}

/** Trains all epochs, up to but without `run-end`. */
export async function trainEpochs<B>(parts: TrainingParts<B>): Promise<Exclude<RunOutcome, 'failed'>> {
  const { trainable, optimizer, data, epochs, accumulator, gradientSum, stop, emit, weight, validate, nextHistograms } =
    parts;
  const pace = createPacer();
  let shortEpochTold = false;

  async function trainMicroBatch(batch: B): Promise<void> {
    const samples = trainable.check('data', batch);
    const share = weight?.(batch) ?? samples;
    const tensors = computeMicroBatch(trainable, batch, share / accumulator.nextTarget());
    gradientSum.add(tensors.gradients);
    const reading = readScalars(tensors.loss, tensors.metrics);
    const { loss, metrics } = reading instanceof Promise ? await reading : reading;
    await settle(accumulator.next({ loss, samples, weight: share, metrics, ...learningRate() }));
    const turn = pace();
    if (turn !== undefined) await turn;
    const relief = whenRelieved(accumulator.run.id);
    if (relief !== undefined) await stop.orStop(relief);
  }

  async function settle({ events, window, target, normalizer }: WindowStatus): Promise<void> {
    const sent = emit(events);
    if (sent !== undefined) await sent;
    if (events.some(({ type }) => type === 'discarded-window')) gradientSum.clear();
    if (window === 'open') return;
    // The micro-batches were scaled by weight / target, before the window's weight was known.
    if (normalizer !== target) gradientSum.multiply(target / normalizer);
    const gradients = gradientSum.named();
    const histograms = nextHistograms?.();
    const gradientsRead = histograms?.readGradients(gradients);
    if (gradientsRead !== undefined) await gradientsRead;
    optimizer.applyGradients(gradients);
    gradientSum.clear();
    const weightsRead = histograms?.readWeights();
    if (weightsRead !== undefined) await weightsRead;
    const told = emit(accumulator.applied(learningRate()));
    if (told !== undefined) await told;
    if (histograms !== undefined) await emit(histograms.events(accumulator));
  }

  function learningRate(): { learningRate?: number } {
    const rate = learningRateOf(optimizer);
    return rate === undefined ? {} : { learningRate: rate };
  }

  const wanted = (count: number) =>
    count < (data.microBatchesPerEpoch ?? Number.POSITIVE_INFINITY) && !accumulator.tailIsDropped(samplesLeft(count));

  for (let epoch = 0; epoch < epochs; epoch++) {
    const { count, exhausted } = await forEachBatch(data, epoch, stop, wanted, trainMicroBatch);
    if (stop.requested) return 'stopped';
    if (exhausted) await tellShortEpoch(count, epoch);
    await settle(accumulator.closeEpoch());
    const valid = await validate?.(epoch, stop, pace);
    if (stop.requested) return 'stopped';
    await emit(accumulator.endEpoch(valid));
  }
  return 'finished';

  function samplesLeft(count: number): number | undefined {
    const { samplesPerEpoch, microBatchSize } = data;
    if (samplesPerEpoch === undefined || microBatchSize === undefined) return undefined;
    return Math.max(samplesPerEpoch - count * microBatchSize, 0);
  }

  async function tellShortEpoch(count: number, epoch: number): Promise<void> {
    if (count === 0) {
      const reread = epoch === 0 ? '' : ': an iterable that can be read once? Give a function that returns a fresh one';
      throw new RangeError(`data yielded no micro-batch in epoch ${epoch + 1}${reread}`);
    }
    const planned = data.microBatchesPerEpoch ?? count;
    if (count >= planned || shortEpochTold) return;
    shortEpochTold = true;
    const message = `data ended after ${count} micro-batches in epoch ${epoch + 1}, but microBatchesPerEpoch is ${planned}`;
    await emit(accumulator.diagnose({ level: 'warn', code: 'short-epoch', message }));
  }
}
