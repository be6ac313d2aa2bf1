import type { RunOutcome } from '@microbatch/core';
import type { DataPosition } from './checkpoint/checkpoint-content.js';
import { forEachBatch } from './for-each-batch.js';
import { createPacer } from './macrotask.js';
import { createMicroBatchTrainer, type TrainingParts } from './micro-batch-trainer.js';

/** Trains the epochs from `start` on, up to but without `run-end`. */
export async function trainEpochs<B>(parts: TrainingParts<B>): Promise<Exclude<RunOutcome, 'failed'>> {
  const { data, epochs, accumulator, stop, emit, validate, earlyStopping, checkpointer, measurements } = parts;
  const { start, wasFinished } = parts;
  const { times } = measurements;
  const trainer = createMicroBatchTrainer(parts);
  const pace = createPacer();
  let position: DataPosition = start;
  let shortEpochTold = false;

  const wanted = (count: number) =>
    count < (data.microBatchesPerEpoch ?? Number.POSITIVE_INFINITY) &&
    !(trainer.isSettled && accumulator.tailIsDropped(samplesLeft(count)));

  times?.begin();
  try {
    if (accumulator.run.resumedAt === undefined) await saveBeginning();
    while (!isOver() && !stop.requested) await trainEpoch();
    if (!isOver()) {
      await checkpointer.save(position);
      return 'stopped';
    }
    const told = earlyStopping?.finish(position.epoch);
    // Before the checkpoint: a run that is killed in between tells it again, in the place of this time.
    if (told !== undefined && !wasFinished) await emit(accumulator.diagnose(told));
    await checkpointer.save(position, true);
    return 'finished';
  } finally {
    trainer.dispose();
  }

  function isOver(): boolean {
    return position.epoch === epochs || earlyStopping?.result().stoppedAfterEpoch !== undefined;
  }

  /** So that a run that is killed early goes on as the same run, too, over what its loggers have of it already. */
  async function saveBeginning(): Promise<void> {
    await checkpointer.save(position);
    await checkpointer.settled();
  }

  /** Trains the epoch that `position` is in to its end, or to where a stop is requested. */
  async function trainEpoch(): Promise<void> {
    const { epoch } = position;
    if (!position.isRead) {
      const { count, exhausted } = await readEpoch();
      if (stop.requested) return;
      if (exhausted) await tellShortEpoch(count, epoch);
      position = { ...position, isRead: true };
      await trainer.settle(accumulator.closeEpoch());
      await saveIfDue();
    }
    const valid = await validate?.(epoch, stop, pace);
    times?.leaveOut();
    if (stop.requested) return;
    const ended = accumulator.endEpoch(valid);
    await emit(ended);
    times?.lap('logMs');
    for (const event of ended) if (event.type === 'epoch-end') earlyStopping?.judge(event);
    position = { epoch: epoch + 1, microBatch: 0, isRead: false };
    await saveIfDue();
  }

  async function readEpoch() {
    const { epoch, microBatch } = position;
    try {
      const read = await forEachBatch(data, epoch, stop, wanted, trainMicroBatch, microBatch);
      await trainer.readLosses();
      return read;
    } catch (error) {
      // What was trained before is told; the first error is the one to tell.
      await trainer.readLosses().catch(() => {});
      throw error;
    }
  }

  async function trainMicroBatch(batch: B): Promise<void> {
    await trainer.train(batch);
    position = { ...position, microBatch: position.microBatch + 1 };
    await saveIfDue();
  }

  async function saveIfDue(): Promise<void> {
    const done = { microBatches: trainer.microStep, steps: accumulator.step, epochs: position.epoch };
    if (!checkpointer.isDue(done)) return;
    await trainer.readLosses();
    await checkpointer.save(position);
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
