import { encodeJson } from '../logger/json-codec.js';
import type { TrainEvent } from '../logger/train-event.js';
import { checkSame } from './assertions.js';
import type { ConformanceCase, ConformanceOptions, ConformanceSubject } from './conformance-case.js';
import { sampleRun } from './sample-run.js';
import { sampleValues } from './sample-values.js';
import { checkLosses, outcomeOf, playRun, runOf, writeRun } from './sink-steps.js';

const EVENTS = sampleRun();

/** What becomes of the events on their way. */
export function deliveryCases(options: ConformanceOptions): ConformanceCase[] {
  const { create, tolerance } = options;
  const cases: ConformanceCase[] = [];

  function add(name: string, body: (subject: ConformanceSubject) => Promise<void>): void {
    cases.push({ name, run: async () => body(await create()) });
  }

  async function checkClosed({ read }: ConformanceSubject, expected: boolean, when: string): Promise<void> {
    const { closed } = await read();
    if (closed !== undefined) checkSame(closed, expected, `closed ${when}`);
  }

  add('events: keep their order', async (subject) => {
    const falling = sampleRun({ logAccumBatch: false, loss: (microStep) => 64 - microStep });
    await playRun(subject.sink, falling);
    await checkLosses(subject, falling, options, 'of a run whose losses fall');
  });

  add('events: are not written to', async ({ sink }) => {
    const events = sampleRun({ values: sampleValues() });
    const before = JSON.stringify(encodeJson(events));
    // Frozen objects throw by themselves; typed arrays can't be frozen.
    await playRun(sink, Object.freeze([...events]));
    checkSame(JSON.stringify(encodeJson(events)), before, 'the events, once written');
  });

  for (const batchSize of [1, 2, 7]) {
    add(`batches: ${batchSize} events at a time give what all at once gives`, async (subject) => {
      const events = sampleRun({ values: { 'suite/score': 0.5 } });
      const whole = await create();
      await playRun(whole.sink, events);
      await playRun(subject.sink, events, batchSize);
      checkSame(await subject.read(), await whole.read(), `what ${batchSize} at a time give`, tolerance);
      await checkLosses(subject, events, options, `of ${batchSize} at a time`);
    });
  }

  add('batches: an empty one changes nothing', async (subject) => {
    await subject.sink.open(runOf(EVENTS));
    for (const batch of [[], EVENTS, []]) await subject.sink.write(batch);
    await subject.sink.close('finished');
    await checkLosses(subject, EVENTS, options, 'between empty batches');
  });

  for (const logAccumBatch of [true, false]) {
    const events = sampleRun({ logAccumBatch });

    add(`flush: makes visible what was written, logAccumBatch ${logAccumBatch}`, async (subject) => {
      await subject.sink.open(runOf(events));
      for (let from = 0; from < events.length; from += 10) {
        await subject.sink.write(events.slice(from, from + 10));
        await subject.sink.flush();
        await checkLosses(subject, events.slice(0, from + 10), options, `after ${from + 10} events and flush()`);
      }
      await checkClosed(subject, false, 'before close()');
      await subject.sink.close('finished');
      await checkLosses(subject, events, options, 'after close()');
      await checkClosed(subject, true, 'after close()');
    });

    add(`exitSync: makes visible what was written, logAccumBatch ${logAccumBatch}`, async (subject) => {
      const written = events.slice(0, -3);
      if (subject.sink.exitSync === undefined) return;
      await writeRun(subject.sink, written, 5);
      subject.sink.exitSync('stopped');
      await checkLosses(subject, written, options, 'after exitSync()');
      await checkClosed(subject, true, 'after exitSync()');
    });
  }

  add('events: of types it does not know are passed over', async (subject) => {
    const events = EVENTS.slice(0, -1).flatMap((event) => [event, unknownAt(event)]);
    events.push(EVENTS.at(-1)!);
    await playRun(subject.sink, events, 3);
    await checkLosses(subject, EVENTS, options, 'among unknown events');
  });

  add('two sinks: do not mix', async (first) => {
    const second = await create();
    const other = sampleRun({ id: 'other', loss: (microStep) => 100 + microStep });
    await first.sink.open(runOf(EVENTS));
    await second.sink.open(runOf(other));
    for (let at = 0; at < EVENTS.length; at++) {
      await first.sink.write([EVENTS[at]!]);
      await second.sink.write([other[at]!]);
    }
    await Promise.all([first.sink.close(outcomeOf(EVENTS)), second.sink.close(outcomeOf(other))]);
    await checkLosses(first, EVENTS, options, 'of the first of two sinks');
    await checkLosses(second, other, options, 'of the second of two sinks');
  });

  add('two sinks: closing one leaves the other open', async (first) => {
    const second = await create();
    await writeRun(first.sink, EVENTS);
    await playRun(second.sink, sampleRun({ id: 'other' }));
    await first.sink.close('finished');
    await checkLosses(first, EVENTS, options, 'of the sink closed last');
  });

  return cases;
}

// Its fields have the names of known ones: only the type says that they mean something else.
function unknownAt({ microStep, step, samples, epoch, time }: TrainEvent): TrainEvent {
  const event = { type: 'suite-unknown', microStep, step, samples, epoch, time, loss: -1, values: 7, metrics: null };
  return Object.freeze(event) as unknown as TrainEvent;
}
