import * as tf from '@tensorflow/tfjs';
import type { Diagnostic } from '../diagnostic.js';
import { errorText } from '../error-text.js';
import { createPacer } from '../macrotask.js';
import { show } from '../option-checks.js';
import { batchNormDiagnostic, noStepDiagnostic } from '../start-diagnostics.js';
import type { AccumulationRun } from './accumulation-run.js';
import { type FitParams, metricNames, planOfFit } from './fit-params.js';
import { type FitLogs, validationOf } from './fit-validation.js';
import { fitGradients, lossOnly } from './loss-gradients.js';
import type { RunFactory } from './run-factory.js';

/** One call of `fit` or `fitDataset`: hooks of a callback, and what the optimizer does between two of them. */
export interface FitSession {
  /** Whether its run began, which is at its first batch. */
  readonly hasRun: boolean;
  onEpochBegin(epoch: number): void;
  /** `logs` holds the batch's `size` by the time `minimize` is called; in `fit` not before. */
  onBatchBegin(logs: FitLogs): Promise<void>;
  minimize(f: () => tf.Scalar, list: readonly tf.Variable[] | undefined): tf.Scalar;
  onBatchEnd(logs: FitLogs): Promise<void>;
  onEpochEnd(logs: FitLogs): Promise<void>;
  onTrainEnd(): Promise<void>;
  /** The fit is over; a run that is still under way then has failed. */
  end(error: unknown): void;
}

export function createFitSession(
  model: tf.LayersModel,
  params: FitParams,
  runs: RunFactory,
  policySize: number | undefined,
): FitSession {
  const names = metricNames(params);
  const pace = createPacer();
  let run: AccumulationRun | undefined;
  let firstEpoch: number | undefined;
  let epochsEnded = 0;
  let shortEpochTold = false;
  let cutShort = false;
  /** The batch between its begin and its end. */
  let batch: { readonly logs: FitLogs; state: 'begun' | 'trained' | 'passed over' } | undefined;

  function begin({ size }: FitLogs): Promise<void> {
    const plan = planOfFit(params, firstEpoch ?? 0, policySize, typeof size === 'number' ? size : undefined);
    run = runs.begin(plan, { readsAtOnce: false });
    const diagnostics: (Diagnostic | undefined)[] = [
      batchNormDiagnostic(model),
      noStepDiagnostic(run.accumulator, params.samples ?? undefined, plan.epochs!),
      lateFlushDiagnostic(run, params),
      lateStepDiagnostic(runs.stepsLate, params),
    ];
    return run.start(diagnostics.filter((diagnostic) => diagnostic !== undefined));
  }

  /** Whether the epoch was left before its data ended. */
  function isCutShort(validated: boolean): boolean {
    if (!model.stopTraining) return false;
    const planned = run!.accumulator.run.plan.microBatchesPerEpoch;
    return planned === undefined ? !validated : run!.microBatches < planned;
  }

  async function tellShortEpoch(): Promise<void> {
    const { microBatches, accumulator } = run!;
    const planned = accumulator.run.plan.microBatchesPerEpoch ?? microBatches;
    if (microBatches >= planned || shortEpochTold) return;
    shortEpochTold = true;
    const message = `data ended after ${microBatches} micro-batches in epoch ${epochsEnded + 1}, but fit expected ${planned}`;
    await run!.diagnose({ level: 'warn', code: 'short-epoch', message });
  }

  return {
    get hasRun() {
      return run !== undefined;
    },
    onEpochBegin(epoch) {
      firstEpoch ??= epoch;
    },

    async onBatchBegin(logs) {
      if (run === undefined) await begin(logs);
      batch = { logs, state: 'begun' };
    },

    minimize(f, list) {
      if (batch?.state !== 'begun') throw new Error('minimize: fit has no batch under way that is not trained yet');
      const { size } = batch.logs;
      if (typeof size !== 'number') {
        throw new Error(
          `minimize: fit tells the size of a batch as ${show(size)}: this version of @tensorflow/tfjs-layers is not supported`,
        );
      }
      const variables = runs.order.select(list);
      const samplesLeft = params.samples === null ? undefined : params.samples - run!.microBatches * params.batchSize!;
      if (run!.tailIsDropped(samplesLeft)) {
        const loss = lossOnly(f);
        run!.passOver();
        batch.state = 'passed over';
        return loss;
      }
      /** What fit logs, where that is not what is minimized. */
      let whole: tf.Scalar | undefined;
      try {
        const loss = run!.train({ samples: size, weight: size }, (scale, penaltyShare) => {
          const surplus = surplusPenalty(model, penaltyShare);
          const minimized = surplus === undefined ? f : () => tf.sub(f(), surplus()) as tf.Scalar;
          const { loss, gradients } = fitGradients(minimized, variables, scale);
          if (surplus !== undefined) whole = tf.tidy(() => tf.add(loss, surplus()));
          return { loss, gradients: runs.order.place(variables, gradients) };
        });
        batch.state = 'trained';
        if (whole === undefined) return loss;
        loss.dispose();
        return whole;
      } catch (error) {
        whole?.dispose();
        throw error;
      }
    },

    async onBatchEnd(logs) {
      if (batch?.state === 'trained') {
        const metrics = Object.fromEntries(names.map((name) => [name, logs[name]!]));
        const told = run!.tell(metrics);
        if (told !== undefined) await told;
      }
      batch = undefined;
      // fit gives the event loop its turn by callbacks that are plain objects alone.
      const turn = pace();
      if (turn !== undefined) await turn;
    },

    async onEpochEnd(logs) {
      if (run === undefined) return;
      const valid = await validationOf(logs, names, model.outputs.length);
      cutShort = isCutShort(valid !== undefined);
      if (cutShort) return;
      await tellShortEpoch();
      await run.closeEpoch();
      await run.endEpoch(valid);
      epochsEnded += 1;
    },

    async onTrainEnd() {
      await run?.end(cutShort ? 'stopped' : 'finished');
    },

    end(error) {
      run?.end('failed', error === undefined ? FAILED_ELSEWHERE : errorText(error));
    },
  };
}

const FAILED_ELSEWHERE = 'fit failed outside of the loss and its gradient; its promise tells the error';

/** The part of a model's penalties that is too much where only this share counts; undefined where there is none. */
function surplusPenalty(model: tf.LayersModel, share: number): (() => tf.Scalar) | undefined {
  if (share === 1 || tf.tidy(() => model.calculateLosses().length) === 0) return undefined;
  return () => tf.mul(tf.addN(model.calculateLosses()), 1 - share);
}

/** Tells where a data set that does not know its size lets validation come before the step that it should see. */
function lateFlushDiagnostic({ accumulator }: AccumulationRun, { doValidation }: FitParams): Diagnostic | undefined {
  const { plan, policy } = accumulator.run;
  if (policy.lastWindow !== 'flush' || plan.microBatchesPerEpoch !== undefined || !doValidation) return undefined;
  return {
    level: 'warn',
    code: 'flush-after-validation',
    message:
      "the data set does not tell its size, so that fit validates before the window that an epoch leaves open is flushed: give fitDataset batchesPerEpoch, or take another lastWindow than 'flush'",
  };
}

/** Tells where `fit`, which validates without giving anybody a chance to wait, does so before an epoch's last step. */
function lateStepDiagnostic(stepsLate: boolean, { doValidation, samples }: FitParams): Diagnostic | undefined {
  if (!stepsLate || !doValidation || samples === null) return undefined;
  return {
    level: 'warn',
    code: 'step-after-validation',
    message:
      'clip, nonFinite, histograms and measure wait for the device, which fit does not before it validates: where the last batch of an epoch fills a window, its step follows the validation; fitDataset waits',
  };
}
