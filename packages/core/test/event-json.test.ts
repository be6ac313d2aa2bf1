import { describe, expect, it } from 'vitest';
import { eventFromJson, eventToJson } from '../src/logger/event-json.js';
import type { LogEvent, TrainEvent } from '../src/logger/train-event.js';

const clocks = { microStep: 3, step: 1, samples: 96, epoch: 0.5, time: 1_700_000_000_000 };
const throughJson = (event: TrainEvent) => eventFromJson(JSON.parse(JSON.stringify(eventToJson(event))));

describe('eventToJson and eventFromJson', () => {
  it('bring an event through JSON, frozen, with values that JSON has no form for', () => {
    const event: LogEvent = {
      ...clocks,
      type: 'log',
      values: { loss: Number.NaN, digits: { kind: 'image', png: Uint8Array.of(137, 80), width: 1, height: 1 } },
    };
    const read = throughJson(event) as LogEvent;
    expect(read).toEqual(event);
    expect([read, read.values, read.values.digits].every(Object.isFrozen)).toBe(true);
  });

  it('let an event of a later version pass', () => {
    const event = { ...clocks, type: 'checkpoint', path: 'a.bin' } as unknown as TrainEvent;
    expect(throughJson(event)).toEqual(event);
  });

  it.each([
    ['null', null, /not an event: null/],
    ['a number', 7, /not an event: 7/],
    ['a list', [], /not an event: \[\]/],
    ['no type', clocks, /not an event: \{"microStep"/],
    ['no clocks', { type: 'log', values: {} }, /without microStep/],
    ['a clock that is text', { ...clocks, type: 'log', time: 'now' }, /without time/],
    ['a log without values', { ...clocks, type: 'log' }, /log without values/],
    ['a loss that is null', { ...clocks, type: 'micro-batch', loss: null }, /micro-batch without loss/],
    ['a run without a policy', { ...clocks, type: 'run-start', run: { plan: {} } }, /run-start without policy/],
    ['no lineage', { ...clocks, type: 'discarded-window' }, /discarded-window without microBatches/],
    ['half a lineage', { ...clocks, type: 'discarded-window', microBatches: [null] }, /without whole microBatches/],
    ['wrong validation', { ...clocks, type: 'epoch-end', train: {}, valid: [1] }, /without valid metrics/],
  ])('refuse %s', (_, json, message) => {
    expect(() => eventFromJson(json)).toThrow(SyntaxError);
    expect(() => eventFromJson(json)).toThrow(message);
  });
});
