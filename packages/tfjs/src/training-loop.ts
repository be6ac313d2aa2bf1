import type { RunOutcome } from '@microbatch/core';
import { forEachBatch } from './for-each-batch.js';
import { createPacer } from './macrotask.js';
import { createMicroBatchTrainer, type TrainingParts } from './micro-batch-trainer.js';

/** Trains all epochs, up to but without `run-end`. */
export async function trainEpochs<B>(parts: TrainingParts<B>): Promise<Exclude<RunOutcome, 'failed'>> {
  const { data, epochs, accumulator, stop, emit, validate, measurements } = parts;
  const { times } = measurements;
  const trainer = createMicroBatchTrainer(parts);
  const pace = createPacer();
  let shortEpochTold = false;

  const wanted = (count: number) =>
    count < (data.microBatchesPerEpoch ?? Number.POSITIVE_INFINITY) &&
    !(trainer.isSettled && accumulator.tailIsDropped(samplesLeft(count)));

  times?.begin();
  try {
    for (let epoch = 0; epoch < epochs; epoch++) {
      const { count, exhausted } = await readEpoch(epoch);
      if (stop.requested) return 'stopped';
      if (exhausted) await tellShortEpoch(count, epoch);
      await trainer.settle(accumulator.closeEpoch());
      const valid = await validate?.(epoch, stop, pace);
      times?.leaveOut();
      if (stop.requested) return 'stopped';
      await emit(accumulator.endEpoch(valid));
      times?.lap('logMs');
    }
    return 'finished';
  } finally {
    trainer.dispose();
  }

  async function readEpoch(epoch: number) {
    try {
      const read = await forEachBatch(data, epoch, stop, wanted, trainer.train);
      await trainer.readLosses();
      return read;
    } catch (error) {
      // What was trained before is told; the first error is the one to tell.
      await trainer.readLosses().catch(() => {});
      throw error;
    }
  }

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
