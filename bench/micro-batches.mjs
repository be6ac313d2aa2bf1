import { gradientAccumulation } from '@microbatch/core';

/** Samples of a micro-batch, and of a window of 8. */
const [MICRO_BATCH, WINDOW] = [8, 64];

const DISTINCT = 4096;
const values = randomValues(4 * DISTINCT);

/** The `at`-th of endless micro-batches: a loss and three metrics, of as many digits as real ones have. */
export function microBatch(at) {
  const first = 4 * (at % DISTINCT);
  return {
    loss: values[first],
    samples: MICRO_BATCH,
    metrics: { accuracy: values[first + 1], f1: values[first + 2], auc: values[first + 3] },
  };
}

/** Policy and plan of windows of 8 micro-batches. */
export function windowsOf8(logAccumBatch, microBatchesPerEpoch) {
  const counts = microBatchesPerEpoch === undefined ? {} : { microBatchesPerEpoch, epochs: 1 };
  return {
    policy: gradientAccumulation({ accumBatchSize: WINDOW, logAccumBatch }),
    plan: { microBatchSize: MICRO_BATCH, ...counts },
  };
}

// The same ones in each run: a linear congruential generator (Numerical Recipes).
function randomValues(count) {
  const made = new Float64Array(count);
  let state = 1;
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  for (let at = 0; at < count; at += 1) made[at] = next() + next() / 2 ** 32;
  return made;
}
