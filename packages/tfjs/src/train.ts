import { type EpochEndEvent, type TrainEvent, whenRelieved } from '@microbatch/core';
import { errorText } from './error-text.js';
import { createGradientSum } from './gradient-sum.js';
import { nextMacrotask } from './macrotask.js';
import { claimOptimizer } from './optimizer-claims.js';
import { prepareTraining } from './prepare-training.js';
import { createRunEvents } from './run-events.js';
import { createStopSignal } from './stop-signal.js';
import type { LabelledBatch } from './tensors.js';
import type { CustomTrainOptions, TrainOptions, TrainResult, TrainRun } from './train-options.js';
import { trainEpochs } from './training-loop.js';

/**
 * Trains a model with accumulated gradients. Training starts in a task of its own after this returned, so that
 * subscribers miss nothing. Throws a `TypeError` or `RangeError` that names the option and the value, before any work.
 */
export function train<B = LabelledBatch>(options: CustomTrainOptions<B>): TrainRun;
export function train<B = LabelledBatch>(options: TrainOptions<B>): TrainRun;
export function train<B>(options: TrainOptions<B>): TrainRun {
  const training = prepareTraining(options);
  const { accumulator, diagnostics, earlyStopping, trainable, statefulParts } = training;
  const { events$, ...events } = createRunEvents(() => whenRelieved(accumulator.run.id));
  const stop = createStopSignal();
  const gradientSum = createGradientSum(trainable.variables);
  const history: EpochEndEvent[] = [];

  function emit(emitted: readonly TrainEvent[]): Promise<void> | undefined {
    for (const event of emitted) if (event.type === 'epoch-end') history.push(event);
    return events.emit(emitted);
  }

  const { variables } = trainable;
  const context = { accumulator, gradientSum, variables, parts: statefulParts, history, emit };
  const { restore, resumeLoggers, ...opened } = training.checkpoints.open(context);
  const { checkpointer } = opened;
  // Last of what can throw: what is refused must not keep the optimizer.
  const claim = claimOptimizer(options.optimizer, accumulator.run.id, variables);

  async function run(): Promise<TrainResult> {
    await nextMacrotask();
    const forgetLoggers = resumeLoggers();
    await emit(accumulator.start());
    try {
      restore();
      for (const diagnostic of diagnostics) await emit(accumulator.diagnose(diagnostic));
      const outcome = await trainEpochs({ ...training, ...opened, gradientSum, stop, emit });
      await checkpointer.settled();
      await emit(accumulator.end(outcome));
      events.complete();
      const judged = earlyStopping === undefined ? {} : { earlyStopping: earlyStopping.result() };
      return { history: Object.freeze(history), outcome, ...judged };
    } catch (error) {
      await checkpointer.settled();
      await emit(accumulator.end('failed', errorText(error)));
      events.error(error);
      throw error;
    } finally {
      forgetLoggers();
      gradientSum.clear();
      earlyStopping?.dispose();
      claim.release();
    }
  }

  const done = run();
  // Who looks at `done` gets the rejection; nobody has to.
  done.catch(() => {});
  return {
    id: accumulator.run.id,
    events$,
    done,
    stop: () => stop.request(),
    log(values) {
      emit(accumulator.log(values));
    },
  };
}
