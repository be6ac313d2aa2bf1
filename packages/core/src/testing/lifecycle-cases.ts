import { decodeJson, encodeJson } from '../logger/json-codec.js';
import { LoggerError } from '../logger/logger-error.js';
import type { TrainEvent } from '../logger/train-event.js';
import { check, checkSame } from './assertions.js';
import type { ConformanceCase, ConformanceOptions, ConformanceSubject } from './conformance-case.js';
import { sampleRun } from './sample-run.js';
import { checkLosses, outcomeOf, runOf } from './sink-steps.js';

const EVENTS = sampleRun();
const FIRST_HALF = EVENTS.slice(0, EVENTS.length / 2);
const SECOND_HALF = EVENTS.slice(EVENTS.length / 2);

type Subject = ConformanceSubject;
type State = 'new' | 'open' | 'written' | 'closed' | 'exited';

// What brings a new sink into a state, and what it then has written.
const STATES: Record<State, { enter(subject: Subject): Promise<void>; written: readonly TrainEvent[] }> = {
  new: { enter: async () => {}, written: [] },
  open: { enter: async ({ sink }) => sink.open(runOf(EVENTS)), written: [] },
  written: { enter: writeFirstHalf, written: FIRST_HALF },
  closed: {
    async enter(subject) {
      await writeFirstHalf(subject);
      await subject.sink.close('stopped');
    },
    written: FIRST_HALF,
  },
  exited: {
    async enter(subject) {
      await writeFirstHalf(subject);
      exit(subject);
    },
    written: FIRST_HALF,
  },
};

/** Every operation in every state. */
export function lifecycleCases(options: ConformanceOptions): ConformanceCase[] {
  const cases: ConformanceCase[] = [];

  function add(name: string, state: State, body: (subject: Subject) => Promise<void>): void {
    cases.push({
      name,
      async run() {
        const subject = await options.create();
        if (state === 'exited' && subject.sink.exitSync === undefined) return;
        await STATES[state].enter(subject);
        await body(subject);
      },
    });
  }

  add('open: a new sink', 'new', async ({ sink }) => {
    await sink.open(runOf(EVENTS));
    await sink.close('stopped');
  });

  for (const state of ['closed', 'exited'] as const) {
    add(`open: ${anA(state)} sink begins another run, or refuses`, state, async ({ sink }) => {
      const another = sampleRun({ id: 'another' });
      const refused = await errorOf(() => sink.open(runOf(another)));
      if (refused !== undefined) return;
      await sink.write(another);
      await sink.close('finished');
    });
  }

  for (const state of ['new', 'closed', 'exited'] as const) {
    add(`write: ${anA(state)} sink throws not-open`, state, async (subject) => {
      const error = await errorOf(() => subject.sink.write(SECOND_HALF));
      check(error !== undefined, 'takes events that nobody will ever see');
      check(error instanceof LoggerError && error.code === 'not-open', `throws ${error}, not a LoggerError 'not-open'`);
      if (state !== 'new') await checkLosses(subject, FIRST_HALF, options, 'after the refused write');
    });
  }

  for (const state of ['open', 'written'] as const) {
    add(`write: ${anA(state)} sink`, state, async (subject) => {
      const { written } = STATES[state];
      await subject.sink.write(EVENTS.slice(written.length));
      await subject.sink.close('finished');
      await checkLosses(subject, EVENTS, options, 'after close()');
    });
  }

  for (const state of Object.keys(STATES) as State[]) {
    const operations = {
      flush: ({ sink }: Subject) => sink.flush(),
      checkpoint: takeCheckpoint,
      close: ({ sink }: Subject) => sink.close('stopped'),
      exitSync: exit,
    };
    for (const [name, operation] of Object.entries(operations)) {
      add(`${name}: ${anA(state)} sink`, state, async (subject) => {
        await operation(subject);
        // A flushed sink goes on where it was, and one that has not begun can still begin.
        const leavesOpen = name === 'flush' || name === 'checkpoint';
        const goesOn = state === 'new' || (leavesOpen && (state === 'open' || state === 'written'));
        if (goesOn) await goOn(subject, state);
        const written = goesOn ? EVENTS : STATES[state].written;
        if (written.length > 0) await checkLosses(subject, written, options, `after ${name}`);
      });
    }
  }

  add('close: twice', 'written', async (subject) => {
    await subject.sink.close('stopped');
    await subject.sink.close('stopped');
    await checkLosses(subject, FIRST_HALF, options, 'after closing twice');
  });

  add('close: twice at once', 'written', async (subject) => {
    await Promise.all([subject.sink.close('stopped'), subject.sink.close('stopped')]);
    await checkLosses(subject, FIRST_HALF, options, 'after closing twice at once');
  });

  add('close: while flush is under way', 'written', async (subject) => {
    await Promise.all([subject.sink.flush(), subject.sink.close('stopped')]);
    await checkLosses(subject, FIRST_HALF, options, 'after flush and close at once');
  });

  add('exitSync: while close is under way', 'written', async (subject) => {
    const closing = subject.sink.close('stopped');
    exit(subject);
    await closing;
    await checkLosses(subject, FIRST_HALF, options, 'after close and exitSync at once');
  });

  return cases;
}

async function writeFirstHalf({ sink }: Subject): Promise<void> {
  await sink.open(runOf(EVENTS));
  await sink.write(FIRST_HALF);
}

async function goOn({ sink }: Subject, state: State): Promise<void> {
  if (state === 'new') await sink.open(runOf(EVENTS));
  await sink.write(EVENTS.slice(STATES[state].written.length));
  await sink.close(outcomeOf(EVENTS));
}

async function takeCheckpoint({ sink }: Subject): Promise<void> {
  const state = await sink.checkpoint?.();
  if (state === undefined) return;
  checkSame(
    decodeJson(JSON.parse(JSON.stringify(encodeJson(state)))),
    state,
    'the state of a checkpoint, once through JSON,',
  );
}

function exit({ sink }: Subject): void {
  const result: unknown = sink.exitSync?.('stopped');
  check(result === undefined, 'exitSync must be done when it returns, without a promise');
}

async function errorOf(operation: () => unknown): Promise<unknown> {
  try {
    await operation();
  } catch (error) {
    return error ?? new Error('threw nothing');
  }
  return undefined;
}

function anA(state: State): string {
  return `${/^[aeiou]/.test(state) ? 'an' : 'a'} ${state}`;
}
