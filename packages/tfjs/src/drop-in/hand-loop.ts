import type { AccumulationPolicy, Metrics, RunOutcome } from '@microbatch/core';
import * as tf from '@tensorflow/tfjs';
import { errorText } from '../error-text.js';
import { assertPositiveInteger, show } from '../option-checks.js';
import { completeBackend } from '../wasm-kernels/register-wasm-kernels.js';
import type { AccumulateGradientsOptions } from './accumulate-gradients-options.js';
import type { AccumulationRun } from './accumulation-run.js';
import { type LossGradients, lossGradients, lossOnly } from './loss-gradients.js';
import type { RunFactory } from './run-factory.js';
import type { MicroBatchShare } from './untold-micro-batch.js';
import { stepsLate } from './window-gradient.js';

type NamedGradients = Parameters<tf.Optimizer['applyGradients']>[0];

/** What an accumulating optimizer does outside of fit, in `trainOnBatch` and in loops of the user's own: each call is a micro-batch. */
export interface HandLoop {
  minimize(f: () => tf.Scalar, list: readonly tf.Variable[] | undefined): tf.Scalar;
  computeGradients: tf.Optimizer['computeGradients'];
  applyGradients(gradients: NamedGradients): void;
  endEpoch(valid?: Metrics): Promise<void>;
  end(outcome: RunOutcome, error?: string): Promise<void>;
  /** Disposes a loss whose gradients were never applied. */
  dispose(): void;
}

export function createHandLoop(
  optimizer: tf.Optimizer,
  policy: AccumulationPolicy,
  options: AccumulateGradientsOptions,
  runs: RunFactory,
): HandLoop {
  const { microBatchSize = policy.microBatchSize, microBatchesPerEpoch, epochs, samples, weight } = options;
  let run: AccumulationRun | undefined;
  /** Of the gradients that were computed last, until they are applied. */
  let computedLoss: tf.Scalar | undefined;

  function begin(call: string): AccumulationRun {
    try {
      return begun(call);
    } catch (error) {
      runs.giveUp();
      throw error;
    }
  }

  function begun(call: string): AccumulationRun {
    if (microBatchSize === undefined) {
      throw new Error(
        `${call}: outside of a fit that has the callback, as in fit(x, y, { callbacks: callback }), the optimizer has to know the samples of a micro-batch: give microBatchSize to accumulateGradients() or to the policy`,
      );
    }
    if (stepsLate(options)) {
      throw new Error(
        `${call}: on the backend ${tf.getBackend()}, clip, nonFinite, histograms and measure wait for the device, which a loop of your own can't: use them in fit, or train()`,
      );
    }
    const counts = { ...(microBatchesPerEpoch && { microBatchesPerEpoch }), ...(epochs && { epochs }) };
    const made = runs.begin({ microBatchSize, ...counts }, { readsAtOnce: true });
    made.start([]);
    return made;
  }

  function share(): MicroBatchShare {
    const count = samples === undefined ? microBatchSize : samples();
    assertPositiveInteger('samples()', count);
    const weighs = weight === undefined ? count : weight();
    if (typeof weighs === 'number' && Number.isFinite(weighs) && weighs >= 0) return { samples: count, weight: weighs };
    throw new RangeError(`weight() must return a number that is not negative, not ${show(weighs)}`);
  }

  function train(call: string, compute: (scale: number) => LossGradients, passOver: () => tf.Scalar): tf.Scalar {
    run = run?.ended === false ? run : begin(call);
    try {
      run.endCountedEpoch();
      if (run.tailIsDropped()) {
        const loss = passOver();
        run.passOver();
        if (run.microBatches === microBatchesPerEpoch) run.closeEpoch();
        return loss;
      }
      const told = share();
      // A mean over nothing is NaN, which no factor of 0 makes a number.
      const loss = run.train(told, told.weight === 0 ? () => ({ loss: tf.scalar(0), gradients: [] }) : compute);
      run.tell({});
      return loss;
    } catch (error) {
      run.end('failed', errorText(error));
      throw error;
    }
  }

  function takeComputedLoss(): tf.Scalar {
    const loss = computedLoss;
    computedLoss = undefined;
    if (loss !== undefined) return loss;
    throw new Error(
      'applyGradients: the loss of these gradients is not known; compute them by computeGradients() of this optimizer',
    );
  }

  function underWay(call: string): AccumulationRun {
    if (run?.ended === false) return run;
    throw new Error(`${call}: no loop of your own is under way; a fit ends its epochs and itself`);
  }

  return {
    minimize(f, list) {
      const compute = (scale: number): LossGradients => {
        const variables = runs.order.select(list);
        const { loss, gradients } = lossGradients(f, variables, scale);
        return { loss, gradients: runs.order.place(variables, gradients) };
      };
      return train('minimize', compute, () => lossOnly(f));
    },
    computeGradients(f, list) {
      completeBackend();
      const computed = optimizer.computeGradients(f, list);
      computedLoss?.dispose();
      computedLoss = tf.keep(computed.value.clone());
      return computed;
    },
    applyGradients(gradients) {
      const loss = takeComputedLoss();
      try {
        const compute = (scale: number) => ({ loss, gradients: placed(gradients, scale) });
        train('applyGradients', compute, () => loss).dispose();
      } finally {
        loss.dispose();
      }
    },
    endEpoch: async (valid) => {
      const current = underWay('endEpoch');
      await current.closeEpoch();
      await current.endEpoch(valid);
    },
    end: async (outcome, error) => {
      const current = underWay('end');
      if (outcome === 'finished') current.endCountedEpoch();
      await current.end(outcome, error);
    },
    dispose() {
      computedLoss?.dispose();
      computedLoss = undefined;
    },
  };

  function placed(gradients: NamedGradients, scale: number): LossGradients['gradients'] {
    const named = Array.isArray(gradients)
      ? gradients
      : Object.entries(gradients).map(([name, tensor]) => ({ name, tensor }));
    const variables = named.map(({ name }) => {
      const variable = tf.engine().registeredVariables[name];
      if (variable === undefined) throw new TypeError(`applyGradients: no variable is named ${show(name)}`);
      return variable;
    });
    // The gradients stay who computed them's.
    const scaled = named.map(({ tensor }) => (tensor == null ? undefined : tf.mul(tensor, scale)));
    return runs.order.place(variables, scaled);
  }
}
