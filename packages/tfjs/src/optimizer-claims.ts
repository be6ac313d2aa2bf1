import * as tf from '@tensorflow/tfjs';

interface Claim {
  readonly runId: string;
  readonly variableIds: readonly number[];
  running: boolean;
}

/** tfjs's optimizers keep their state by the position of a variable and say nothing where it is another one. */
const claims = new WeakMap<tf.Optimizer, Claim>();

/**
 * Gives an optimizer to a run; what it returns gives it back. Throws a `TypeError` where a run that has not ended has it,
 * and where it holds the state of other variables.
 */
export function claimOptimizer(optimizer: tf.Optimizer, runId: string, variables: readonly tf.Variable[]): () => void {
  const before = claims.get(optimizer);
  if (before?.running) {
    throw new TypeError(
      `optimizer is used by the run ${before.runId}, which has not ended: its state is by position of a variable, so give each run its own`,
    );
  }
  const variableIds = variables.map(({ id }) => id);
  const same =
    before === undefined ||
    (before.variableIds.length === variableIds.length && before.variableIds.every((id, at) => id === variableIds[at]));
  if (!same && hasState(optimizer)) {
    throw new TypeError(
      `optimizer holds what it learned of other variables in the run ${before.runId}: give this run a new one`,
    );
  }
  const claim: Claim = { runId, variableIds, running: true };
  claims.set(optimizer, claim);
  return () => {
    claim.running = false;
  };
}

/** All of tfjs's optimizers hold lists of `{ originalName, variable }`, under names of their own. */
function hasState(optimizer: tf.Optimizer): boolean {
  return Object.values(optimizer).some(
    (held) => Array.isArray(held) && held.some((item) => item?.variable instanceof tf.Variable),
  );
}
