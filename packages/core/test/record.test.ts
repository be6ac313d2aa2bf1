import {
  accumulate,
  type DiagnosticEvent,
  defineLogger,
  LoggerError,
  memory,
  record,
  type TrainEvent,
  type TrainInput,
  whenRelieved,
} from '@microbatch/core';
import { memorySink } from '@microbatch/core/logger';
import { checkGrammar } from '@microbatch/core/testing';
import { concat, map, of, Subject, skip, take, tap, throwError } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { batch, gate, never, policy, quiet, runOf, sinkWith, total } from './record-support.js';

describe('record()', () => {
  it('hands every event to every logger, in order, and balances the receipts', async () => {
    const [a, b] = [memory(), memory()];
    const receipts = await record(runOf(3), [a, b]);
    expect(a.events).toEqual(b.events);
    checkGrammar(a.events);
    // run-start, 3 × (micro, accumulated), epoch-end, run-end
    expect(receipts).toEqual(
      [0, 1].map(() => ({ logger: 'memory', received: 9, written: 9, dropped: {}, errors: [] })),
    );
  });

  it('drains a sink that returns no promise synchronously', () => {
    const logger = memory();
    const source = new Subject<TrainInput>();
    void record(source.pipe(accumulate(policy, { microBatchSize: 8 })), [logger]);
    source.next(batch);
    expect(logger.events).toHaveLength(3);
    source.complete();
  });

  it("keeps one logger's failure from the others, and tells of it once", async () => {
    const told: DiagnosticEvent[] = [];
    const beside = memory();
    const thrown = new Error('disk full');
    const faulty = sinkWith({
      write() {
        throw thrown;
      },
    });
    const receipts = await record(runOf(5), [defineLogger(faulty), beside], { onDiagnostic: (one) => told.push(one) });
    expect(receipts[0]).toMatchObject({ received: 13, written: 0, dropped: { 'write-failed': 1, 'sink-failed': 12 } });
    expect(receipts[0]!.errors).toEqual([expect.any(LoggerError)]);
    expect(receipts[0]!.errors[0]).toMatchObject({ code: 'write-failed', cause: thrown, logger: 'faulty' });
    expect(told).toMatchObject([{ code: 'logger-failed', message: expect.stringContaining('disk full') }]);
    expect(beside.events.filter(({ type }) => type === 'diagnostic')).toEqual(told);
    checkGrammar(beside.events);
  });

  it('never sends its own diagnostics after run-end', async () => {
    const beside = memory();
    const faulty = sinkWith({
      write(events) {
        if (events.some(({ type }) => type === 'run-end')) throw new Error('late');
      },
    });
    const [receipt] = await record(runOf(2), [defineLogger(faulty), beside], quiet);
    expect(receipt!.errors).toHaveLength(1);
    expect(beside.events.at(-1)!.type).toBe('run-end');
  });

  it.each(['open', 'write', 'flush', 'close'] as const)('gives up a hanging %s after timeoutMs', async (method) => {
    const beside = memory();
    const logger = defineLogger(sinkWith({ [method]: never }), { timeoutMs: 5 });
    const [receipt] = await record(runOf(3), [logger, beside], quiet);
    expect(receipt!.errors).toMatchObject([{ code: 'timeout' }]);
    expect(receipt!.received).toBe(receipt!.written + total(receipt!.dropped));
    expect(beside.events.filter(({ type }) => type === 'micro-batch')).toHaveLength(3);
  });

  it('closes a sink that opens after it was given up', async () => {
    const { passed, open } = gate();
    const closed = gate();
    const faulty = sinkWith({ open: () => passed, close: () => closed.open() });
    await record(runOf(1), [defineLogger(faulty, { timeoutMs: 5 })], quiet);
    open();
    await closed.passed;
  });

  it('writes in order and never concurrently to a sink that returns promises', async () => {
    let writing = 0;
    let most = 0;
    const faulty = sinkWith({
      async write(events) {
        writing += 1;
        most = Math.max(most, writing);
        await Promise.resolve();
        faulty.inner.write(events);
        writing -= 1;
      },
    });
    faulty.inner.open({} as never);
    const [receipt] = await record(runOf(50), [defineLogger(faulty)]);
    expect(most).toBe(1);
    expect(receipt).toMatchObject({ received: 103, written: 103, dropped: {} });
    checkGrammar(faulty.inner.events);
  });

  it('drops the newest event beyond maxQueued, counted and told once', async () => {
    const { passed, open } = gate();
    const told: string[] = [];
    const faulty = sinkWith({ write: () => passed });
    const done = record(runOf(50), [defineLogger(faulty, { maxQueued: 10 })], {
      onDiagnostic: ({ code }) => told.push(code),
    });
    open();
    const [receipt] = await done;
    expect(receipt).toMatchObject({ received: 103, written: 10, dropped: { 'queue-full': 93 } });
    expect(told).toEqual(['logger-queue-full']);
  });

  it('lets training wait while a queue is more than half full', async () => {
    const { passed, open } = gate();
    const source = new Subject<TrainInput>();
    const faulty = sinkWith({ write: () => passed });
    const events$ = source.pipe(accumulate(policy, { microBatchSize: 8 }, { id: 'pressed' }), tap());
    const done = record(events$, [defineLogger(faulty, { maxQueued: 8 })], quiet);
    expect(whenRelieved('pressed')).toBeUndefined();
    source.next(batch);
    source.next(batch);
    const relieved = whenRelieved('pressed');
    expect(relieved).toBeInstanceOf(Promise);
    expect(whenRelieved('another run')).toBeUndefined();
    open();
    await relieved;
    source.complete();
    expect((await done)[0]).toMatchObject({ dropped: {} });
    expect(whenRelieved('pressed')).toBeUndefined();
  });

  it('lets training go on behind a hanging sink once its time is up', async () => {
    const source = new Subject<TrainInput>();
    const events$ = source.pipe(accumulate(policy, { microBatchSize: 8 }, { id: 'hung' }));
    const done = record(events$, [defineLogger(sinkWith({ write: never }), { maxQueued: 2, timeoutMs: 5 })], quiet);
    source.next(batch);
    await whenRelieved('hung');
    source.complete();
    expect((await done)[0]!.errors).toMatchObject([{ code: 'timeout' }]);
  });

  it('closes its loggers as failed and resolves where the stream errors', async () => {
    const sink = memorySink();
    const source = throwError(() => new Error('no more data')).pipe(accumulate(policy, { microBatchSize: 8 }));
    const [receipt] = await record(source, [defineLogger(sink)]);
    expect(receipt!.errors).toEqual([]);
    expect(sink.outcome).toBe('failed');
    expect(sink.events.at(-1)).toMatchObject({ type: 'run-end', outcome: 'failed', error: 'no more data' });
  });

  it('counts a stream without run-end as stopped', async () => {
    const sink = memorySink();
    await record(runOf(5).pipe(take(4)), [defineLogger(sink)]);
    expect(sink.outcome).toBe('stopped');
  });

  it('drops and tells of events before run-start', async () => {
    const told: string[] = [];
    const [receipt] = await record(runOf(2).pipe(skip(1)), [memory()], {
      onDiagnostic: ({ code }) => told.push(code),
    });
    expect(receipt).toMatchObject({ received: 6, written: 0, dropped: { 'before-run-start': 6 } });
    expect(told).toEqual(['no-run-start']);
  });

  it('tells what a sink could not do as asked, to the user and to the other sinks', async () => {
    const beside = memory();
    const told: DiagnosticEvent[] = [];
    const faulty = sinkWith({
      open(_run, notify) {
        notify?.({ level: 'warn', code: 'value-overwritten', message: 'twice' });
      },
      write() {},
    });
    await record(runOf(1), [defineLogger(faulty), beside], { onDiagnostic: (one) => told.push(one) });
    expect(told).toMatchObject([{ level: 'warn', code: 'value-overwritten', message: 'twice' }]);
    expect(beside.events[1]).toEqual(told[0]);
    checkGrammar(beside.events);
  });

  it('survives what is no event, and tells of it once', async () => {
    const told: string[] = [];
    const logger = memory();
    const source = concat(of(null as never, 7 as never), runOf(1));
    await record(source, [logger], { onDiagnostic: ({ code }) => told.push(code) });
    expect(told).toEqual(['not-an-event']);
    checkGrammar(logger.events);
  });

  it('never runs two operations of a sink at once, however often it is flushed', async () => {
    let running = 0;
    let most = 0;
    const alone = async () => {
      running += 1;
      most = Math.max(most, running);
      await Promise.resolve();
      await Promise.resolve();
      running -= 1;
    };
    const logger = defineLogger(sinkWith({ open: alone, write: alone, flush: alone, close: alone }));
    const source = new Subject<TrainInput>();
    const done = record(source.pipe(accumulate(policy, { microBatchSize: 8 })), [logger]);
    const flushes = Array.from({ length: 20 }, () => {
      source.next(batch);
      return logger.flush();
    });
    source.complete();
    const [receipt] = await done;
    await Promise.all(flushes);
    expect(most).toBe(1);
    expect(receipt).toMatchObject({ received: 43, written: 43, errors: [] });
  });

  it('closes behind a write that was given up, not beside it', async () => {
    const { passed, open } = gate();
    const closed = gate();
    const calls: string[] = [];
    const faulty = sinkWith({
      write: () => passed.then(() => void calls.push('written')),
      close() {
        calls.push('closed');
        closed.open();
      },
    });
    await record(runOf(1), [defineLogger(faulty, { timeoutMs: 5 })], quiet);
    expect(calls).toEqual([]);
    open();
    await closed.passed;
    expect(calls).toEqual(['written', 'closed']);
  });

  it('takes a time limit longer than a timer can count', async () => {
    const logger = defineLogger(sinkWith({ open: async () => {}, write() {} }), { timeoutMs: 1e12 });
    expect(await record(runOf(1), [logger])).toMatchObject([{ errors: [] }]);
  });

  it("tells the stream's own diagnostics, each code once", async () => {
    const told: string[] = [];
    const source = of(Number.NaN, 1).pipe(
      map((loss) => ({ loss, samples: 8 })),
      accumulate(policy, { microBatchSize: 8 }),
    );
    await record(source, [memory()], { onDiagnostic: ({ code }) => told.push(code) });
    expect(told).toEqual(['non-finite-loss']);
  });

  it('survives an onDiagnostic that throws', async () => {
    const beside = memory();
    const faulty = sinkWith({ open: () => Promise.reject(new Error('no')) });
    await record(runOf(2), [defineLogger(faulty), beside], {
      onDiagnostic() {
        throw new Error('of the user');
      },
    });
    checkGrammar(beside.events);
  });

  it('rejects at the first failure where strict, with all loggers closed', async () => {
    const source = new Subject<TrainInput>();
    const sink = memorySink();
    const faulty = sinkWith({ write: () => Promise.reject(new Error('gone')) });
    const events$ = source.pipe(accumulate(policy, { microBatchSize: 8 }));
    const done = record(events$, [defineLogger(faulty), defineLogger(sink)], { ...quiet, strict: true });
    await expect(done).rejects.toMatchObject({ code: 'write-failed' });
    expect(sink.outcome).toBe('failed');
    expect(source.observed).toBe(false);
    await expect(
      record(runOf(1), [defineLogger(sinkWith({ close: () => Promise.reject(new Error('late')) }))], {
        ...quiet,
        strict: true,
      }),
    ).rejects.toMatchObject({ code: 'close-failed' });
  });

  it('refuses what is no logger, a logger twice, and a logger in use', async () => {
    const logger = memory();
    await expect(record({} as never, [logger])).rejects.toThrow(/events\$ must be an observable/);
    await expect(record(runOf(1), 'memory' as never)).rejects.toThrow(/loggers must be an array/);
    await expect(record(runOf(1), [memorySink() as never])).rejects.toThrow(/loggers\[0\] is no logger/);
    await expect(record(runOf(1), [logger, logger])).rejects.toThrow(/stands twice/);
    const source = new Subject<TrainEvent>();
    const first = record(source, [logger]);
    const sink = memorySink();
    await expect(record(runOf(1), [defineLogger(sink), logger])).rejects.toMatchObject({ code: 'in-use' });
    source.complete();
    await first;
    expect(await record(runOf(1), [logger])).toMatchObject([{ written: 5 }]);
  });
});
