import { type Accumulator, checkpointLoggers, type EpochEndEvent, type TrainEvent } from '@microbatch/core';
import * as tf from '@tensorflow/tfjs';
import type { CheckpointData, DataPosition } from './checkpoint-content.js';
import { CheckpointError } from './checkpoint-error.js';
import { encodeCheckpoint } from './checkpoint-format.js';
import type { CheckpointOptions } from './checkpoint-options.js';
import { readTensors, type StatefulPart } from './stateful-part.js';

/** Saves a training, where one of its options asks for it. */
export interface Checkpointer {
  /** Whether one is due, by what was trained since the last time it was asked. */
  isDue(done: { readonly microBatches: number; readonly steps: number; readonly epochs: number }): boolean;
  /**
   * Saves the training as it is: to be called when every event is sent and no micro-batch is under way. Resolves when its
   * state is copied; the copy is written while training goes on. Nothing is written where nothing was trained since the
   * last time. What goes wrong is told as a diagnostic, and stops nothing.
   */
  save(position: DataPosition, finished?: boolean): Promise<void>;
  /** Resolves when what was saved is durable, or has failed. */
  settled(): Promise<void>;
}

export interface CheckpointerContext {
  readonly options: CheckpointOptions;
  readonly accumulator: Accumulator;
  readonly parts: readonly StatefulPart[];
  /** Of `describeTraining`. */
  readonly training: unknown;
  readonly history: readonly EpochEndEvent[];
  readonly emit: (events: readonly TrainEvent[]) => Promise<void> | undefined;
}

/** Saves nothing. */
export const NO_CHECKPOINTS: Checkpointer = { isDue: () => false, save: async () => {}, settled: async () => {} };

/** `saved` is of the checkpoint that the run goes on from. */
export function createCheckpointer(
  context: CheckpointerContext,
  saved?: Pick<CheckpointData, 'position' | 'finished'>,
): Checkpointer {
  const { options, accumulator, parts, training, history, emit } = context;
  const [unit, interval] = Object.entries(options.every).find(([, count]) => count !== undefined) as [
    'microBatches' | 'steps' | 'epochs',
    number,
  ];
  let last = saved === undefined ? undefined : keyOf(saved.position, saved.finished);
  let counted = { microBatches: accumulator.microStep, steps: accumulator.step, epochs: saved?.position.epoch ?? 0 }[
    unit
  ];
  let writing: Promise<void> = Promise.resolve();

  function keyOf(position: DataPosition, finished: boolean): string {
    return JSON.stringify([position, accumulator.microStep, finished]);
  }

  async function copy(position: DataPosition, finished: boolean): Promise<Uint8Array[]> {
    // Before the loggers are asked: an event that waits for one of them would be in none of them, and lost.
    await emit([]);
    const loggers = await checkpointLoggers(accumulator.run.id);
    const states = parts.map((part) => ({ name: part.name, ...part.save() }));
    const data: CheckpointData = {
      runId: accumulator.run.id,
      savedAt: Date.now(),
      microStep: accumulator.microStep,
      step: accumulator.step,
      finished,
      tfjs: tf.version_core,
      backend: tf.getBackend(),
      training,
      position,
      accumulator: accumulator.snapshot(),
      history,
      loggers,
      parts: Object.fromEntries(states.map(({ name, data = null }) => [name, data])),
    };
    const reading = readTensors(
      states.flatMap(({ name: part, tensors = {} }) =>
        Object.entries(tensors).map(([name, tensor]) => ({ part, name, tensor })),
      ),
    );
    return encodeCheckpoint({ data, tensors: reading instanceof Promise ? await reading : reading });
  }

  async function write(parts: readonly Uint8Array[], key: string, microStep: number): Promise<void> {
    last = key;
    try {
      await options.store.write(parts);
    } catch (error) {
      // To be tried again, where the run is stopped here.
      last = undefined;
      await tell(error, microStep);
    }
  }

  async function tell(error: unknown, microStep: number): Promise<void> {
    const { message } = error as Error;
    const told = error instanceof CheckpointError ? message : `it could not be written: ${message}`;
    const code = 'checkpoint-failed';
    const text = `the checkpoint behind micro-batch ${microStep} is not there: ${told}; training goes on`;
    await emit(accumulator.diagnose({ level: 'error', code, message: text }));
  }

  return {
    isDue(done) {
      const isDue = Math.floor(done[unit] / interval) > Math.floor(counted / interval);
      counted = done[unit];
      return isDue;
    },
    async save(position, finished = false) {
      await writing;
      const key = keyOf(position, finished);
      if (key === last) return;
      const { microStep } = accumulator;
      try {
        writing = write(await copy(position, finished), key, microStep);
      } catch (error) {
        await tell(error, microStep);
      }
    },
    settled: () => writing,
  };
}
