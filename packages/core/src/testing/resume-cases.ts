import type { TrainEvent } from '../logger/train-event.js';
import { checkSame } from './assertions.js';
import type { ConformanceCase, ConformanceOptions } from './conformance-case.js';
import { resumedRun } from './resumed-run.js';
import { sampleRun } from './sample-run.js';
import { outcomeOf, playRun, runOf } from './sink-steps.js';

/** How many events the process still writes behind its last checkpoint, in turn: one after another for each checkpoint. */
const DISTANCES = [0, 1, 2, 3, 5, 8, 20];

/** A run that ends early and goes on from a checkpoint, wherever that is; asked of a subject that can be reopened. */
export function resumeCases(options: ConformanceOptions): ConformanceCase[] {
  return [true, false].map((logAccumBatch) => ({
    name: `checkpoint: a resumed run shows each value once, logAccumBatch ${logAccumBatch}`,
    async run() {
      const events = withLogs(sampleRun({ logAccumBatch }));
      const unbroken = await options.create();
      if (unbroken.reopen === undefined) return;
      await playRun(unbroken.sink, events);
      const expected = await unbroken.read();
      for (const [turn, count] of checkpointsIn(events).entries()) {
        await resumeAfter(options, events, count, DISTANCES[turn % DISTANCES.length]!, expected);
      }
    },
  }));
}

async function resumeAfter(
  options: ConformanceOptions,
  events: readonly TrainEvent[],
  count: number,
  distance: number,
  expected: unknown,
): Promise<void> {
  const subject = await options.create();
  const first = subject.sink;
  await first.open(runOf(events));
  await first.write(events.slice(0, count));
  const state = await first.checkpoint?.();
  const lost = events.slice(count, count + distance).filter(({ type }) => type !== 'run-end');
  if (lost.length > 0) await first.write(lost);
  if (first.exitSync === undefined) await first.close('failed');
  else first.exitSync('stopped');
  const second = subject.reopen!();
  const rest = resumedRun(events, count);
  await second.open(runOf(rest), undefined, state);
  await second.write(rest);
  await second.close(outcomeOf(rest));
  const what = `what is shown of a run that is resumed behind event ${count}, and had written ${lost.length} more,`;
  checkSame(await subject.read(), expected, what, options.tolerance);
}

/** Numbers of events behind which nothing is under way: no full window waits. */
function checkpointsIn(events: readonly TrainEvent[]): number[] {
  return events.flatMap((event, at) =>
    at === 0 || event.type === 'accumulated-batch' || event.type === 'run-end' ? [] : at,
  );
}

/** The user's own values with every event, twice, so that the second replaces the first. */
function withLogs(events: readonly TrainEvent[]): readonly TrainEvent[] {
  return events.flatMap((event, at): TrainEvent[] => {
    if (event.type === 'run-end' || event.type === 'discarded-window') return [event];
    const next = events[at + 1];
    // Nothing comes between a full window and its step.
    if (next?.type === 'accumulated-batch') return [event];
    const { microStep, step, samples, epoch, time } = event;
    const log = (values: Readonly<Record<string, number>>): TrainEvent =>
      Object.freeze({ type: 'log', microStep, step, samples, epoch, time, values: Object.freeze(values) });
    return [event, log({ 'own/twice': at }), log({ 'own/twice': at + 0.5, 'own/once': at })];
  });
}
