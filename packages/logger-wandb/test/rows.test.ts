import type { LogValues, TrainEvent } from '@microbatch/core/logger';
import { runOf, sampleRun } from '@microbatch/core/testing';
import { describe, expect, it } from 'vitest';
import { logAt, played, translate, withType } from './played-rows.js';

describe('one row per accumulated batch', () => {
  const events = sampleRun();
  const batches = withType(events, 'accumulated-batch');

  it('has the accumulated values, every clock, and step − 1 as its step', () => {
    const { lines, notices } = played(events, 'accumulated');
    const { startedAt } = runOf(events);
    expect(lines.map((row) => row._step)).toEqual(batches.map(({ step }) => step - 1));
    for (const [at, row] of lines.entries()) {
      const batch = batches[at]!;
      expect(row).toMatchObject({
        'trainer/micro_step': batch.microStep,
        'trainer/step': batch.step,
        'trainer/samples': batch.samples,
        epoch: batch.epoch,
        _timestamp: batch.time / 1000,
        _runtime: (batch.time - startedAt) / 1000,
        'train/loss': batch.loss,
        'train/loss_smooth': batch.smoothLoss,
        'train/accuracy': batch.metrics.accuracy,
        'train/learning_rate': batch.learningRate,
        'train/accum_batch_size': batch.accumBatchSize,
        'train/grad_norm': batch.gradNorm,
      });
    }
    expect(notices).toEqual([]);
  });

  it('joins validation to the last training row, with that row clocks', () => {
    const { lines } = played(events, 'accumulated');
    for (const end of withType(events, 'epoch-end')) {
      const row = lines.filter((line) => (line._timestamp as number) < end.time / 1000).at(-1)!;
      expect(row).toMatchObject({ 'valid/loss': end.valid!.loss, 'valid/accuracy': end.valid!.accuracy });
      expect(row['trainer/micro_step']).toBe(batches[row._step as number]!.microStep);
    }
    expect(lines.filter((row) => 'valid/loss' in row)).toHaveLength(2);
  });

  it.each(['micro', 'samples'] as const)('relabels by the recorded event on the %s axis', (axis) => {
    const { lines } = played(events, axis);
    expect(lines.map((row) => row._step)).toEqual(
      batches.map(({ microStep, samples }) => (axis === 'micro' ? microStep : samples) - 1),
    );
  });
});

describe('one row per micro-batch', () => {
  const events = sampleRun({ logAccumBatch: false });
  const micro = withType(events, 'micro-batch');

  it('has microStep − 1 as its step and the micro-batch loss', () => {
    const { lines, notices } = played(events, 'micro');
    expect(lines.map((row) => row._step)).toEqual(micro.map(({ microStep }) => microStep - 1));
    expect(lines.map((row) => row['train/loss'])).toEqual(micro.map(({ loss }) => loss));
    expect(notices).toEqual([]);
  });

  it('takes in the accumulated batch that closes on it, whose clocks win', () => {
    const { lines } = played(events, 'micro');
    for (const batch of withType(events, 'accumulated-batch')) {
      expect(lines[batch.microStep - 1]).toMatchObject({
        'train/loss': micro[batch.microStep - 1]!.loss,
        'train/grad_norm': batch.gradNorm,
        'train/accum_batch_size': batch.accumBatchSize,
        'trainer/step': batch.step,
        _timestamp: batch.time / 1000,
      });
    }
    expect(lines.filter((row) => 'train/grad_norm' in row)).toHaveLength(withType(events, 'accumulated-batch').length);
  });
});

describe('values before the first step', () => {
  const [start, ...rest] = sampleRun() as [TrainEvent, ...TrainEvent[]];

  it.each([
    ['accumulated', 0],
    ['micro', 1],
    ['samples', 7],
  ] as const)('are in the row of the first step on the %s axis', (axis, firstStep) => {
    const { lines, notices } = played([start, logAt(start, { hello: 1 }), ...rest], axis);
    expect(lines[0]).toMatchObject({ _step: firstStep, hello: 1, 'trainer/step': 1 });
    expect(lines[0]).toHaveProperty(['train/loss']);
    expect(notices).toEqual([]);
  });

  it('are row 0 of a run without a step', () => {
    const { lines } = played([start, logAt(start, { hello: 1 })], 'accumulated');
    expect(lines).toEqual([expect.objectContaining({ _step: 0, hello: 1, 'trainer/step': 0 })]);
  });

  it('go on at the clock of a resumed run', () => {
    const resumed = { ...start, microStep: 6, step: 3, samples: 24 };
    const { lines } = played([resumed, logAt(resumed, { hello: 1 })], 'micro');
    expect(lines).toEqual([expect.objectContaining({ _step: 6, hello: 1 })]);
  });

  it('still join the first step after flush, whose summary has them', () => {
    const { rows, lines, notices, summary } = translate(runOf([start]), 'accumulated');
    for (const event of [start, logAt(start, { hello: 1 })]) rows.apply(event);
    rows.flush();
    expect(lines).toEqual([]);
    expect(summary()).toMatchObject({ hello: 1 });
    for (const event of rest) rows.apply(event);
    expect(lines[0]).toMatchObject({ _step: 0, hello: 1, 'trainer/step': 1 });
    expect(notices).toEqual([]);
  });
});

describe('a closed row', () => {
  const events = sampleRun();
  const first = events.findIndex(({ type }) => type === 'accumulated-batch');

  it('leaves its later values to the summary, with a notice', () => {
    const { rows, lines, codes, summary } = translate(runOf(events), 'accumulated');
    for (const event of events.slice(0, first + 1)) rows.apply(event);
    rows.flush();
    rows.apply(logAt(events[first]!, { late: 2 }));
    expect(codes()).toEqual(['row-closed']);
    expect(summary()).toMatchObject({ late: 2 });
    for (const event of events.slice(first + 1)) rows.apply(event);
    rows.close();
    expect(lines.some((row) => 'late' in row)).toBe(false);
    expect(lines).toHaveLength(withType(events, 'accumulated-batch').length);
    expect(summary()).toMatchObject({ late: 2, _step: lines.length - 1 });
  });

  it('leaves the values of an accumulated batch that comes late to the summary', () => {
    const fastai = sampleRun({ logAccumBatch: false });
    const { rows, lines, codes, summary } = translate(runOf(fastai), 'micro');
    const at = fastai.findIndex(({ type }) => type === 'accumulated-batch');
    for (const event of fastai.slice(0, at)) rows.apply(event);
    rows.flush();
    rows.apply(fastai[at]!);
    expect(codes()).toEqual(['row-closed']);
    expect(lines.some((row) => 'train/grad_norm' in row)).toBe(false);
    expect(summary()).toMatchObject({ 'train/grad_norm': withType(fastai, 'accumulated-batch')[0]!.gradNorm });
  });

  it('refuses an older step in the words of the Python client', () => {
    const { rows, lines, notices } = translate(runOf(events), 'accumulated');
    const batches = withType(events, 'accumulated-batch');
    for (const batch of [batches[2]!, batches[0]!, batches[3]!]) rows.apply(batch);
    rows.close();
    expect(lines.map((row) => row._step)).toEqual([2, 3]);
    expect(lines[0]!['train/loss']).toBe(batches[2]!.loss);
    expect(notices).toEqual([
      expect.objectContaining({
        code: 'step-refused',
        message: expect.stringContaining('Tried to log to step 0 that is less than the current step 2.'),
      }),
    ]);
  });
});

describe('values of log()', () => {
  const events = sampleRun();
  const start = events[0]!;

  function logged(...calls: object[]) {
    const result = translate(runOf(events), 'accumulated');
    for (const values of calls) result.rows.apply(logAt(start, values as LogValues));
    result.rows.close();
    return { row: result.lines[0] ?? {}, ...result };
  }

  it('keeps numbers that are not finite, text, and keys with dots and slashes', () => {
    const values = {
      nan: Number.NaN,
      up: Infinity,
      down: -Infinity,
      'a.b/c': 'größer',
      text: { kind: 'text', text: '*x*' },
    };
    expect(logged(values).row).toMatchObject({ ...values, text: '*x*' });
  });

  it('merges, and tells of each key that is overwritten once', () => {
    const { row, notices } = logged({ a: 1, b: 1 }, { a: 2, c: 3 }, { a: 4, b: 5 }, { a: 6 });
    expect(row).toMatchObject({ a: 6, b: 5, c: 3 });
    expect(notices.map(({ code, message }) => [code, message[0]])).toEqual([
      ['value-overwritten', 'a'],
      ['value-overwritten', 'b'],
    ]);
  });

  it('counts raw values of a histogram as numpy does', () => {
    const { row } = logged({
      h: { kind: 'histogram', values: Float64Array.of(1, 2, 3, 4.5, Number.NaN, Infinity, -Infinity) },
    });
    const { _type, values, bins } = row.h as { _type: string; values: number[]; bins: number[] };
    expect([_type, values.length, bins.length]).toEqual(['histogram', 64, 65]);
    // numpy.histogram([1, 2, 3, 4.5], bins=64)
    expect(values.flatMap((count, bin) => (count > 0 ? [[bin, count]] : []))).toEqual([
      [0, 1],
      [18, 1],
      [36, 1],
      [63, 1],
    ]);
    expect([bins[0], bins[1], bins[64]]).toEqual([1, 1.0546875, 4.5]);
    // Values that lie on edges: numpy.histogram([i * 0.1 for i in range(65)], bins=64)
    const tenths = logged({ h: { kind: 'histogram', values: Array.from({ length: 65 }, (_, i) => i * 0.1) } });
    expect((tenths.row.h as { values: number[] }).values).toEqual([...new Array(63).fill(1), 2]);
  });

  it('takes counts and edges as they are', () => {
    const { row } = logged({ h: { kind: 'histogram', counts: [1, 2], edges: [0, 1, 5] } });
    expect(row.h).toEqual({ _type: 'histogram', values: [1, 2], bins: [0, 1, 5] });
  });

  it('converts what the contract does not name, as the Python client does', () => {
    const values = {
      long: 2n ** 70n,
      date: new Date(Date.UTC(2024, 0, 2)),
      single: Float32Array.of(0.5),
      few: Int8Array.of(1, 2),
      many: new Float64Array(100),
      nested: { a: { 'b.c': true }, empty: {} },
      nothing: null,
    };
    const { row, notices } = logged(values);
    expect(row).toMatchObject({
      long: 2n ** 70n,
      date: '2024-01-02T00:00:00.000Z',
      single: 0.5,
      few: [1, 2],
      many: { _type: 'histogram' },
      nested: { a: { 'b.c': true } },
      nothing: null,
    });
    expect(row.nested).not.toHaveProperty('empty');
    expect(notices).toEqual([]);
  });

  it('drops the value that it cannot show, names its key, and keeps the rest of the row', () => {
    const cycle: Record<string, unknown> = {};
    cycle.self = cycle;
    const image = { kind: 'image', png: new Uint8Array(1), width: 1, height: 1 };
    const bad = { cycle, image, symbol: Symbol('s'), gone: undefined, _step: 7 };
    const { row, notices } = logged({ before: 1, ...bad, after: 2 }, { cycle });
    expect(row).toMatchObject({ before: 1, after: 2, _step: 0 });
    expect(Object.keys(row).filter((key) => key !== '_step' && key in bad)).toEqual([]);
    expect(notices.map(({ code, message }) => `${code} ${message.split(' ')[0]}`)).toEqual(
      Object.keys(bad).map((key) => `value-dropped "${key}"`),
    );
  });
});
