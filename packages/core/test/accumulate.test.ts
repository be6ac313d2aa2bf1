import {
  type AccumulatedBatchEvent,
  accumulate,
  gradientAccumulation,
  type TrainEvent,
  type TrainInput,
  type TrainingPlan,
} from '@microbatch/core';
import { checkGrammar } from '@microbatch/core/testing';
import { EMPTY, from, lastValueFrom, map, materialize, Observable, of, Subject, take, toArray } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { describe, expect, it } from 'vitest';

const micro = (loss: number): TrainInput => ({ loss, samples: 8 });
const epochEnd: TrainInput = { type: 'epoch-end' };
const byEights = { microBatchSize: 8 };
const letters: Record<TrainEvent['type'], string> = {
  'run-start': 'S',
  'micro-batch': 'm',
  'accumulated-batch': 'A',
  'discarded-window': 'D',
  'epoch-end': 'e',
  log: 'l',
  diagnostic: 'd',
  'run-end': 'R',
};
const inputs: Record<string, TrainInput> = { m: micro(1), e: epochEnd, l: { type: 'log', values: { x: 1 } } };
const outputs = Object.fromEntries(Object.values(letters).map((letter) => [letter, letter]));

/** Events as letters, in marbles. */
const lettersOf = map((event: TrainEvent) => letters[event.type]);

function marbles(run: Parameters<TestScheduler['run']>[0]): void {
  new TestScheduler((actual, expected) => expect(actual).toEqual(expected)).run(run);
}

function eventsOf(
  source: Observable<TrainInput>,
  policy = gradientAccumulation({ accumBatchSize: 16 }),
  plan: TrainingPlan = byEights,
) {
  return lastValueFrom(source.pipe(accumulate(policy, plan), toArray()));
}

const asLetters = (events: readonly TrainEvent[]) => events.map(({ type }) => letters[type]).join('');

describe('accumulate()', () => {
  it('emits an accumulated batch with the micro-batch that fills its window', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold('  ---m---m---m---m---|', inputs);
      const expected = '     S--m---(mA)m---(mA)(eR|)';
      const result = source.pipe(accumulate(gradientAccumulation({ accumBatchSize: 16 }), byEights), lettersOf);
      expectObservable(result).toBe(expected, outputs);
      expectSubscriptions(source.subscriptions).toBe('^------------------!');
    });
  });

  it.each([
    [{ type: 'run-end' }, 'SmmAmAeR', 'finished'],
    [{ type: 'run-end', outcome: 'finished' }, 'SmmAmAeR', 'finished'],
    [{ type: 'run-end', outcome: 'stopped' }, 'SmmAmDR', 'stopped'],
    [{ type: 'run-end', outcome: 'failed', error: 'out of memory' }, 'SmmAmDR', 'failed'],
  ] satisfies [TrainInput, string, string][])('ends as its source says: %o', async (end, letters, outcome) => {
    const policy = gradientAccumulation({ accumBatchSize: 16, lastWindow: 'flush' });
    const source = new Subject<TrainInput>();
    const events = eventsOf(source, policy);
    for (const input of [micro(3), micro(1), micro(9), end, micro(5)]) source.next(input);
    expect(source.observed).toBe(false);
    expect(asLetters(await events)).toBe(letters);
    expect((await events).at(-1)).toMatchObject({ type: 'run-end', outcome });
    checkGrammar(await events);
  });

  it('refuses an outcome that is none', async () => {
    const end = { type: 'run-end', outcome: 'gone' } as unknown as TrainInput;
    await expect(eventsOf(of(micro(3), end))).rejects.toThrow(/^outcome must be 'finished' or 'failed' or 'stopped'/);
  });

  it('passes the error of its source on after a failed run-end, and discards the open window', () => {
    marbles(({ cold, expectObservable }) => {
      const source = cold('--m--#', inputs);
      const expected = '   S-m--(DR#)';
      const result = source.pipe(accumulate(gradientAccumulation({ accumBatchSize: 16 }), byEights), lettersOf);
      expectObservable(result).toBe(expected, outputs);
    });
  });

  it('unsubscribes from its source when it is unsubscribed', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold('--m--m--m--|', inputs);
      const stop = '       ------!';
      const expected = '   S-m--(mA)';
      const result = source.pipe(accumulate(gradientAccumulation({ accumBatchSize: 16 }), byEights), lettersOf);
      expectObservable(result, stop).toBe(expected, outputs);
      expectSubscriptions(source.subscriptions).toBe('^-----!');
    });
  });

  it.each([
    ['carry', 'SmmAmemAeR'],
    ['flush', 'SmmAmAemAeR'],
    ['drop', 'SmmAmDemDeR'],
  ] as const)('lets the marks of its source end epochs, and %ss their tails', async (lastWindow, expected) => {
    const source = from([micro(1), micro(1), micro(1), epochEnd, micro(1), epochEnd]);
    const events = await eventsOf(source, gradientAccumulation({ accumBatchSize: 16, lastWindow }));
    expect(asLetters(events)).toBe(expected);
    checkGrammar(events);
  });

  it("goes by the plan's count where nothing marks epochs, and by marks where the count is wrong", async () => {
    const plan = { ...byEights, microBatchesPerEpoch: 2 };
    const policy = gradientAccumulation({ accumBatchSize: 8 });
    expect(asLetters(await eventsOf(of(micro(1), micro(1), micro(1), micro(1)), policy, plan))).toBe('SmAmAemAmAeR');
    const marked = of(micro(1), micro(1), epochEnd, micro(1), micro(1), epochEnd);
    expect(asLetters(await eventsOf(marked, policy, plan))).toBe('SmAmAemAmAeR');
    const shorter = await eventsOf(of(micro(1), epochEnd, micro(1), micro(1), micro(1), epochEnd), policy, plan);
    expect(asLetters(shorter)).toBe('SmAdemAmAmAeR');
    expect(shorter[3]).toMatchObject({
      code: 'epoch-length',
      message: expect.stringContaining('microBatchesPerEpoch (2)'),
    });
  });

  it('gives the validation metrics of a mark to its epoch', async () => {
    const source = of(micro(1), { type: 'epoch-end', valid: { loss: 0.25 } } as const);
    const events = await eventsOf(source, gradientAccumulation({ accumBatchSize: 8 }));
    expect(events.at(-2)).toMatchObject({ type: 'epoch-end', train: { loss: 1 }, valid: { loss: 0.25 } });
  });

  it.each([
    ['carry', 'SmmAmdDR'],
    ['flush', 'SmmAmdAR'],
    ['drop', 'SmmAmdDR'],
  ] as const)('ends as stopped where its source completes inside an epoch (%s)', async (lastWindow, expected) => {
    const plan = { ...byEights, microBatchesPerEpoch: 4 };
    const source = of(micro(1), micro(1), micro(1));
    const events = await eventsOf(source, gradientAccumulation({ accumBatchSize: 16, lastWindow }), plan);
    expect(asLetters(events)).toBe(expected);
    expect(events.find(({ type }) => type === 'diagnostic')).toMatchObject({ code: 'short-epoch' });
    expect(events.at(-1)).toMatchObject({ outcome: 'stopped' });
  });

  it.each([
    [EMPTY, 'SdR'],
    [of(micro(1)), 'SmdeDR'],
  ])('says so where its source completes before a window was full', async (source, expected) => {
    const events = await eventsOf(source);
    expect(asLetters(events)).toBe(expected);
    expect(events.find(({ type }) => type === 'diagnostic')).toMatchObject({ code: 'no-optimizer-step' });
  });

  it.each([null, undefined, 7])('ends as failed for %j in the place of a micro-batch', async (input) => {
    const result = from([input as never]).pipe(accumulate(gradientAccumulation(), byEights), toArray());
    await expect(lastValueFrom(result)).rejects.toThrow(/input must be an object/);
  });

  it('refuses what is no policy', () => {
    expect(() => accumulate(undefined as never, byEights)).toThrow(/policy must be made by.*undefined/);
    expect(() => accumulate({} as never, byEights)).toThrow(/policy must be made by/);
  });

  it('leaves its source alone where its subscriber has enough of run-start', () => {
    let subscribed = false;
    const source = new Observable<TrainInput>(() => {
      subscribed = true;
    });
    source.pipe(accumulate(gradientAccumulation(), byEights), take(1)).subscribe();
    expect(subscribed).toBe(false);
  });

  it('makes a run of its own for each subscription', async () => {
    const result = of(micro(1), micro(2)).pipe(
      accumulate(gradientAccumulation({ accumBatchSize: 16 }), byEights),
      toArray(),
    );
    const [first, second] = [await lastValueFrom(result), await lastValueFrom(result)];
    const ids = [first, second].map(([start]) => (start?.type === 'run-start' ? start.run.id : ''));
    expect(ids[0]).not.toBe(ids[1]);
    expect((second.find(({ type }) => type === 'accumulated-batch') as AccumulatedBatchEvent).step).toBe(1);
  });

  it('ends as failed, then errors, for what is no micro-batch', async () => {
    const source = of(micro(1), { loss: 1, samples: -8 }, micro(1));
    const notifications = await lastValueFrom(
      source.pipe(accumulate(gradientAccumulation({ accumBatchSize: 16 }), byEights), materialize(), toArray()),
    );
    expect(notifications.map(({ kind, value }) => (value ? letters[value.type] : kind)).join('')).toBe('SmDRE');
    expect(notifications.at(-1)!.error).toMatchObject({ message: expect.stringContaining('samples must be') });
  });

  it('keeps the order where a subscriber feeds the source while it handles an event', () => {
    const source = new Subject<TrainInput>();
    const seen: TrainEvent[] = [];
    source.pipe(accumulate(gradientAccumulation({ accumBatchSize: 8 }), byEights)).subscribe((event) => {
      seen.push(event);
      if (event.type === 'micro-batch' && event.microStep < 3) source.next(micro(1));
    });
    source.next(micro(1));
    source.complete();
    expect(asLetters(seen)).toBe('SmAmAmAeR');
    checkGrammar(seen);
  });

  it('stops a synchronous source whose subscriber has enough', () => {
    let pulled = 0;
    const endless = new Observable<TrainInput>((subscriber) => {
      while (!subscriber.closed) {
        pulled += 1;
        subscriber.next(micro(1));
      }
    });
    endless.pipe(accumulate(gradientAccumulation({ accumBatchSize: 8 }), byEights), take(5)).subscribe();
    expect(pulled).toBe(2);
  });

  it('refuses a policy and a plan that do not fit before anyone subscribes', () => {
    expect(() => accumulate(gradientAccumulation({ accumBatchSize: 20 }), byEights)).toThrow(/accumBatchSize \(20\)/);
  });
});
