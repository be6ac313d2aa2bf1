import type { LogValues } from '../logger/log-values.js';
import type { SinkSupports } from '../logger/sink.js';
import type { TrainEvent } from '../logger/train-event.js';
import { check, checkSame } from './assertions.js';
import type { ConformanceCase, ConformanceOptions, ConformanceSubject } from './conformance-case.js';
import { sampleRun } from './sample-run.js';
import { type SampleValues, sampleValues } from './sample-values.js';
import { checkLosses, playRun } from './sink-steps.js';

const KINDS: Record<keyof SinkSupports, readonly (keyof SampleValues & string)[]> = {
  scalars: ['suite/number'],
  histograms: ['suite/values', 'suite/counts'],
  images: ['suite/image'],
  text: ['suite/string', 'suite/text'],
  tables: ['suite/table'],
};

const ODD_KEYS = ['Verlust/Größe', '損失/検証', 'метрика', '🚀/🔥', 'a b', 'dots.and-dashes_'];

/** What a sink shows of what it was given. */
export function contentCases(options: ConformanceOptions): ConformanceCase[] {
  const { create, tolerance } = options;
  const cases: ConformanceCase[] = [];

  function add(name: string, body: (subject: ConformanceSubject) => Promise<void>): void {
    cases.push({ name, run: async () => body(await create()) });
  }

  function addRun(name: string, events: readonly TrainEvent[]): void {
    add(name, async (subject) => {
      await playRun(subject.sink, events, 4);
      await checkLosses(subject, events, options, `of ${name}`);
    });
  }

  for (const logAccumBatch of [true, false]) {
    const sort = `logAccumBatch ${logAccumBatch}`;
    addRun(`losses: ${sort}`, sampleRun({ logAccumBatch }));
    addRun(`losses: NaN and infinities, ${sort}`, sampleRun({ logAccumBatch, loss: nonFinite }));
    addRun(`losses: 0, tiny and huge, ${sort}`, sampleRun({ logAccumBatch, loss: extreme }));
    addRun(`runs: one that fails, ${sort}`, sampleRun({ logAccumBatch, microBatches: 7, outcome: 'failed' }));
    addRun(`runs: one that is stopped, ${sort}`, sampleRun({ logAccumBatch, microBatches: 12, outcome: 'stopped' }));
    addRun(`runs: nothing but a discarded window, ${sort}`, sampleRun({ logAccumBatch, microBatches: 1 }));
    addRun(`runs: nothing but a start and an end, ${sort}`, sampleRun({ logAccumBatch, microBatches: 0 }));
  }

  add('values: keys in any script', async (subject) => {
    const { scalars } = subject.sink.supports;
    const values = Object.fromEntries(ODD_KEYS.map((key, i) => [key, i + 0.5]));
    await playRun(subject.sink, sampleRun({ values }));
    const { logged } = await subject.read();
    if (scalars) for (const key of ODD_KEYS) checkSame(logged[key], [values[key]], `what ${key} shows`, tolerance);
  });

  add('values: numbers that are not finite', async (subject) => {
    const values = { 'suite/nan': Number.NaN, 'suite/up': Infinity, 'suite/down': -Infinity };
    await playRun(subject.sink, sampleRun({ values }));
    const { logged } = await subject.read();
    if (!subject.sink.supports.scalars) return;
    for (const [key, value] of Object.entries(values)) checkSame(logged[key], [value], `what ${key} shows`);
  });

  for (const kind of Object.keys(KINDS) as (keyof SinkSupports)[]) {
    add(`values: ${kind}, where supported, and otherwise no harm`, async (subject) => {
      const all = sampleValues();
      const values: LogValues = Object.fromEntries(KINDS[kind].map((key) => [key, all[key]!]));
      const events = sampleRun({ values });
      await playRun(subject.sink, events);
      await checkLosses(subject, events, options, `beside ${kind}`);
      if (subject.sink.supports[kind]) await checkLogged(subject, KINDS[kind]);
    });
  }

  add('values: kinds that are not supported leave the others alone', async (subject) => {
    const values = sampleValues();
    // Objects first: a sink that gives up at the first value it can't hold would lose the numbers behind it.
    const reversed = Object.fromEntries(Object.entries(values).reverse());
    const events = sampleRun({ values: reversed });
    await playRun(subject.sink, events);
    await checkLosses(subject, events, options, 'beside values of each kind');
    for (const kind of Object.keys(KINDS) as (keyof SinkSupports)[]) {
      if (subject.sink.supports[kind]) await checkLogged(subject, KINDS[kind]);
    }
  });

  async function checkLogged(
    { read }: ConformanceSubject,
    keys: readonly (keyof SampleValues & string)[],
  ): Promise<void> {
    const { logged } = await read();
    const values = sampleValues();
    for (const key of keys) {
      const shown = logged[key] ?? [];
      const value = values[key];
      check(shown.length === 1, `shows ${shown.length} values under ${key}, where one was logged`);
      if (typeof value === 'number') checkSame(shown[0], value, `what ${key} shows`, tolerance);
      if (typeof value !== 'string' || typeof shown[0] !== 'string') continue;
      check(
        shown[0].includes(value),
        `shows ${JSON.stringify(shown[0])} under ${key}, where ${JSON.stringify(value)} was logged`,
      );
    }
  }

  return cases;
}

function nonFinite(microStep: number): number {
  return { 2: Number.NaN, 6: Infinity, 11: -Infinity, 18: Number.NaN }[microStep] ?? 1 / microStep;
}

// Within what 32-bit floats hold, as sums of a window too.
function extreme(microStep: number): number {
  return [0, 1e-30, 3e37, -1e-30, -2][microStep % 5]!;
}
