import * as tf from '@tensorflow/tfjs';
import { afterEach, describe, expect, it } from 'vitest';
import { createGradientSum } from '../src/gradient-sum.js';
import { createOptimizerStep, type OptimizerStepOptions } from '../src/optimizer-step.js';
import './backends.js';
import { useQueueingBackend } from './queueing-backend.js';

const at = { step: 3, samples: 48, epoch: 0.5 };

useQueueingBackend();
afterEach(() => tf.setBackend('cpu'));

/** A weight of 8 with a gradient of 6 and 0, and what stood where at each moment of its step. */
async function moments(options: OptimizerStepOptions) {
  const weight = tf.variable(tf.tensor1d([8, 8]));
  const optimizer = tf.train.sgd(0.5);
  const sum = createGradientSum([weight]);
  sum.add([tf.tensor1d([6, 0])]);
  const seen: Record<string, unknown> = {};
  const look = (moment: string, gradient: tf.Tensor) => {
    seen[moment] = { gradient: [...gradient.dataSync()], weight: [...weight.dataSync()], rate: rate() };
  };
  const rate = () => (optimizer as unknown as { learningRate: number }).learningRate;
  const apply = optimizer.applyGradients.bind(optimizer);
  optimizer.applyGradients = (gradients) => {
    look('apply', (gradients as { tensor: tf.Tensor }[])[0]!.tensor);
    apply(gradients);
  };
  const step = createOptimizerStep(optimizer, [weight], options);
  const before = tf.memory().numTensors;
  const applied = await step.apply(sum, at, async ([gradient]) => look('beforeApply', gradient!.tensor!));
  expect(tf.memory().numTensors).toBe(before);
  const after = { weight: [...weight.dataSync()], rate: rate() };
  sum.clear();
  weight.dispose();
  return { ...seen, after, applied };
}

describe.each(['cpu', 'queueing'])('an optimizer step on %s', (backend) => {
  it('measures, clips, shows its gradients, sets the rate, decays and applies, in this order', async () => {
    await tf.setBackend(backend);
    const options = {
      clip: { globalNorm: 3 },
      learningRate: { by: 'step', rate: (step: number) => step / 12 },
      weightDecay: 0.5,
    } as const;
    expect(await moments(options)).toEqual({
      beforeApply: { gradient: [3, 0], weight: [8, 8], rate: 0.5 },
      apply: { gradient: [3, 0], weight: [7, 7], rate: 0.25 },
      after: { weight: [6.25, 7], rate: 0.25 },
      applied: { learningRate: 0.25, gradNorm: 6, clippedGradNorm: 3 },
    });
  });

  it('does nothing around the optimizer where nothing is asked', async () => {
    await tf.setBackend(backend);
    expect(await moments({})).toEqual({
      beforeApply: { gradient: [6, 0], weight: [8, 8], rate: 0.5 },
      apply: { gradient: [6, 0], weight: [8, 8], rate: 0.5 },
      after: { weight: [5, 8], rate: 0.5 },
      applied: { learningRate: 0.5 },
    });
  });

  it('measures the norm of a gradient that nothing clips, where asked', async () => {
    await tf.setBackend(backend);
    const { applied, after } = await moments({ measureNorm: true });
    expect(applied).toEqual({ learningRate: 0.5, gradNorm: 6 });
    expect(after).toEqual({ weight: [5, 8], rate: 0.5 });
  });
});
