import { assertAxisFits, LoggerError, type RunInfo, type Sink, type StepAxis } from '@microbatch/core/logger';
import { openRunWriters, type RunWriters } from './run-writers.js';
import { resolveOptions, type TensorBoardOptions } from './tensorboard-options.js';
import { toPoints } from './to-points.js';

const NAME = 'tensorboard';

/** The sink of `tensorboard()`: scalars only; other values of `log` events are left out. Throws a `TypeError` for bad options. */
export function tensorboardSink(options: TensorBoardOptions): Sink {
  const resolved = resolveOptions(options);
  let session: { readonly run: RunInfo; readonly writers: RunWriters } | undefined;

  function close(): void {
    const writers = session?.writers;
    session = undefined;
    writers?.close();
  }

  return {
    name: NAME,
    supports: { scalars: true, histograms: false, images: false, text: false, tables: false },
    open(run) {
      if (session !== undefined) throw new LoggerError(NAME, 'in-use', `${NAME}: a run is open already`);
      assertAxisFits(resolved.stepAxis, run);
      session = { run, writers: openRunWriters(resolved, takeOver(run, resolved.stepAxis)) };
    },
    write(events) {
      if (session === undefined) throw new LoggerError(NAME, 'not-open', `${NAME}: write() needs an open run`);
      const { run, writers } = session;
      for (const event of events) {
        const isBatch = event.type === 'micro-batch' || event.type === 'accumulated-batch';
        toPoints(event, run, resolved, isBatch ? writers.stage : writers.hold);
        writers.settle();
      }
    },
    flush() {
      session?.writers.flush();
    },
    close,
    exitSync() {
      try {
        close();
      } catch (error) {
        // Nobody is left to be told by a receipt.
        process.stderr.write(`${NAME}: ${error instanceof Error ? error.message : String(error)}\n`);
      }
    },
  };
}

/** Where a resumed run takes over from what its folder holds; otherwise its first point says it. */
function takeOver({ resumedAt }: RunInfo, stepAxis: StepAxis): { readonly purgeStep?: number } {
  if (resumedAt === undefined || stepAxis === 'samples') return {};
  return { purgeStep: (stepAxis === 'micro' ? resumedAt.microStep : resumedAt.step) + 1 };
}
