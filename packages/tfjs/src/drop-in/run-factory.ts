import { type AccumulationPolicy, createAccumulator, type RunOptions, type TrainingPlan } from '@microbatch/core';
import type * as tf from '@tensorflow/tfjs';
import { createGradientSum } from '../gradient-sum.js';
import { createOptimizerStep } from '../optimizer-step.js';
import type { AccumulateGradientsOptions } from './accumulate-gradients-options.js';
import { type AccumulationRun, createAccumulationRun } from './accumulation-run.js';
import type { RunStream } from './run-stream.js';
import { createVariableOrder, type VariableOrder } from './variable-order.js';

/** Makes the runs of one optimizer, one after the other. */
export interface RunFactory {
  /** The same for all of them, as is the optimizer's state. */
  readonly order: VariableOrder;
  /** The run under way. */
  readonly current: AccumulationRun | undefined;
  /** Begins a run. Throws a `TypeError` or `RangeError` where plan, policy and options do not fit. */
  begin(plan: TrainingPlan, how: { readonly readsAtOnce: boolean }): AccumulationRun;
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
  const gradientSum = createGradientSum(order.variables);
  const optimizerStep = createOptimizerStep(optimizer);

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
    get current() {
      return current();
    },
    begin(plan, { readsAtOnce }) {
      const accumulator = createAccumulator(policy, plan, { run: runOptions() });
      made += 1;
      const events = stream.begin(accumulator.run.id);
      run = createAccumulationRun({ accumulator, gradientSum, optimizerStep, events, readsAtOnce });
      return run;
    },
  };
}
