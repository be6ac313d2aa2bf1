import type { Accumulator } from '@microbatch/core';
import type * as tf from '@tensorflow/tfjs';
import { allLayers } from './all-layers.js';
import type { Diagnostic } from './diagnostic.js';

/** Tells where a run's samples are known to fill no window at all. */
export function noStepDiagnostic(
  { run, nextTarget }: Accumulator,
  samplesPerEpoch: number | undefined,
  epochs: number,
): Diagnostic | undefined {
  const { kind, lastWindow } = run.policy;
  // A dropping schedule can still come to smaller windows.
  if (samplesPerEpoch === undefined || lastWindow === 'flush' || (lastWindow === 'drop' && kind === 'schedule'))
    return undefined;
  const available = lastWindow === 'carry' ? samplesPerEpoch * epochs : samplesPerEpoch;
  const target = nextTarget();
  if (available >= target) return undefined;
  const option = kind === 'fixed' ? 'accumBatchSize' : 'startAccumBatchSize';
  return {
    level: 'warn',
    code: 'no-optimizer-step',
    message: `data has ${samplesPerEpoch} samples and epochs is ${epochs}: under lastWindow '${lastWindow}' no window reaches ${option} (${target}), so the optimizer never steps`,
  };
}

/** Tells that batch normalization sees micro-batches, where the model has any. */
export function batchNormDiagnostic(model: tf.LayersModel): Diagnostic | undefined {
  if (!allLayers(model.layers).some((layer) => layer.getClassName() === 'BatchNormalization')) return undefined;
  return {
    level: 'info',
    code: 'batch-norm-micro-batches',
    message:
      'BatchNormalization computes its statistics over each micro-batch, not over the accumulated batch: the step differs from that of one large batch',
  };
}
