import {
  assertAxisFits,
  type JsonValue,
  LoggerError,
  type LoggerNotice,
  type RunInfo,
  type RunOutcome,
  type Sink,
  type StepAxis,
} from '@microbatch/core/logger';
import type { HParamsStatus } from 'tensorboard-writer';
import { toHParams } from './config-hparams.js';
import type { Target } from './point-buffer.js';
import { openRunWriters, type RunWriters, type WritersState } from './run-writers.js';
import { resolveOptions, type TensorBoardOptions } from './tensorboard-options.js';
import { toPoints } from './to-points.js';

const NAME = 'tensorboard';

// A stopped run may be resumed, and TensorBoard keeps the first status that a folder holds: it gets none.
const STATUSES: Readonly<Record<RunOutcome, HParamsStatus>> = {
  finished: 'success',
  failed: 'failure',
  stopped: 'unknown',
};

interface Session {
  readonly run: RunInfo;
  readonly writers: RunWriters;
  /** Of the latest event, in ms since 1970. */
  time: number;
}

/** The sink of `tensorboard()`. Throws a `TypeError` for bad options. */
export function tensorboardSink(options: TensorBoardOptions): Sink {
  const resolved = resolveOptions(options);
  let session: Session | undefined;

  function close(outcome: RunOutcome): void {
    const closing = session;
    session = undefined;
    closing?.writers.close(STATUSES[outcome], closing.time / 1000);
  }

  return {
    name: NAME,
    supports: { scalars: true, histograms: true, images: true, text: true, tables: true },
    open(run, notify = complain, state) {
      if (session !== undefined) throw new LoggerError(NAME, 'in-use', `${NAME}: a run is open already`);
      assertAxisFits(resolved.stepAxis, run);
      const writers = openRunWriters(resolved, {
        ...takeOver(run, resolved.stepAxis),
        state: state as unknown as WritersState | undefined,
        hparams: resolved.hparams ? toHParams(run.config) : {},
        startTime: run.startedAt / 1000,
        // A text logged as `train/loss` before training would else cost every loss.
        scalarTags: Object.values(resolved.names).filter((name) => typeof name === 'string'),
        onDropped: tellOnce(notify),
      });
      session = { run, writers, time: run.startedAt };
    },
    write(events) {
      if (session === undefined) throw new LoggerError(NAME, 'not-open', `${NAME}: write() needs an open run`);
      const { run, writers } = session;
      for (const event of events) {
        const isBatch = event.type === 'micro-batch' || event.type === 'accumulated-batch';
        toPoints(event, run, resolved, isBatch ? writers.stage : writers.hold);
        writers.settle();
      }
      session.time = events.at(-1)?.time ?? session.time;
    },
    flush() {
      session?.writers.flush();
    },
    checkpoint() {
      return session?.writers.checkpoint() as unknown as JsonValue | undefined;
    },
    close,
    exitSync(outcome) {
      try {
        close(outcome);
      } catch (error) {
        // Nobody is left to be told by a receipt.
        process.stderr.write(`${NAME}: ${error instanceof Error ? error.message : String(error)}\n`);
      }
    },
  };
}

/** Tells of each tag's first value that can't be shown. */
function tellOnce(notify: (notice: LoggerNotice) => void): (target: Target, reason: string) => void {
  const told = new Set<string>();
  return ({ id }, reason) => {
    if (told.has(id)) return;
    told.add(id);
    notify({ level: 'warn', code: 'value-dropped', message: `${JSON.stringify(id)} is not logged: ${reason}` });
  };
}

/** For a sink that nobody listens to. */
function complain({ code, message }: LoggerNotice): void {
  process.stderr.write(`${NAME}: ${message} (${code}, told once)\n`);
}

/** Where a resumed run takes over from what its folder holds; otherwise its first point says it. */
function takeOver({ resumedAt }: RunInfo, stepAxis: StepAxis): { readonly purgeStep?: number } {
  if (resumedAt === undefined) return {};
  const { microStep, step, samples } = resumedAt;
  const behind = { micro: microStep, accumulated: step, samples }[stepAxis];
  return behind === undefined ? {} : { purgeStep: behind + 1 };
}
