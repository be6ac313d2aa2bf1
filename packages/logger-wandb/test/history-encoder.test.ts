import { expect, it } from 'vitest';
import { createHistoryEncoder } from '../src/log/history-encoder.js';
import { decodeMessage, encodeMessage } from '../src/log/proto.js';
import { RECORD_SCHEMA } from '../src/log/record-schema.js';
import { createRowTable } from '../src/log/row-table.js';
import { type JsonValue, valueJsonText } from '../src/log/value-json.js';

const VALUES: Record<string, JsonValue> = {
  loss: 0.1 + 0.2,
  'dots.and/slashes': -0,
  nan: Number.NaN,
  up: Infinity,
  down: -Infinity,
  tiny: 5e-324,
  huge: 1.7976931348623157e308,
  whole: 2 ** 53,
  big: 2n ** 70n,
  yes: true,
  nothing: null,
  text: 'größer "als" \u2028 \n 🚀',
  list: [1, Number.NaN, { deep: 'x' }],
  損失: 3,
  [`long ${'k'.repeat(300)}`]: 'v'.repeat(40_000),
  '': 1,
};

it('writes byte for byte what the general encoder writes', () => {
  const encode = createHistoryEncoder();
  const table = createRowTable();
  for (const [num, step] of [
    [1, 0],
    [127, 1],
    [128, 127],
    [2 ** 31, 2 ** 40],
    [9, 300],
  ] as const) {
    for (const [key, value] of Object.entries(VALUES)) table.set(table.column(key), value);
    table.set(table.columnAt(['nested', 'a.b', 'c']), 7);
    const { bytes, start, end } = encode(table, num, step);
    const item = [
      ...Object.entries(VALUES).map(([key, value]) => ({ nestedKey: [key], valueJson: valueJsonText(value) })),
      { nestedKey: ['nested', 'a.b', 'c'], valueJson: '7' },
    ];
    const message = { num, history: { item, step: { num: step } } };
    const expected = encodeMessage(RECORD_SCHEMA, message);
    expect(Buffer.from(bytes.subarray(start, end)).equals(expected)).toBe(true);
    const decoded = decodeMessage(RECORD_SCHEMA, expected);
    expect(decoded).toEqual(step === 0 ? { num, history: { item, step: {} } } : message);
    table.clear();
  }
});

it('writes the columns of the row alone, in the order in which they were filled', () => {
  const encode = createHistoryEncoder();
  const table = createRowTable();
  const keysOf = () => {
    const { bytes, start, end } = encode(table, 1, 1);
    const { history } = decodeMessage(RECORD_SCHEMA, bytes.subarray(start, end));
    return (history as { item?: { nestedKey: string[] }[] }).item?.map(({ nestedKey }) => nestedKey[0]);
  };
  table.set(table.column('a'), 1);
  table.set(table.column('b'), 2);
  expect(keysOf()).toEqual(['a', 'b']);
  table.clear();
  expect(keysOf()).toBeUndefined();
  table.set(table.column('c'), 3);
  table.set(table.column('a'), 4);
  expect(keysOf()).toEqual(['c', 'a']);
});
