import type { Metrics } from '@microbatch/core';
import { type LoggedScalar, readLogged } from './untold-micro-batch.js';

/** What fit hands to the hooks of its callbacks. */
export type FitLogs = Readonly<Record<string, LoggedScalar>>;

/** What `fit` and `fitDataset` add to an epoch's logs where they validate; `names` are those of the metrics without the loss. */
export async function validationOf(
  logs: FitLogs,
  names: readonly string[],
  outputs: number,
): Promise<Metrics | undefined> {
  const validated = Object.keys(logs).filter((name) => name.startsWith('val_') && !names.includes(name));
  if (validated.length === 0) return undefined;
  const values = await readLogged(validated.map((name) => logs[name]!));
  const valid = Object.fromEntries(validated.map((name, at) => [name.slice('val_'.length), values[at]!]));
  return outputs > 1 ? aligned(valid, ['loss', ...names], outputs) : valid;
}

/**
 * tfjs-layers 4 validates several outputs to as many running sums of their losses, then the metrics (engine/training.js,
 * `makeTestFunction`), but names the loss, then the metrics: `loss` is the first output's, the next one is the whole loss,
 * and the last metrics fall off the end. Here each value that is left has its own name.
 */
function aligned(valid: Metrics, labels: readonly string[], outputs: number): Metrics {
  // The first output's loss comes twice, as the first sum and as the first metric.
  const isShifted = labels.every((label) => label in valid) && Object.is(valid[labels[outputs]!], valid[labels[0]!]);
  if (!isShifted) return valid;
  const right = labels.slice(1, labels.length - outputs + 1).map((label, at) => [label, valid[labels[outputs + at]!]!]);
  return Object.fromEntries([['loss', valid[labels[outputs - 1]!]!], ...right]);
}
