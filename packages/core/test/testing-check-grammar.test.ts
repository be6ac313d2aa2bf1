import { describe, expect, it } from 'vitest';
import { deepFreeze } from '../src/logger/deep-freeze.js';
import type { AccumulatedBatchEvent, RunStartEvent, TrainEvent } from '../src/logger/train-event.js';
import { checkGrammar, type SampleRunOptions, sampleRun, sampleValues } from '../src/testing/index.js';

const EVENTS = sampleRun();

const at = (type: TrainEvent['type'], nth = 0): number =>
  EVENTS.map((event, index) => ({ event, index })).filter(({ event }) => event.type === type)[nth]!.index;

/** The stream with one event changed. */
function changed(index: number, patch: object, events = EVENTS): readonly TrainEvent[] {
  return events.with(index, deepFreeze({ ...structuredClone(events[index]!), ...patch }));
}

function withRun(patch: (start: RunStartEvent) => object, events = EVENTS): readonly TrainEvent[] {
  const start = events[0] as RunStartEvent;
  return changed(0, { run: { ...start.run, ...patch(start) } }, events);
}

describe('checkGrammar', () => {
  const runs: SampleRunOptions[] = [
    {},
    { logAccumBatch: false },
    { microBatches: 0 },
    { microBatches: 1, outcome: 'stopped' },
    { microBatches: 7, outcome: 'failed' },
    { values: sampleValues() },
    { loss: (microStep) => [Number.NaN, Infinity, -Infinity, -0][microStep % 7] ?? 1 / microStep },
    { logAccumBatch: false, loss: (microStep) => (microStep === 4 ? Infinity : microStep === 9 ? Number.NaN : -1) },
  ];
  it.each(runs)('accepts the sample run %j', (options) => {
    const { trained, accumulated, discarded, open } = checkGrammar(sampleRun(options));
    expect([trained, open]).toEqual([options.microBatches ?? 18, 0]);
    expect(accumulated + discarded).toBe(trained);
  });

  it('counts what became of the micro-batches', () => {
    expect(checkGrammar(EVENTS)).toEqual({ trained: 18, accumulated: 17, discarded: 1, open: 0 });
  });

  it('accepts a stream that breaks off only where that is said, and counts its open window', () => {
    const killed = EVENTS.slice(0, at('micro-batch', 10) + 1);
    expect(() => checkGrammar(killed)).toThrow(`event ${killed.length} is missing: a stream ends with run-end`);
    expect(checkGrammar(killed, { partial: true })).toEqual({ trained: 11, accumulated: 8, discarded: 0, open: 3 });
  });

  it.each(EVENTS.map((event, index) => [index, event.type] as const).slice(1))(
    'finds that event %i (%s) changed places with the one before',
    (index) => {
      const swapped = EVENTS.with(index - 1, EVENTS[index]!).with(index, EVENTS[index - 1]!);
      expect(() => checkGrammar(swapped)).toThrow(/^event \d+ \(/);
    },
  );

  it.each(
    EVENTS.map((event, index) => [index, event.type] as const).filter(([, type]) => /batch|run|window/.test(type)),
  )('finds that event %i (%s) is missing', (index) => {
    expect(() => checkGrammar(EVENTS.toSpliced(index, 1))).toThrow(/^event \d+ (\(|is missing)/);
  });

  it.each(
    EVENTS.map((event, index) => [index, event.type] as const).filter(([, type]) => /batch|run|window/.test(type)),
  )('finds that event %i (%s) stands twice', (index) => {
    expect(() => checkGrammar(EVENTS.toSpliced(index, 0, EVENTS[index]!))).toThrow(/^event \d+ \(/);
  });

  const micro = at('micro-batch', 5);
  const discarded = at('discarded-window');
  const accumulated = at('accumulated-batch', 4);
  const batch = EVENTS[accumulated] as AccumulatedBatchEvent;
  const lineage = (patch: object) => ({
    microBatches: batch.microBatches.with(1, { ...batch.microBatches[1]!, ...patch }),
  });
  const faults: [string, readonly TrainEvent[], number, RegExp][] = [
    [
      'a loss that its lineage does not give',
      changed(accumulated, { loss: batch.loss * 1.001 }),
      accumulated,
      /has loss/,
    ],
    [
      'a metric that its micro-batches do not give',
      changed(accumulated, { metrics: { accuracy: 1 } }),
      accumulated,
      /metric accuracy/,
    ],
    [
      'a lineage that lacks a micro-batch',
      changed(accumulated, { microBatches: batch.microBatches.slice(1) }),
      accumulated,
      /micro-batches 10, 11/,
    ],
    [
      'a lineage that tells another loss',
      changed(accumulated, lineage({ loss: 7 })),
      accumulated,
      /says loss 7 of micro-batch 10/,
    ],
    ['a lineage that tells another weight', changed(accumulated, lineage({ weight: 9 })), accumulated, /says weight 9/],
    ['another normalizer', changed(accumulated, { normalizer: 20 }), accumulated, /has normalizer 20/],
    [
      'another target than its window had',
      changed(accumulated, { accumBatchSize: 8 }),
      accumulated,
      /has accumBatchSize 8/,
    ],
    [
      'other samples than its window held',
      changed(accumulated, { windowSamples: 16 }),
      accumulated,
      /has windowSamples 16/,
    ],
    ['another smooth loss', changed(accumulated, { smoothLoss: 1 }), accumulated, /has smoothLoss 1/],
    ['a smooth loss of what is not recorded', changed(micro, { smoothLoss: 1 }), micro, /has a smoothLoss/],
    [
      'a window that says it is fuller',
      changed(micro, { window: { filled: 9, target: 12 } }),
      micro,
      /has window.filled 9/,
    ],
    [
      'a target that changes inside a window',
      changed(micro, { window: { filled: 8, target: 12 } }),
      micro,
      /has window.target 12/,
    ],
    ['samples that do not add up', changed(micro, { batchSamples: 3 }), micro, /samples 24 where 23 is due/],
    ['a micro-batch without samples', changed(micro, { batchSamples: 0, samples: 20 }), micro, /has 0 samples/],
    ['a micro-batch of a negative weight', changed(micro, { weight: -1 }), micro, /of weight -1/],
    ['a micro-batch that is skipped', changed(micro, { microStep: 7 }), micro, /has microStep 7 where 6 is due/],
    [
      'a discarded window that tells another loss',
      changed(discarded, { microBatches: [{ microStep: 18, samples: 3, weight: 3, loss: 7 }] }),
      discarded,
      /says loss 7 of micro-batch 18/,
    ],
    [
      'an end that leaves a window open',
      EVENTS.toSpliced(discarded, 1),
      discarded,
      /comes while 1 micro-batches are open/,
    ],
    ['a step that is skipped', changed(accumulated, { step: 6 }), accumulated, /has step 6 where 5 is due/],
    ['time that goes back', changed(micro, { time: 0 }), micro, /has time 0 after/],
    ['an epoch that goes back', changed(micro, { epoch: 0 }), micro, /has epoch 0 after/],
    ['an event that is not frozen', EVENTS.with(micro, { ...EVENTS[micro]! }), micro, /is not frozen$/],
    [
      'an inner object that is not frozen',
      EVENTS.with(micro, Object.freeze({ ...EVENTS[micro]!, metrics: {} } as never)),
      micro,
      /is not frozen.metrics$/,
    ],
    ['an event before run-start', EVENTS.slice(1), 0, /comes before run-start/],
    ['an event after run-end', [...EVENTS, EVENTS.at(-1)!], EVENTS.length, /comes after run-end/],
    ['no event', EVENTS.with(3, null as never), 3, /is not an event/],
    [
      "an epoch's end inside a window that 'drop' gives up before",
      withRun(({ run }) => ({ policy: { ...run.policy, lastWindow: 'drop' } })),
      at('epoch-end'),
      /while 1 micro-batches are open, with lastWindow 'drop'/,
    ],
    [
      'a divisor that the policy does not give',
      withRun(({ run }) => ({ policy: { ...run.policy, normalize: 'target' } })),
      accumulated,
      /has normalizer 19 where 16 is due/,
    ],
    [
      'a discarded window without a reason',
      changed(at('discarded-window'), { reason: '' }),
      at('discarded-window'),
      /has no reason/,
    ],
  ];
  it.each(faults)('finds %s', (_, events, index, message) => {
    expect(() => checkGrammar(events)).toThrow(message);
    expect(() => checkGrammar(events)).toThrow(new RegExp(`^event ${index} \\(`));
  });

  it('takes no window that is not full, but from a policy that flushes', () => {
    const tail = sampleRun({ microBatches: 8 }).filter(({ type }) => type !== 'epoch-end');
    const flushed = tail.flatMap((event, index) => {
      const full = event.type === 'micro-batch' && event.microStep === 8;
      return full ? [deepFreeze({ ...event, window: { filled: 8, target: 12 } })] : [tail[index]!];
    });
    const seventh = flushed.findIndex((event) => event.type === 'micro-batch' && event.microStep === 7);
    const step = flushed.findLastIndex(({ type }) => type === 'accumulated-batch');
    const events = changed(
      step,
      { accumBatchSize: 12 },
      changed(seventh, { window: { filled: 4, target: 12 } }, flushed),
    );
    expect(() => checkGrammar(events)).toThrow(/has 8 samples of 12, with lastWindow 'carry'/);
    checkGrammar(withRun(({ run }) => ({ policy: { ...run.policy, lastWindow: 'flush' } }), events));
  });

  it('follows a resumed run into the window that it brought along', () => {
    const cut = at('micro-batch', 10);
    const start = withRun(() => ({ resumedAt: { microStep: 11, step: 4 } }))[0] as RunStartEvent;
    const { microStep, step, samples, epoch, time } = EVENTS[cut]!;
    const resumed = [
      deepFreeze({ ...structuredClone(start), microStep, step, samples, epoch, time }),
      ...EVENTS.slice(cut + 1),
    ];
    // Micro-batches 9 to 11 come along; 12 to 18 are trained here, 18 is discarded.
    expect(checkGrammar(resumed)).toEqual({ trained: 10, accumulated: 9, discarded: 1, open: 0 });
    const saying = (behind: number) => [
      deepFreeze({ ...resumed[0]!, run: { ...start.run, resumedAt: { microStep: 11, step: 4, samples: behind } } }),
      ...resumed.slice(1),
    ];
    expect(checkGrammar(saying(samples))).toEqual(checkGrammar(resumed));
    expect(() => checkGrammar(saying(samples - 1))).toThrow(`has samples ${samples} where ${samples - 1} is due`);
  });

  describe('after a window that is given up behind validation', () => {
    const { microStep, samples, time } = EVENTS.at(-1)!;
    const end = { step: 5, epoch: 2, time };
    const next = { ...EVENTS[at('micro-batch', 17)]!, ...end, microStep: microStep + 1, samples: samples + 3 };
    const followers = [
      { ...EVENTS[at('epoch-end', 1)]!, time },
      { ...EVENTS[at('discarded-window')]!, time },
      { ...next, step: EVENTS.at(-1)!.step },
    ];
    it.each(followers)('lets only run-end follow, not $type', (follower) => {
      const message = `event 30 (${follower.type}) comes after a discarded window that only run-end may follow`;
      expect(() => checkGrammar(EVENTS.toSpliced(-1, 0, deepFreeze(follower)))).toThrow(message);
    });
  });

  it('lets nothing but the step or the loss of a full window follow it', () => {
    const step = at('accumulated-batch');
    const [micro, after] = [EVENTS[step - 1]!, EVENTS[at('micro-batch', 2)]!];
    const epochEnd = deepFreeze({ ...EVENTS[at('epoch-end')]!, ...clocksOf(micro) });
    const message = 'comes while a full window waits';
    expect(() => checkGrammar(EVENTS.toSpliced(step, 0, epochEnd))).toThrow(`event ${step} (epoch-end) ${message}`);
    const early = deepFreeze({ ...after, step: 0 });
    expect(() => checkGrammar(EVENTS.toSpliced(step, 0, early))).toThrow(`event ${step} (micro-batch) ${message}`);
  });

  it('takes no discarded window that is empty', () => {
    const events = sampleRun({ microBatches: 8 });
    const empty = {
      type: 'discarded-window',
      ...clocksOf(events.at(-1)!),
      reason: 'stopped',
      microBatches: [],
    } as const;
    expect(() => checkGrammar(events.toSpliced(-1, 0, deepFreeze(empty)))).toThrow(/has no micro-batches/);
  });
});

function clocksOf({ microStep, step, samples, epoch, time }: TrainEvent) {
  return { microStep, step, samples, epoch, time };
}
