import type { RunInfo } from '../logger/run-info.js';
import type { Sink } from '../logger/sink.js';
import type { RunOutcome, TrainEvent } from '../logger/train-event.js';
import { checkSame } from './assertions.js';
import type { ConformanceOptions, ConformanceSubject } from './conformance-case.js';
import { recordedLosses } from './sample-run.js';

/** The run that a stream starts with. */
export function runOf(events: readonly TrainEvent[]): RunInfo {
  const [first] = events;
  if (first?.type !== 'run-start') throw new TypeError('a stream starts with run-start');
  return first.run;
}

/** How a stream ends; `'stopped'` where it just breaks off. */
export function outcomeOf(events: readonly TrainEvent[]): RunOutcome {
  const last = events.at(-1);
  return last?.type === 'run-end' ? last.outcome : 'stopped';
}

/** Opens the sink for the stream's run and writes the events, `batchSize` at a time: all at once by default. */
export async function writeRun(
  sink: Sink,
  events: readonly TrainEvent[],
  batchSize: number = events.length,
): Promise<void> {
  await sink.open(runOf(events));
  for (let from = 0; from < events.length; from += batchSize) {
    await sink.write(Object.freeze(events.slice(from, from + batchSize)));
  }
}

/** Writes a whole run and closes the sink. */
export async function playRun(sink: Sink, events: readonly TrainEvent[], batchSize?: number): Promise<void> {
  await writeRun(sink, events, batchSize);
  await sink.close(outcomeOf(events));
}

/** Checks that the subject shows the recorded losses of `events`, all and nothing else. */
export async function checkLosses(
  { read }: Pick<ConformanceSubject, 'read'>,
  events: readonly TrainEvent[],
  { tolerance = 0 }: ConformanceOptions,
  when: string,
): Promise<void> {
  const { losses } = await read();
  checkSame(losses, recordedLosses(events), `losses ${when}`, tolerance);
}
