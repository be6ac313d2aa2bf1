import { describe, expect, it, vi } from 'vitest';
import { encodeMessage } from '../src/log/proto.js';
import { decodeRecord } from '../src/log/read-log.js';
import { RECORD_SCHEMA } from '../src/log/record-schema.js';
import { createRowReader } from '../src/log/row-reader.js';
import { parseValueJson } from '../src/log/value-json.js';

interface Item {
  readonly key?: string;
  readonly nestedKey?: readonly string[];
  readonly valueJson: string;
}

const VALUES = [
  '0',
  '-7',
  '123456789',
  '1234567890123',
  '0.1',
  '-1e-7',
  '1E300',
  'NaN',
  'Infinity',
  '-Infinity',
  '-0.0',
];
const TEXTS = ['null', 'true', '"NaN"', '"größe 𝄞"', '[1,2]', '{"_type":"histogram"}', '-Infinite', ''];

function record(item: readonly Item[], num = 3): Uint8Array {
  return encodeMessage(RECORD_SCHEMA, { num, history: { item, step: { num: 12 } } });
}

/** A row by column, each number as it is, each other value's text. */
function read(reader: ReturnType<typeof createRowReader<string>>, payload: Uint8Array) {
  const row = reader(payload);
  if (row === undefined) return undefined;
  return Array.from({ length: row.length }, (_, i) => [row.columns[i], row.texts[i] ?? row.numbers[i]]);
}

describe('a row reader', () => {
  it('reads numbers as the decoder does, and leaves all else as text', () => {
    const reader = createRowReader((path) => path.join('|'));
    for (const valueJson of [...VALUES, ...TEXTS]) {
      const items = [
        { key: 'flat', valueJson },
        { nestedKey: ['a', 'b'], valueJson },
      ];
      const expected = VALUES.includes(valueJson) ? parseValueJson(valueJson) : valueJson || 'null';
      expect(read(reader, record(items)), valueJson).toEqual([
        ['flat', expected],
        ['a|b', expected],
      ]);
    }
  });

  it('asks for each column once, however its rows change', () => {
    const columnAt = vi.fn((path: readonly string[]) => path.join('|'));
    const reader = createRowReader(columnAt);
    const names = ['a', 'ab', 'abc', 'b', 'ä'.repeat(90), '__proto__', ''];
    for (let row = 0; row < 60; row++) {
      const chosen = names.filter((_, index) => (row * 7 + index * index) % 3 !== 0);
      if (row % 5 === 0) chosen.reverse();
      const items = chosen.map((name, index) => ({ nestedKey: [name], valueJson: String(index + row * 1e10) }));
      expect(read(reader, record(items, row))).toEqual(chosen.map((name, index) => [name, index + row * 1e10]));
    }
    expect(columnAt.mock.calls.map(([path]) => path.join()).sort()).toEqual([...names].sort());
  });

  it('reads rows that no client writes so, as the decoder does', () => {
    const reader = createRowReader((path) => path.join('|'));
    const usual = record([{ nestedKey: ['loss'], valueJson: '0.5' }]);
    // Without its number, and with a field behind the row that no version knows.
    const odd = Buffer.concat([usual.subarray(2), Uint8Array.of(0xf8, 0x3f, 0x01)]);
    expect(decodeRecord({ offset: 0, payload: odd }).type).toBe('history');
    for (const payload of [usual, odd, usual]) expect(read(reader, payload)).toEqual([['loss', 0.5]]);
  });

  it('says that another record is no row, and throws for what is no message', () => {
    const reader = createRowReader((path) => path.join('|'));
    expect(read(reader, encodeMessage(RECORD_SCHEMA, { num: 1, exit: { exitCode: 3 } }))).toBeUndefined();
    const whole = record([{ nestedKey: ['loss'], valueJson: '0.5' }]);
    for (let length = 3; length < whole.length; length++) {
      expect(() => reader(whole.subarray(0, length)), String(length)).toThrow(RangeError);
    }
  });
});
