import { type AccumulationPolicy, createAccumulator, type RunOptions, type TrainingPlan } from '@microbatch/core';
import type * as tf from '@tensorflow/tfjs';
import { claimOptimizer } from '../optimizer-claims.js';
import { completeBackend } from '../wasm-kernels/register-wasm-kernels.js';
import type { AccumulateGradientsOptions } from './accumulate-gradients-options.js';
import { type AccumulationRun, createAccumulationRun } from './accumulation-run.js';
import type { RunStream } from './run-stream.js';
import { createVariableOrder, type VariableOrder } from './variable-order.js';
import { createWindowGradient, stepsLate } from './window-gradient.js';

/** Makes the runs of one optimizer, one after the other. */
export interface RunFactory {
  /** The same for all of them, as is the optimizer's state. */
  readonly order: VariableOrder;
  /** Steps follow when the device was read, which `minimize` can't wait for. */
  readonly stepsLate: boolean;
  /** The run under way. */
  readonly current: AccumulationRun | undefined;
  /** Begins a run. Throws a `TypeError` or `RangeError` where plan, policy and options do not fit. */
  begin(plan: TrainingPlan, how: { readonly readsAtOnce: boolean }): AccumulationRun;
  /** No run came of what should have begun one: lets go who waits for it. */
  giveUp(): void;
}

export function createRunFactory(
  optimizer: tf.Optimizer,
  policy: AccumulationPolicy,
  options: AccumulateGradientsOptions,
  stream: RunStream,
): RunFactory {
  let run: AccumulationRun | undefined;
  let made = 0;
  const current = () => (run?.ended === false ? run : undefined);
  const isStateless = () => optimizer.getClassName() === 'SGD' || optimizer.iterations === 0;
  const order = createVariableOrder(() => !current()?.hasTrained && isStateless());

  function runOptions(): RunOptions {
    const { run: about = {} } = options;
    if (typeof about === 'function') return about(made);
    if (about.id === undefined || made === 0) return about;
    throw new RangeError(
      `run.id: ${about.id} is the run before; give run as a function of the run's index, so that each fit has an id of its own`,
    );
  }

  return {
    order,
    get stepsLate() {
      return stepsLate(options);
    },
    get current() {
      return current();
    },
    begin(plan, { readsAtOnce }) {
      completeBackend();
      const accumulator = createAccumulator(policy, plan, { run: runOptions() });
      const claim = claimOptimizer(optimizer, accumulator.run.id);
      made += 1;
      run = createAccumulationRun({
        accumulator,
        gradient: createWindowGradient(optimizer, order, options, { accumulator, claim }),
        release: claim.release,
        events: stream.begin(accumulator.run.id),
        raises: options.nonFinite === 'raise',
        stepsLate: stepsLate(options),
        readsAtOnce,
      });
      return run;
    },
    giveUp: () => stream.giveUp(),
  };
}
