import { type DiagnosticEvent, defineLogger, memory, record, type TrainEvent } from '@microbatch/core';
import { memorySink } from '@microbatch/core/logger';
import { concat, EMPTY, type Observable, skip, take, throwError } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { runOf } from './record-support.js';

describe('record() of a run that has already ended', () => {
  const runStart = runOf(1).pipe(take(1));
  const lost = () => throwError(() => new Error('training failed'));

  it.each<[string, () => Observable<TrainEvent>, string[], string]>([
    ['that ended well', () => runStart, ['run-start', 'diagnostic'], 'stopped'],
    ['that failed', () => concat(runStart, lost()), ['run-start', 'diagnostic'], 'failed'],
  ])('%s tells that nothing was recorded, to the user and in the files', async (_, events$, types, outcome) => {
    const sink = memorySink();
    const told: DiagnosticEvent[] = [];
    const [receipt] = await record(events$(), [defineLogger(sink)], { onDiagnostic: (one) => told.push(one) });
    expect(told).toMatchObject([{ level: 'error', code: 'run-already-ended' }]);
    expect(told[0]!.message).toContain('the run had already ended');
    expect(sink.events.map(({ type }) => type)).toEqual(types);
    expect(sink.outcome).toBe(outcome);
    expect(receipt).toMatchObject({ dropped: {}, errors: [] });
  });

  it('that sends nothing at all tells so too', async () => {
    const told: string[] = [];
    const [receipt] = await record(EMPTY, [memory()], { onDiagnostic: ({ code }) => told.push(code) });
    expect(told).toEqual(['run-already-ended']);
    expect(receipt).toMatchObject({ received: 0, dropped: {} });
  });

  it('tells nothing of a run that was followed from its start, or from its midst', async () => {
    const told: string[] = [];
    const onDiagnostic = ({ code }: DiagnosticEvent) => told.push(code);
    await record(runOf(1), [memory()], { onDiagnostic });
    await record(runOf(3).pipe(take(3)), [memory()], { onDiagnostic });
    await record(concat(runStart, runOf(3).pipe(skip(4))), [memory()], { onDiagnostic });
    expect(told).toEqual([]);
  });
});
