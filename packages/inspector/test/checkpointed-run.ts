import { cpSync, renameSync, rmSync } from 'node:fs';
import {
  type AccumulationPolicy,
  type AccumulatorSnapshot,
  checkpointLoggers,
  createAccumulator,
  gradientAccumulation,
  type LoggerStates,
  record,
  resumeLoggers,
  type TrainEvent,
} from '@microbatch/core';
import type { StepAxis } from '@microbatch/core/logger';
import { journal } from '@microbatch/logger-journal';
import { tensorboard } from '@microbatch/logger-tensorboard';
import { wandb } from '@microbatch/logger-wandb';
import { Subject } from 'rxjs';

/** One process of a run that goes on from checkpoints. */
export interface RunProcess {
  /** Behind which micro-batch a checkpoint is written; none where absent. 0: before the first. */
  readonly checkpointAt?: number;
  /** The last micro-batch; the plan's by default. */
  readonly until?: number;
  /** `'killed'` by default, but `'finished'` at the plan's end. */
  readonly end?: 'killed' | 'stopped' | 'finished';
}

/** How a small run with checkpoints is logged. */
export interface CheckpointedRun {
  readonly dir: string;
  readonly policy?: AccumulationPolicy;
  readonly layout?: 'single' | 'split';
  readonly names?: 'microbatch' | 'fastai';
  readonly wandbAxis?: StepAxis;
  readonly weight?: (microStep: number) => number;
  readonly processes: readonly RunProcess[];
  /** What the loggers of the last process get instead of its events, one by one. */
  readonly alter?: (event: TrainEvent) => TrainEvent;
}

interface Checkpoint {
  readonly snapshot: AccumulatorSnapshot;
  readonly states: LoggerStates;
}

const PLAN = { microBatchSize: 4, microBatchesPerEpoch: 10, epochs: 2 };

/**
 * Trains a run of fixed losses in several processes, as far as files can tell, each of which goes on from the last checkpoint, and
 * logs it to `dir` by the real loggers.
 */
export async function logCheckpointed(options: CheckpointedRun): Promise<void> {
  let checkpoint: Checkpoint | undefined;
  // A minute passes between one process and the next.
  const clock = { time: Date.UTC(2026, 0, 2, 3, 4, 5) };
  for (const [at, process] of options.processes.entries()) {
    clock.time += 60_000;
    const alter = at === options.processes.length - 1 ? options.alter : undefined;
    checkpoint = (await logProcess(options, process, { checkpoint, clock, alter })) ?? checkpoint;
  }
}

async function logProcess(
  { dir, layout = 'single', names = 'microbatch', wandbAxis, policy, weight }: CheckpointedRun,
  { checkpointAt, until = 20, end = until === 20 ? 'finished' : 'killed' }: RunProcess,
  {
    checkpoint,
    clock,
    alter = (event) => event,
  }: {
    readonly checkpoint: Checkpoint | undefined;
    readonly clock: { time: number };
    readonly alter: ((event: TrainEvent) => TrainEvent) | undefined;
  },
): Promise<Checkpoint | undefined> {
  const accumulator = createAccumulator(policy ?? gradientAccumulation({ accumBatchSize: 16 }), PLAN, {
    clock: () => (clock.time += 7),
    run: { id: 'digits', project: 'demo' },
    ...(checkpoint && { snapshot: checkpoint.snapshot }),
  });
  const forget = checkpoint === undefined ? () => {} : resumeLoggers('digits', checkpoint.states);
  const quiet = { mode: 'offline', quiet: true, systemMetrics: false, saveGit: false } as const;
  const events$ = new Subject<TrainEvent>();
  const recorded = record(
    events$,
    [
      journal({ dir }),
      tensorboard({ logDir: dir, layout, names }),
      wandb({ dir, names, ...quiet, ...(wandbAxis && { stepAxis: wandbAxis }) }),
    ],
    { strict: true, onDiagnostic() {} },
  );
  const send = (events: readonly TrainEvent[]) => {
    for (const event of events) events$.next(alter(event));
  };
  let taken: Checkpoint | undefined;

  async function save(): Promise<void> {
    const states = await checkpointLoggers('digits');
    taken = JSON.parse(JSON.stringify({ snapshot: accumulator.snapshot(), states }));
  }

  send(accumulator.start());
  if (checkpointAt === 0) await save();
  for (let microStep = accumulator.microStep + 1; microStep <= until; microStep += 1) {
    const { events, window } = accumulator.next({
      loss: 2.3 / Math.sqrt(microStep),
      samples: 4,
      metrics: { accuracy: microStep / 100 },
      learningRate: 0.003,
      ...(weight && { weight: weight(microStep) }),
    });
    send(events);
    if (window === 'full') send(accumulator.applied({ gradNorm: 1 / microStep }));
    if (microStep % 3 === 0) send(accumulator.log({ 'own/value': microStep, note: `at ${microStep}` }));
    if (microStep === checkpointAt) await save();
    if (microStep % 10 === 0) send(accumulator.endEpoch({ loss: 1 / microStep }));
  }
  const left = `${dir}-left`;
  // What SIGKILL leaves: all that was written, and no end.
  if (end === 'killed') {
    await checkpointLoggers('digits');
    cpSync(dir, left, { recursive: true, verbatimSymlinks: true });
  }
  send(accumulator.end(end === 'finished' ? 'finished' : 'stopped'));
  events$.complete();
  await recorded;
  forget();
  if (end === 'killed') {
    rmSync(dir, { recursive: true });
    renameSync(left, dir);
  }
  return taken;
}
