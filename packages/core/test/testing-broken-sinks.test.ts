import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import type { TrainEvent } from '../src/logger/train-event.js';
import { type ConformanceSubject, sinkConformance } from '../src/testing/index.js';
import { type BufferedSubject, bufferedSubject, type Row, readBack } from './buffered-sink.js';

async function failingCases(create: () => ConformanceSubject, tolerance = 0): Promise<string[]> {
  const names: string[] = [];
  for (const { name, run } of sinkConformance({ create, tolerance })) await run().catch(() => names.push(name));
  return names;
}

/** The sound sink with some of it replaced. */
function broken(how: (sound: BufferedSubject) => Partial<BufferedSubject['sink']>) {
  return (): ConformanceSubject => {
    const sound = bufferedSubject();
    return { ...sound, sink: { ...sound.sink, ...how(sound) } };
  };
}

/** The sound sink that gets other events than it was sent. */
function sent(change: (events: readonly TrainEvent[]) => readonly TrainEvent[]) {
  return broken(({ sink }) => ({ write: (events) => sink.write(change(events)) }));
}

/** The sound sink that shows other rows than it has. */
function shown(change: (row: Row) => Row[]) {
  return (): ConformanceSubject => {
    const sound = bufferedSubject();
    return { ...sound, read: () => readBack({ ...sound.place, rows: sound.place.rows.flatMap(change) }) };
  };
}

let latest: BufferedSubject;

const FOUND_BY_THESE_ALONE: Record<string, { create: () => ConformanceSubject; cases: string[] }> = {
  'takes events when it is not open': {
    create: broken(({ sink }) => ({
      write(events) {
        try {
          sink.write(events);
        } catch {}
      },
    })),
    cases: ['new', 'closed', 'exited'].map((state) => `write: ${aOr(state)} sink throws not-open`),
  },
  'throws any error when it is not open': {
    create: broken(({ sink }) => ({
      write(events) {
        try {
          sink.write(events);
        } catch {
          throw new TypeError('no file');
        }
      },
    })),
    cases: ['new', 'closed', 'exited'].map((state) => `write: ${aOr(state)} sink throws not-open`),
  },
  'writes into typed arrays': {
    create: sent((events) => {
      for (const event of events) if (event.type === 'log') Object.values(event.values).forEach(blackOut);
      return events;
    }),
    cases: ['events: are not written to'],
  },
  'drops what is not finite': {
    create: shown((row) => (typeof row.value !== 'number' || Number.isFinite(row.value) ? [row] : [])),
    cases: [
      'losses: NaN and infinities, logAccumBatch true',
      'losses: NaN and infinities, logAccumBatch false',
      'values: numbers that are not finite',
    ],
  },
  'shows nothing before it is closed': {
    create: broken(() => ({ flush() {} })),
    cases: [true, false].map((value) => `flush: makes visible what was written, logAccumBatch ${value}`),
  },
  'writes to the sink that was opened last': {
    create: () => {
      const sound = bufferedSubject();
      const open = (run: never) => {
        latest = sound;
        sound.sink.open(run);
      };
      return { ...sound, sink: { ...sound.sink, open, write: (events) => latest.sink.write(events) } };
    },
    cases: ['two sinks: do not mix'],
  },
  'throws at an event that it does not know': {
    create: sent((events) => {
      if (events.some(({ type }) => (type as string) === 'suite-unknown')) throw new Error('unknown event');
      return events;
    }),
    cases: ['events: of types it does not know are passed over'],
  },
  'keeps the letters of one alphabet': {
    create: shown(({ key, value }) => [{ key: key.replace(/[^ -~]/g, '?'), value }]),
    cases: ['values: keys in any script'],
  },
  'gives up a log event at the first value that it can not hold': {
    create: () => {
      const sound = broken(({ sink }) => ({ write: (events) => sink.write(events.map(untilImage)) }))();
      return { ...sound, sink: { ...sound.sink, supports: { ...sound.sink.supports, images: false } } };
    },
    cases: ['values: kinds that are not supported leave the others alone'],
  },
};

const FOUND_BY_MANY: Record<string, { create: () => ConformanceSubject; cases: string[] }> = {
  'turns each batch round': {
    create: sent((events) => [...events].reverse()),
    cases: ['events: keep their order'],
  },
  'keeps the last event of a batch only': {
    create: sent((events) => events.slice(-1)),
    cases: [1, 2, 7].map((size) => `batches: ${size} events at a time give what all at once gives`),
  },
  'loses its buffer when the process goes': {
    create: broken(() => ({ exitSync() {} })),
    cases: [
      ...[true, false].map((value) => `exitSync: makes visible what was written, logAccumBatch ${value}`),
      'record: the process goes after 9 events',
    ],
  },
  'writes its tail again when it is closed again': {
    create: broken(({ sink, place }) => ({
      close(outcome) {
        if (place.closed) place.rows = [...place.rows, ...place.rows.slice(-1)];
        sink.close(outcome);
      },
    })),
    cases: ['close: twice', 'close: twice at once', 'close: a closed sink'],
  },
  'throws when it is closed twice': {
    create: broken(({ sink, place }) => ({
      close(outcome) {
        if (place.closed) throw new Error('closed already');
        sink.close(outcome);
      },
    })),
    cases: ['close: twice', 'close: twice at once', 'close: a closed sink', 'close: an exited sink'],
  },
  'always shows accumulated batches': {
    create: broken(({ sink }) => ({ open: (run) => sink.open({ ...run, logAccumBatch: true }) })),
    cases: ['losses: logAccumBatch false'],
  },
  'throws a failed run away': {
    create: broken(({ sink, place }) => ({
      close(outcome) {
        sink.close(outcome);
        if (outcome === 'failed') place.rows = [];
      },
    })),
    cases: ['runs: one that fails, logAccumBatch true', 'record: a source that fails'],
  },
  'exits in a promise': {
    create: broken(({ sink }) => ({ exitSync: async (outcome) => sink.exitSync(outcome) })),
    cases: ['exitSync: an open sink', 'exitSync: a written sink'],
  },
  'rounds to 32 bits': {
    create: shown(toFloat32),
    cases: ['losses: logAccumBatch true', 'losses: logAccumBatch false'],
  },
};

function aOr(state: string): string {
  return `${state === 'exited' ? 'an' : 'a'} ${state}`;
}

function blackOut(value: unknown): void {
  (value as { png?: Uint8Array }).png?.fill(0);
}

function untilImage(event: TrainEvent): TrainEvent {
  if (event.type !== 'log') return event;
  const entries = Object.entries(event.values);
  const image = entries.findIndex(([, value]) => typeof value === 'object' && value.kind === 'image');
  return image < 0 ? event : { ...event, values: Object.fromEntries(entries.slice(0, image)) };
}

function toFloat32({ key, value }: Row): Row[] {
  return [{ key, value: typeof value === 'number' ? Math.fround(value) : value }];
}

describe('sinkConformance', () => {
  it('finds nothing in a sound sink', async () => {
    expect(await failingCases(bufferedSubject)).toEqual([]);
  });

  it('finds nothing in a sound sink that answers by promises', async () => {
    const create = broken(({ sink }) => ({
      open: async (run) => sink.open(run),
      write: async (events) => sink.write(events),
      flush: async () => sink.flush(),
      close: async (outcome) => sink.close(outcome),
    }));
    expect(await failingCases(create)).toEqual([]);
  });

  it('finds nothing in a backend of 32-bit floats that says so', async () => {
    expect(await failingCases(shown(toFloat32), 1e-6)).toEqual([]);
  });

  describe('finds, by the cases meant for it and no other, a sink that', () => {
    for (const [fault, { create, cases }] of Object.entries(FOUND_BY_THESE_ALONE)) {
      it(fault, async () => {
        expect((await failingCases(create)).sort()).toEqual(cases.sort());
      });
    }
  });

  describe('finds, by the cases meant for it among others, a sink that', () => {
    for (const [fault, { create, cases }] of Object.entries(FOUND_BY_MANY)) {
      it(fault, async () => {
        expect(await failingCases(create)).toEqual(expect.arrayContaining(cases));
      });
    }
  });

  // In a process of its own: this one's test runner takes any such promise for a failure.
  it('finds a promise that is rejected behind the back of all', () => {
    const script = `
      import { readEvents, sinkConformance } from '@microbatch/core/testing';
      import { memorySink } from '@microbatch/core/logger';
      function create() {
        const sink = memorySink();
        return { sink: { ...sink, flush: () => void Promise.reject('lost') }, read: () => readEvents(sink.events) };
      }
      const { run } = sinkConformance({ create }).find(({ name }) => name === 'flush: an open sink');
      await run().catch(({ message }) => console.log(message));`;
    const output = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
    expect(output).toBe('leaves a rejected promise that nobody handles: lost\n');
  });

  it('refuses to test nothing', () => {
    expect(() => sinkConformance({} as never)).toThrow(
      'create must be a function that makes a fresh sink, not undefined',
    );
  });

  it('names each case once', () => {
    const names = sinkConformance({ create: bufferedSubject }).map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });
});
