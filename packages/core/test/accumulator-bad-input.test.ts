import { createAccumulator, gradientAccumulation } from '@microbatch/core';
import { describe, expect, it } from 'vitest';
import { byEights, started } from './accumulator-support.js';

describe('bad input', () => {
  it.each([
    [{ loss: '1', samples: 8 }, /loss.*"1"/],
    [{ loss: 1, samples: 0 }, /samples.*not 0/],
    [{ loss: 1, samples: 2.5 }, /samples.*not 2.5/],
    [{ loss: 1, samples: 8, weight: -1 }, /weight.*not -1/],
    [{ loss: 1, samples: 8, weight: Number.NaN }, /weight.*not NaN/],
    [{ loss: 1, samples: 8, metrics: { accuracy: null } }, /metrics.accuracy.*not null/],
    [{ loss: 1, samples: 8, metrics: { loss: 9 } }, /metrics.loss \(9\)/],
    [undefined, /micro-batch.*undefined/],
  ])('%j is refused by name and value, and counts nothing', (result, message) => {
    const accumulator = started(gradientAccumulation({ accumBatchSize: 16 }));
    const before = accumulator.snapshot();
    expect(() => accumulator.next(result as never)).toThrow(message);
    expect(accumulator.snapshot()).toEqual(before);
  });

  it("a weight that is not the samples is refused where normalize is 'target'", () => {
    const accumulator = started(gradientAccumulation({ accumBatchSize: 16, normalize: 'target' }));
    expect(() => accumulator.next({ loss: 1, samples: 8, weight: 5 })).toThrow(/weight: 5 for 8 samples/);
  });

  it('a window that weighs nothing is refused before its step could divide by 0', () => {
    const accumulator = started(gradientAccumulation({ accumBatchSize: 16 }));
    accumulator.next({ loss: 0, samples: 8, weight: 0 });
    expect(() => accumulator.next({ loss: 0, samples: 8, weight: 0 })).toThrow(/weigh 0 in all/);
  });

  it.each(['a/b', '', 'x'.repeat(65), 7])('run.id %j is refused', (id) => {
    expect(() => createAccumulator(gradientAccumulation(), byEights, { run: { id: id as string } })).toThrow(
      /run\.id.*not/,
    );
  });

  it('a config that is no plain data is refused by its place', () => {
    const config = { model: { activation: () => 0 } };
    expect(() => createAccumulator(gradientAccumulation(), byEights, { run: { config } })).toThrow(
      /run\.config\.model\.activation/,
    );
  });

  it.each([
    [{ '': 1 }, /key must not be empty/],
    [{ a: null }, /"a"/],
    [{ a: { kind: 'histogram', counts: [1], edges: [0] } }, /"a".*edge/],
    [{ a: { kind: 'table', columns: ['x'], rows: [[1, 2]] } }, /"a".*as long as/],
    [{ a: { kind: 'sound' } }, /"a".*kinds/],
    [{ a: { kind: 'table', columns: ['x'], rows: [null] } }, /"a"/],
    [{ a: { kind: 'table', columns: ['x'], rows: [[{}]] } }, /"a".*cell/],
    [{ a: { kind: 'histogram', counts: new Array(1), edges: [0, 1] } }, /"a"/],
    [{ a: { kind: 'image', png: new Uint8Array(1), width: Number.POSITIVE_INFINITY, height: 1 } }, /"a".*width/],
  ])('log(%j) is refused by key', (values, message) => {
    expect(() => started(gradientAccumulation()).log(values as never)).toThrow(message);
  });

  it('calls out of order say which', () => {
    const accumulator = createAccumulator(gradientAccumulation(), byEights);
    expect(() => accumulator.next({ loss: 1, samples: 8 })).toThrow(/call start\(\) first/);
    accumulator.start();
    expect(() => accumulator.start()).toThrow(/has begun/);
    expect(() => accumulator.applied()).toThrow(/no full window/);
    accumulator.end();
    expect(() => accumulator.next({ loss: 1, samples: 8 })).toThrow(/has ended/);
    expect(accumulator.end()).toEqual([]);
  });
});
