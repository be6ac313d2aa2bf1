import {
  type AccumulationPolicy,
  type AccumulatorSnapshot,
  createAccumulator,
  gradientAccumulation,
  type LogValues,
  type RunOutcome,
  record,
  type TrainEvent,
  type TrainingPlan,
} from '@microbatch/core';
import type { NamingScheme, StepAxis } from '@microbatch/core/logger';
import { journal } from '@microbatch/logger-journal';
import { tensorboard } from '@microbatch/logger-tensorboard';
import { wandb } from '@microbatch/logger-wandb';
import { of } from 'rxjs';

/** How a small run is trained and logged. */
export interface LoggedRun {
  readonly dir: string;
  readonly id?: string;
  /** ms behind the usual beginning. */
  readonly startedAt?: number;
  readonly policy?: AccumulationPolicy;
  readonly plan?: TrainingPlan;
  /** Of a micro-batch, by its number. */
  readonly loss?: (microStep: number) => number;
  readonly samples?: (microStep: number) => number;
  readonly isSkipped?: (microStep: number) => boolean;
  readonly isDiscarded?: (step: number) => boolean;
  /** Logged behind that micro-batch. */
  readonly values?: Readonly<Record<number, LogValues>>;
  /** The micro-batches that are trained, in this part; the plan's all by default. */
  readonly until?: number;
  readonly outcome?: RunOutcome | 'killed';
  readonly snapshot?: AccumulatorSnapshot;
  /** Takes a snapshot behind that micro-batch. */
  readonly snapshotAt?: number;
  readonly names?: NamingScheme;
  readonly layout?: 'single' | 'split';
  readonly wandbAxis?: StepAxis;
  readonly tensorboardAxis?: StepAxis;
  /** What that logger gets instead of the run's events. */
  readonly alter?: Partial<Record<'wandb' | 'tensorboard', (events: TrainEvent[]) => TrainEvent[]>>;
}

const STARTED_AT = Date.UTC(2026, 0, 2, 3, 4, 5);

/**
 * Trains a run of fixed losses and logs it to `dir` by the real loggers: a journal, a W&B run and event files, each time the same.
 * Returns the snapshot that was asked for, and the events.
 */
export async function logRun(options: LoggedRun): Promise<{ snapshot?: AccumulatorSnapshot; events: TrainEvent[] }> {
  const { dir, names = 'microbatch', layout = 'single', wandbAxis, tensorboardAxis = 'micro' } = options;
  const { events, snapshot } = trained(options);
  const wandbOptions = { mode: 'offline', quiet: true, systemMetrics: false, saveGit: false } as const;
  const loggers = {
    journal: journal({ dir }),
    tensorboard: tensorboard({ logDir: dir, names, layout, stepAxis: tensorboardAxis }),
    wandb: wandb({ dir, names, ...(wandbAxis && { stepAxis: wandbAxis }), ...wandbOptions }),
  };
  const { alter = {} } = options;
  const altered = new Set<string>(Object.keys(alter));
  // Together, where they get the same: one logger's notices are the others' events.
  const together = Object.entries(loggers).flatMap(([name, logger]) => (altered.has(name) ? [] : [logger]));
  await record(of(...events), together, { strict: true, onDiagnostic() {} });
  for (const name of ['wandb', 'tensorboard'] as const) {
    const its = alter[name]?.([...events]);
    if (its !== undefined) await record(of(...its), [loggers[name]], { strict: true, onDiagnostic() {} });
  }
  return { events, ...(snapshot && { snapshot }) };
}

function trained(options: LoggedRun): { events: TrainEvent[]; snapshot: AccumulatorSnapshot | undefined } {
  const { policy = gradientAccumulation({ accumBatchSize: 16 }), id = 'digits', outcome = 'finished' } = options;
  const { plan = { microBatchSize: 4, microBatchesPerEpoch: 10, epochs: 2 }, snapshotAt } = options;
  const { loss = (microStep) => 2.3 / Math.sqrt(microStep), samples = () => plan.microBatchSize! } = options;
  const { isSkipped = () => false, isDiscarded = () => false, values = {} } = options;
  const perEpoch = plan.microBatchesPerEpoch!;
  const until = options.until ?? perEpoch * plan.epochs!;
  let time = STARTED_AT + (options.startedAt ?? 0) + (options.snapshot === undefined ? 0 : 60_000);
  const clock = () => {
    time += 7;
    return time;
  };
  const accumulator = createAccumulator(policy, plan, {
    clock,
    run: { id, project: 'demo', config: { learningRate: 0.003, layers: [8, 4] } },
    ...(options.snapshot && { snapshot: options.snapshot }),
  });
  const events = [...accumulator.start()];
  let snapshot: AccumulatorSnapshot | undefined;
  let step = 0;

  function settle(): void {
    step += 1;
    events.push(
      ...(isDiscarded(step)
        ? accumulator.discard('not finite')
        : accumulator.applied({ gradNorm: 1 / step, gradientNoiseScale: 3 * step })),
    );
  }

  const from = options.snapshot === undefined ? 1 : accumulator.run.resumedAt!.microStep + 1;
  for (let microStep = from; microStep <= until; microStep += 1) {
    const { events: told, window } = accumulator.next({
      loss: loss(microStep),
      samples: samples(microStep),
      metrics: { accuracy: microStep / 100, ...(microStep % 2 === 0 ? { even: microStep } : {}) },
      learningRate: 0.003 / microStep,
      ...(isSkipped(microStep) && { skipped: true }),
    });
    events.push(...told);
    if (window === 'full') settle();
    const logged = values[microStep];
    if (logged !== undefined) events.push(...accumulator.log(logged));
    if (microStep === snapshotAt) snapshot = JSON.parse(JSON.stringify(accumulator.snapshot()));
    if (microStep % perEpoch === 0) events.push(...accumulator.endEpoch({ loss: 1 / microStep, accuracy: 0.5 }));
  }
  if (outcome !== 'killed')
    events.push(...accumulator.end(outcome, outcome === 'failed' ? 'out of memory' : undefined));
  return { events, snapshot };
}
