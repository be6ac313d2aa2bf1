import { readJournal } from '@microbatch/logger-journal';
import { readWandbRun } from '@microbatch/logger-wandb';
import { readScalars } from 'tensorboard-writer';

/** Where a run was logged. */
export interface RunFiles {
  /** The folder of TensorBoard's event files. */
  readonly tensorboard: string;
  /** The run's folder, `…/wandb/offline-run-…`. */
  readonly wandb: string;
  readonly journal: string;
}

/** What the files of a run say; a number is absent where the run ended before there was one. */
export interface Proof {
  /** From the journal. */
  readonly microBatches: number;
  /** From the journal. */
  readonly optimizerSteps: number;
  /** `_step` of W&B's last row. */
  readonly wandbStep: number | undefined;
  /** The largest step of any TensorBoard tag. */
  readonly tensorboardStep: number | undefined;
  /** The last recorded loss, from the journal. */
  readonly loss: number | undefined;
  /** After the last epoch, from the journal. */
  readonly testAccuracy: number | undefined;
  /** Where W&B or TensorBoard contradict the journal; empty for a healthy run. */
  readonly contradictions: readonly string[];
}

/** Reads back what was logged of a run, and compares it. */
export async function proveRun(files: RunFiles): Promise<Proof> {
  const journal = await countJournal(files.journal);
  const lastRow = readWandbRun(files.wandb).history.at(-1);
  const { series } = await readScalars(files.tensorboard);
  const lastSteps = [...series.values()].map(({ steps }) => steps.at(-1)!);
  const wandbStep = lastRow?._step as number | undefined;
  const tensorboardStep = lastSteps.length === 0 ? undefined : Math.max(...lastSteps);

  const { loss, recorded, microBatches, optimizerSteps, testAccuracy } = journal;
  const contradictions: string[] = [];
  const compare = (what: string, found: unknown, expected: unknown) => {
    if (!Object.is(found, expected)) contradictions.push(`${what} is ${found}; by the journal it must be ${expected}`);
  };
  compare('the last W&B step', wandbStep, recorded === 0 ? undefined : recorded - 1);
  compare("W&B's last train/loss", lastRow?.['train/loss'], loss);
  compare('the last TensorBoard step', tensorboardStep, microBatches === 0 ? undefined : microBatches);
  // TensorBoard keeps scalars as 32-bit floats.
  compare("TensorBoard's last train/loss", series.get('train/loss')?.values.at(-1), loss && Math.fround(loss));
  return { microBatches, optimizerSteps, wandbStep, tensorboardStep, loss, testAccuracy, contradictions };
}

async function countJournal(path: string) {
  let microBatches = 0;
  let optimizerSteps = 0;
  let recorded = 0;
  let recordedType = 'accumulated-batch';
  let loss: number | undefined;
  let testAccuracy: number | undefined;
  for await (const event of readJournal(path)) {
    if (event.type === 'run-start') recordedType = event.run.logAccumBatch ? 'accumulated-batch' : 'micro-batch';
    else if (event.type === 'epoch-end') testAccuracy = event.valid?.accuracy;
    else if (event.type === 'micro-batch' || event.type === 'accumulated-batch') {
      if (event.type === 'micro-batch') microBatches += 1;
      else optimizerSteps += 1;
      if (event.type !== recordedType) continue;
      recorded += 1;
      loss = event.loss;
    }
  }
  return { microBatches, optimizerSteps, recorded, loss, testAccuracy };
}
