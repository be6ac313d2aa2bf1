import type { Accumulator, HistogramValue, TrainEvent } from '@microbatch/core';
import type * as tf from '@tensorflow/tfjs';
import type { NamedGradient } from './gradient-sum.js';
import { abbreviate, assertKnownOptions, assertOptional, assertPositiveInteger } from './option-checks.js';
import { readValues } from './read-values.js';

/** Which distributions of its variables a run logs, and how often. */
export interface HistogramOptions {
  /** Optimizer steps from one `log` event to the next: 10 means after steps 10, 20, 30. */
  readonly every: number;
  /** `weights/<name of the variable>`: its values after the step; true by default. */
  readonly weights?: boolean;
  /** `gradients/<name of the variable>`: the window's mean gradient, as the optimizer got it; true by default. */
  readonly gradients?: boolean;
}

/** The histograms of one optimizer step. */
export interface StepHistograms {
  /** Reads what the optimizer is about to apply; a promise only on backends that would stall. */
  readGradients(gradients: readonly NamedGradient[]): Promise<void> | undefined;
  /** Reads the variables after the step. */
  readWeights(): Promise<void> | undefined;
  /** What to tell once the step itself was told. */
  events(accumulator: Accumulator): readonly TrainEvent[];
}

/** Checks the option. Throws a `TypeError` or `RangeError` that names it and the value. */
export function assertHistogramOptions(options: unknown): asserts options is HistogramOptions {
  assertKnownOptions('histograms', options, ['every', 'weights', 'gradients']);
  const { every, weights, gradients } = options as Partial<HistogramOptions>;
  assertPositiveInteger('histograms.every', every);
  assertOptional('histograms.weights', weights, 'boolean');
  assertOptional('histograms.gradients', gradients, 'boolean');
  if (weights === false && gradients === false) {
    throw new RangeError('histograms.weights and histograms.gradients are both false: nothing is left to log');
  }
}

/**
 * Counts optimizer steps on from `stepsTaken`; what it returns, called for each, gives what reads its histograms where they
 * are due.
 */
export function createHistograms(
  variables: readonly tf.Variable[],
  { every, weights = true, gradients = true }: HistogramOptions,
  stepsTaken: number,
): () => StepHistograms | undefined {
  const namedVariables = variables.map((variable) => ({ name: variable.name, tensor: variable }));
  let nonFiniteTold = false;

  function stepHistograms(step: number): StepHistograms {
    const values: Record<string, HistogramValue> = {};
    const nonFinite: string[] = [];

    function note(prefix: string, named: readonly NamedGradient[]): Promise<void> | undefined {
      const present = named.flatMap(({ name, tensor }) =>
        tensor === null ? [] : { key: `${prefix}/${name}`, tensor },
      );
      const take = (read: readonly ArrayLike<number>[]) => {
        read.forEach((all, index) => {
          const { key } = present[index]!;
          const finite = finiteValues(all);
          if (finite.length < all.length) nonFinite.push(`${all.length - finite.length} of ${all.length} in ${key}`);
          if (finite.length > 0) values[key] = { kind: 'histogram', values: finite };
        });
      };
      const read = readValues(present.map(({ tensor }) => tensor));
      if (read instanceof Promise) return read.then(take);
      take(read);
      return undefined;
    }

    return {
      readGradients: (named) => (gradients ? note('gradients', named) : undefined),
      readWeights: () => (weights ? note('weights', namedVariables) : undefined),
      events(accumulator) {
        const told = Object.keys(values).length === 0 ? [] : accumulator.log(values);
        if (nonFinite.length === 0 || nonFiniteTold) return told;
        nonFiniteTold = true;
        const message = `histograms of step ${step} leave out values that are NaN or infinite (${abbreviate(nonFinite)})`;
        return [...told, ...accumulator.diagnose({ level: 'warn', code: 'non-finite-histogram', message })];
      },
    };
  }

  return () => {
    stepsTaken += 1;
    return stepsTaken % every === 0 ? stepHistograms(stepsTaken) : undefined;
  };
}

/** A copy without NaN and infinities, which have no place on a histogram's axis. */
function finiteValues(all: ArrayLike<number>): Float64Array {
  const finite = new Float64Array(all.length);
  let count = 0;
  for (let index = 0; index < all.length; index += 1) {
    const value = all[index]!;
    if (Number.isFinite(value)) finite[count++] = value;
  }
  return finite.subarray(0, count);
}
