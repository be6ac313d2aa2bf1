import {
  type AccumulationPolicy,
  type Accumulator,
  createAccumulator,
  type EpochEndEvent,
  type RunOptions,
  resumeLoggers,
  type TrainEvent,
  type TrainingPlan,
} from '@microbatch/core';
import type * as tf from '@tensorflow/tfjs';
import type { CustomModel } from '../custom-model.js';
import type { Diagnostic } from '../diagnostic.js';
import type { GradientSum } from '../gradient-sum.js';
import { show } from '../option-checks.js';
import { isIterable } from '../streamed-data.js';
import type { DataPosition } from './checkpoint-content.js';
import { CheckpointError, named } from './checkpoint-error.js';
import { assertCheckpointOptions, type CheckpointOptions } from './checkpoint-options.js';
import { type Checkpointer, createCheckpointer, NO_CHECKPOINTS } from './checkpointer.js';
import { describeTraining } from './describe-training.js';
import { differences } from './differences.js';
import { type FoundCheckpoint, findCheckpoint } from './find-checkpoint.js';
import { frozenHistory } from './frozen-history.js';
import { gradientsPart } from './gradients-part.js';
import { modelPart } from './model-part.js';
import { optimizerPart } from './optimizer-part.js';
import { randomnessDiagnostic } from './randomness.js';
import { restorable } from './restorable.js';
import type { StatefulPart } from './stateful-part.js';

/** How a run is saved, and where it goes on; without the option `checkpoints`, it is not, and begins. */
export interface PreparedCheckpoints {
  /** What is known beforehand and worth telling. */
  readonly diagnostics: readonly Diagnostic[];
  /** Made anew, or as it was saved. Throws a `CheckpointError` where what was saved has another policy or plan. */
  accumulator(policy: AccumulationPolicy, plan: TrainingPlan, run: RunOptions | undefined): Accumulator;
  /**
   * Begins to save a run. `parts` are those beside model, optimizer and gradients. Throws a `CheckpointError` where what was
   * saved does not fit.
   */
  open(context: {
    readonly accumulator: Accumulator;
    readonly gradientSum: GradientSum;
    readonly variables: readonly tf.Variable[];
    readonly parts: readonly StatefulPart[];
    /** Gets the `epoch-end` events of before. */
    readonly history: EpochEndEvent[];
    readonly emit: (events: readonly TrainEvent[]) => Promise<void> | undefined;
  }): OpenCheckpoints;
}

/** The checkpoints of a run under way. */
export interface OpenCheckpoints {
  readonly checkpointer: Checkpointer;
  readonly start: DataPosition;
  readonly wasFinished: boolean;
  /** Gives the loggers back what they said; to be called before `run-start`. Returns what ends that. */
  resumeLoggers(): () => void;
  /** Makes all parts what they were. */
  restore(): void;
}

/** What of the options is saved, or must be the same. */
interface TrainingToSave {
  readonly model: unknown;
  readonly optimizer: tf.Optimizer;
  readonly data: unknown;
  readonly learningRate?: unknown;
  readonly seed?: number;
  readonly checkpoints?: CheckpointOptions;
}

const BEGINNING: DataPosition = { epoch: 0, microBatch: 0, isRead: false };

/**
 * Checks the option `checkpoints`, and finds the checkpoint that the run goes on from. Throws a `TypeError` or `RangeError`
 * for the option, and a `CheckpointError` where a checkpoint can't be used.
 */
export function prepareCheckpoints(training: TrainingToSave): PreparedCheckpoints {
  const { checkpoints: options, model, optimizer, data, learningRate, seed } = training;
  if (options === undefined) return WITHOUT;
  assertCheckpointOptions(options);
  if (isIterable(data) && 'next' in data) {
    throw new TypeError(
      'data is an iterator, which can be read once, and checkpoints need data that can be read again: give a function that returns a fresh one',
    );
  }
  const { found, diagnostics } = findCheckpoint(options);
  const description = describeTraining(training);
  if (found !== undefined) assertSameTraining(found, description);
  const saveModel = modelPart(model as tf.LayersModel | CustomModel<never>);
  const random = randomnessDiagnostic(model, seed);

  return {
    diagnostics: random === undefined ? diagnostics : [...diagnostics, random],
    accumulator: (policy, plan, run) => accumulatorOf(policy, plan, run, found),
    open({ accumulator, gradientSum, variables, parts: others, history, emit }) {
      const parts = [
        saveModel,
        optimizerPart(optimizer, variables, learningRate !== undefined),
        gradientsPart(gradientSum, variables),
        ...others,
        ...Object.entries(options.state ?? {}).map(([name, own]) => restorable(`state.${name}`, own)),
      ];
      const restore = found === undefined ? () => {} : restorePartsOf(found, parts);
      const saved = found?.content.data;
      if (saved !== undefined) history.push(...frozenHistory(saved.history));
      const context = { options, accumulator, parts, training: description, history, emit };
      return {
        checkpointer: createCheckpointer(context, saved),
        start: saved?.position ?? BEGINNING,
        wasFinished: saved?.finished ?? false,
        resumeLoggers: () => (saved === undefined ? () => {} : resumeLoggers(accumulator.run.id, saved.loggers)),
        restore,
      };
    },
  };
}

const WITHOUT: PreparedCheckpoints = {
  diagnostics: [],
  accumulator: (policy, plan, run) => createAccumulator(policy, plan, run === undefined ? {} : { run }),
  open: () => ({
    checkpointer: NO_CHECKPOINTS,
    start: BEGINNING,
    wasFinished: false,
    resumeLoggers: () => () => {},
    restore() {},
  }),
};

function assertSameTraining({ name, content: { data } }: FoundCheckpoint, now: unknown): void {
  const different = differences(now, data.training);
  if (different === undefined) return;
  throw named(name, new CheckpointError('other-training', `it is of another training: ${different}`));
}

function accumulatorOf(
  policy: AccumulationPolicy,
  plan: TrainingPlan,
  run: RunOptions | undefined,
  found: FoundCheckpoint | undefined,
): Accumulator {
  const options = run === undefined ? {} : { run };
  if (found === undefined) return createAccumulator(policy, plan, options);
  // Options that are wrong by themselves are no fault of the checkpoint's.
  createAccumulator(policy, plan, options);
  const { name, content } = found;
  const { runId, accumulator: snapshot } = content.data;
  if (run?.id !== undefined && run.id !== runId) {
    throw named(
      name,
      new CheckpointError('other-run', `it is of the run ${show(runId)}, and run.id is ${show(run.id)}`),
    );
  }
  try {
    return createAccumulator(policy, plan, { ...options, snapshot });
  } catch (cause) {
    throw new CheckpointError('other-training', `checkpoint ${name}: ${(cause as Error).message}`, { cause });
  }
}

/** Looks whether all parts fit; what it returns makes them what they were. */
function restorePartsOf({ name, content }: FoundCheckpoint, parts: readonly StatefulPart[]): () => void {
  const { data, tensors } = content;
  const names = new Set(parts.map((part) => part.name));
  const [missing] = parts.filter((part) => !Object.hasOwn(data.parts, part.name));
  const [unknown] = Object.keys(data.parts).filter((part) => !names.has(part));
  try {
    if (missing !== undefined) throw new CheckpointError('other-training', `it holds no state of ${missing.name}`);
    if (unknown !== undefined) {
      throw new CheckpointError('other-training', `it holds state of ${unknown}, which this training has not`);
    }
    const restorers = parts.map((part) =>
      part.restore({ data: data.parts[part.name], tensors: tensors.filter((tensor) => tensor.part === part.name) }),
    );
    return () => {
      for (const restore of restorers) restore();
    };
  } catch (error) {
    throw named(name, error);
  }
}
