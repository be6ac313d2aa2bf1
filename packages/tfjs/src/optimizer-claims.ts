import * as tf from '@tensorflow/tfjs';

/** An optimizer that one run has, until it gives it back. */
export interface OptimizerClaim {
  /**
   * Says which variables it trains, by position; more may come behind them. Throws a `TypeError` where the optimizer holds the
   * state of another at one of these positions.
   */
  trains(variables: readonly tf.Variable[]): void;
  release(): void;
}

/** tfjs's optimizers keep their state by the position of a variable and say nothing where it is another one. */
interface Learned {
  readonly runId: string;
  readonly variableIds: readonly number[];
}

const runs = new WeakMap<tf.Optimizer, string>();
const learned = new WeakMap<tf.Optimizer, Learned>();

/**
 * Gives an optimizer to a run, which trains these variables as far as it knows. Throws a `TypeError` where a run that has not
 * ended has it, and where it holds the state of other variables.
 */
export function claimOptimizer(
  optimizer: tf.Optimizer,
  runId: string,
  variables: readonly tf.Variable[] = [],
): OptimizerClaim {
  const before = runs.get(optimizer);
  if (before !== undefined) {
    throw new TypeError(
      `optimizer is used by the run ${before}, which has not ended: its state is by position of a variable, so give each run its own`,
    );
  }
  trains(variables);
  runs.set(optimizer, runId);
  return {
    trains,
    release() {
      if (runs.get(optimizer) === runId) runs.delete(optimizer);
    },
  };

  function trains(these: readonly tf.Variable[]): void {
    if (these.length === 0) return;
    const known = learned.get(optimizer);
    const ids = these.map(({ id }) => id);
    const same = known === undefined || known.variableIds.every((id, at) => at >= ids.length || id === ids[at]);
    if (!same && hasState(optimizer)) {
      throw new TypeError(
        `optimizer holds what it learned of other variables in the run ${known.runId}: give this run a new one`,
      );
    }
    const knowsMore = same && known !== undefined && known.variableIds.length > ids.length;
    learned.set(optimizer, { runId, variableIds: knowsMore ? known.variableIds : ids });
  }
}

/** All of tfjs's optimizers hold lists of `{ originalName, variable }`, under names of their own. */
function hasState(optimizer: tf.Optimizer): boolean {
  return Object.values(optimizer).some(
    (held) => Array.isArray(held) && held.some((item) => item?.variable instanceof tf.Variable),
  );
}
