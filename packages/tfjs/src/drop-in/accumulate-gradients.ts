import type { AccumulationPolicy, LogValues, Metrics, RunOutcome, TrainEvent } from '@microbatch/core';
import * as tf from '@tensorflow/tfjs';
import type { Observable } from 'rxjs';
import { assertOptimizer } from '../assert-optimizer.js';
import { createOptimizerStep } from '../optimizer-step.js';
import { type AccumulateGradientsOptions, assertAccumulateGradients } from './accumulate-gradients-options.js';
import { accumulatingOptimizer } from './accumulating-optimizer.js';
import { FitCallback } from './fit-callback.js';
import { createFitSession } from './fit-session.js';
import { createHandLoop } from './hand-loop.js';
import { createRunFactory } from './run-factory.js';
import { createRunStream } from './run-stream.js';

/** What makes `model.fit` accumulate. */
export interface GradientAccumulation {
  /**
   * For `model.compile`: the optimizer that was given, which now steps once a window. Its `dispose()` disposes that too, and
   * ends a run that is under way.
   */
  readonly optimizer: tf.Optimizer;
  /**
   * For `callbacks` of `fit` and `fitDataset`. Among others it belongs first, if they are tf.Callbacks; else see
   * `withCallbacks`. It gives the event loop a turn every 16 ms; `yieldEvery` means plain objects alone.
   */
  readonly callback: tf.Callback;
  /** For `callbacks` of a fit that has others: this one first. Plain objects and tf.Callbacks can be mixed, which tfjs cannot. */
  withCallbacks(...others: readonly tf.CustomCallbackArgs[]): (tf.Callback | tf.CustomCallback)[];
  /**
   * For each subscriber one run, from `run-start` to `run-end`: the fit under way, or else the next one. So subscribe, or
   * `record()`, before fit, and once for each fit. It completes also where fit fails, whose promise has the error, and
   * without an event where that trained no batch. Only of arguments that fit refuses before it calls its callbacks nobody
   * learns here: who waits then waits for the next fit.
   */
  readonly events$: Observable<TrainEvent>;
  /** Puts the user's own values into the stream of the run under way. Throws an `Error` where there is none. */
  log(values: LogValues): void;
  /** In a loop of your own: ends an epoch. Its open window is flushed, dropped or kept, as `lastWindow` says. */
  endEpoch(valid?: Metrics): Promise<void>;
  /** In a loop of your own: discards the open window and ends the run, `'finished'` by default; what comes then is another. */
  end(outcome?: RunOutcome, error?: string): Promise<void>;
}

/**
 * Makes an optimizer accumulate, for `model.compile` and `fit` or `fitDataset` as they are. Each fit is a run of its own,
 * with the events of `train()`; its micro-batches are the batches of fit, and count for their samples, because fit's losses,
 * class weights included, are means over samples.
 *
 * Parameters stay as they are until a window is full; then the optimizer steps once, with the window's mean gradient, before
 * fit validates. What fit logs stays what it is. A fit whose `stopTraining` is set at an epoch's end, as early stopping does,
 * has finished; set inside an epoch, it discards the open window and the run is stopped. In a loop of your own, `trainOnBatch`
 * included, regularizers are a part of the loss like any other: under normalize `'target'` they count in a window that
 * overshoots for as much more as its samples do.
 *
 * Throws a `TypeError` or `RangeError` that names the option and the value; where policy and fit do not fit, fit rejects
 * with one.
 */
export function accumulateGradients(
  optimizer: tf.Optimizer,
  policy: AccumulationPolicy,
  options: AccumulateGradientsOptions = {},
): GradientAccumulation {
  assertOptimizer(optimizer);
  assertAccumulateGradients(policy, options);
  // Which checks what is done around a step.
  createOptimizerStep(optimizer, [], options);
  const stream = createRunStream();
  const runs = createRunFactory(optimizer, policy, options, stream);
  const hand = createHandLoop(optimizer, policy, options, runs);
  let disposed = false;

  function assertNotDisposed(call: string): void {
    if (disposed) throw new Error(`${call}: the optimizer is disposed`);
  }

  function minimize(f: () => tf.Scalar, returnCost = false, list?: tf.Variable[]): tf.Scalar | null {
    assertNotDisposed('minimize');
    const loss = callback.session === undefined ? hand.minimize(f, list) : callback.minimize(f, list);
    if (returnCost) return loss;
    loss.dispose();
    return null;
  }

  const accumulating = accumulatingOptimizer(optimizer, {
    minimize,
    computeGradients: hand.computeGradients,
    applyGradients(gradients) {
      assertNotDisposed('applyGradients');
      if (callback.session !== undefined) throw new Error('applyGradients: the optimizer is in a fit');
      hand.applyGradients(gradients);
    },
    dispose() {
      if (disposed) return;
      disposed = true;
      hand.dispose();
      if (callback.session === undefined) runs.current?.end('stopped');
      else callback.session.end(new Error('the optimizer was disposed'));
      stream.close();
      optimizer.dispose();
    },
  });

  const callback: FitCallback = new FitCallback({
    optimizer: accumulating,
    begin: (model, params) => createFitSession(model, params, runs, policy.microBatchSize),
    async beforeFit() {
      assertNotDisposed('fit');
      await runs.current?.end('finished');
    },
    withoutRun: () => runs.giveUp(),
  });

  return {
    optimizer: accumulating,
    callback,
    withCallbacks: (...others) => [
      callback,
      ...others.map((other) =>
        other instanceof tf.Callback || other instanceof tf.CustomCallback
          ? other
          : new tf.CustomCallback(other, 'auto'),
      ),
    ],
    events$: stream.events$,
    log(values) {
      if (runs.current === undefined) throw new Error('log: no run is under way');
      runs.current.log(values);
    },
    endEpoch: hand.endEpoch,
    end: (outcome = 'finished', error) => hand.end(outcome, error),
  };
}
