import {
  checkpointLoggers,
  createAccumulator,
  defineLogger,
  type JsonValue,
  record,
  resumeLoggers,
  type Sink,
  type TrainEvent,
} from '@microbatch/core';
import { Subject } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { gate, policy, quiet, sinkWith } from './record-support.js';

const PLAN = { microBatchSize: 8 };

/** A run under way, and the stream that its events go to. */
function startRun(id: string) {
  const events$ = new Subject<TrainEvent>();
  const accumulator = createAccumulator(policy, PLAN, { run: { id } });
  const send = (events: readonly TrainEvent[]) => {
    for (const event of events) events$.next(event);
  };
  return {
    events$,
    start: () => send(accumulator.start()),
    train: () => send(accumulator.next({ loss: 1, samples: 4 }).events),
    end() {
      send(accumulator.end('stopped'));
      events$.complete();
    },
  };
}

/** A sink that tells how many events it has, and notes what it was opened with. */
function countingSink(name: string, methods: Partial<Sink> = {}) {
  const opened: (JsonValue | undefined)[] = [];
  let events = 0;
  const sink = sinkWith(
    {
      open: (_run, _notify, state) => void opened.push(state),
      write: (batch) => {
        events += batch.length;
      },
      checkpoint: () => ({ events }),
      ...methods,
    },
    name,
  );
  return { sink, opened };
}

describe('the loggers of a run', () => {
  it('say where they are, by name, and get that back in a run that goes on', async () => {
    const [first, second, other] = [countingSink('a'), countingSink('a'), countingSink('b')];
    const loggers = [first, second, other].map(({ sink }) => defineLogger(sink));
    const run = startRun('told');
    const done = record(run.events$, loggers, quiet);
    run.start();
    run.train();
    const states = await checkpointLoggers('told');
    expect(states).toEqual({ a: { events: 2 }, 'a-2': { events: 2 }, b: { events: 2 } });
    run.end();
    await done;
    expect(await checkpointLoggers('told')).toEqual({});

    const forget = resumeLoggers('told', { ...states, a: { events: 7 } });
    const again = startRun('told');
    const ended = record(again.events$, loggers, quiet);
    again.start();
    again.end();
    await ended;
    forget();
    expect([first.opened, second.opened, other.opened]).toEqual([
      [undefined, { events: 7 }],
      [undefined, { events: 2 }],
      [undefined, { events: 2 }],
    ]);
  });

  it('are asked when all that they were sent is written, also by a slow sink', async () => {
    const opened = gate();
    const { sink } = countingSink('slow', { open: () => opened.passed });
    const run = startRun('slow');
    const done = record(run.events$, [defineLogger(sink)], quiet);
    run.start();
    run.train();
    const states = checkpointLoggers('slow');
    opened.open();
    expect(await states).toEqual({ slow: { events: 2 } });
    run.end();
    await done;
  });

  it('are flushed where they have nothing to say', async () => {
    let flushed = 0;
    const sink = sinkWith({
      flush: async () => {
        flushed += 1;
      },
    });
    const run = startRun('flushed');
    const done = record(run.events$, [defineLogger(sink)], quiet);
    run.start();
    expect(await checkpointLoggers('flushed')).toEqual({});
    expect(flushed).toBe(1);
    run.end();
    await done;
  });

  it('that fail are left out, and told of', async () => {
    const broken = countingSink('broken', { checkpoint: () => Promise.reject(new Error('disk full')) });
    const gone = countingSink('gone', {
      write() {
        throw new Error('no');
      },
    });
    const sound = countingSink('sound');
    const told: string[] = [];
    const run = startRun('faults');
    const loggers = [broken, gone, sound].map(({ sink }) => defineLogger(sink));
    const done = record(run.events$, loggers, { onDiagnostic: ({ message }) => told.push(message) });
    run.start();
    expect(Object.keys(await checkpointLoggers('faults'))).toEqual(['sound']);
    run.end();
    const [receipt] = await done;
    expect(receipt!.errors.map(({ code }) => code)).toEqual(['checkpoint-failed']);
    expect(told).toContain('logger broken: checkpoint failed: disk full');
  });
});
