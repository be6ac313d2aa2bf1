import { accumulate, defineLogger, record, type TrainInput } from '@microbatch/core';
import { memorySink } from '@microbatch/core/logger';
import { Subject } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { policy, quiet, sinkWith } from './record-support.js';

describe('a logger', () => {
  it('flushes what it took so far, and rejects where that fails', async () => {
    const source = new Subject<TrainInput>();
    let flushed = 0;
    const count = () => {
      flushed += 1;
    };
    const fine = defineLogger(sinkWith({ flush: count }));
    const faulty = defineLogger(sinkWith({ flush: () => Promise.reject(new Error('no')) }));
    await fine.flush();
    expect(flushed).toBe(0);
    const done = record(source.pipe(accumulate(policy, { microBatchSize: 8 })), [fine, faulty], quiet);
    await fine.flush();
    expect(flushed).toBe(1);
    await expect(faulty.flush()).rejects.toMatchObject({ code: 'flush-failed' });
    source.complete();
    expect((await done)[1]!.errors).toHaveLength(2);
  });

  it.each([
    [{}, /sink.name/],
    [{ name: 'x', supports: null }, /sink.supports of x/],
    [{ name: 'x', supports: {} }, /sink.open of x/],
  ])('is not made of %j', (sink, message) => {
    expect(() => defineLogger(sink as never)).toThrow(message);
  });

  it.each([{ maxQueued: 0 }, { timeoutMs: -1 }, { maxQueued: 1.5 }, { timeoutMs: '5' }, { maxQueue: 5 }])(
    'is not made with %j',
    (options) => {
      expect(() => defineLogger(memorySink(), options as object)).toThrow(new RegExp(Object.keys(options)[0]!));
    },
  );
});
