import { describe, expect, it } from 'vitest';
import { createHistoryEncoder, itemHead } from '../src/log/history-encoder.js';
import { encodeMessage } from '../src/log/proto.js';
import { decodeRecord } from '../src/log/read-log.js';
import { RECORD_SCHEMA } from '../src/log/record-schema.js';
import { createRowTable } from '../src/log/row-table.js';
import type { JsonValue } from '../src/log/value-json.js';
import { createHistoryLines } from '../src/upload/history-lines.js';
import { historyLine } from '../src/upload/stream-lines.js';

type Row = readonly (readonly [path: string, value: JsonValue])[];

function recordsOf(rows: readonly Row[]): Uint8Array[] {
  const table = createRowTable();
  const encode = createHistoryEncoder();
  return rows.map((row, step) => {
    for (const [path, value] of [...row, ['_step', step] as const]) table.set(table.columnAt(path.split('.')), value);
    const { bytes, start, end } = encode(table, step + 1, step);
    table.clear();
    return bytes.slice(start, end);
  });
}

function decoded(payload: Uint8Array): string {
  return historyLine(decodeRecord({ offset: 0, payload }).content);
}

const PLAIN: Row[] = Array.from({ length: 200 }, (_, step) => [
  ['loss', 1 / (step + 3)],
  ['größe"/\n', step % 3 === 0 ? Number.NaN : -step],
  ['valid.loss', step * 1e21],
  ['valid.text', `größe 𝄞 "${step}"`],
  ['list', [step, { deep: Number.NEGATIVE_INFINITY }]],
]);

describe('lines of rows that are not decoded', () => {
  it('are those of decoded ones, where a row has the columns of one before', () => {
    const lines = createHistoryLines();
    const records = recordsOf(PLAIN);
    expect(lines.lineOf(records[0]!)).toBeUndefined();
    lines.learn(decodeRecord({ offset: 0, payload: records[0]! }).content);
    for (const record of records) expect(lines.lineOf(record)).toBe(decoded(record));
  });

  it('are made for rows of several sets of columns in turn', () => {
    const lines = createHistoryLines();
    const records = recordsOf(PLAIN.map((row, step) => row.slice(step % 4)));
    for (const record of records.slice(0, 4)) lines.learn(decodeRecord({ offset: 0, payload: record }).content);
    for (const record of records) expect(lines.lineOf(record)).toBe(decoded(record));
  });

  it('are not made where a line is more than its values in order', () => {
    const item = (path: string, valueJson: string) => ({ nestedKey: path.split('.'), valueJson });
    const step = item('_step', '3');
    const rows = {
      'a key twice': [item('a', '1'), item('a', '2'), step],
      'a value inside another': [item('a', '{"b":1}'), item('a.c', '2'), step],
      'nested values apart': [item('a.b', '1'), item('c', '2'), item('a.d', '3'), step],
      'no step of its own': [item('a', '1')],
      'a flat key': [{ key: 'a', valueJson: '1' }, step],
      'a line break': [item('a', '[1,\n2]'), step],
      'no value': [item('a', ''), step],
    };
    for (const [what, items] of Object.entries(rows)) {
      const payload = encodeMessage(RECORD_SCHEMA, { num: 4, history: { item: items, step: { num: 3 } } });
      const lines = createHistoryLines();
      lines.learn(decodeRecord({ offset: 0, payload }).content);
      expect(lines.lineOf(payload), what).toBeUndefined();
    }
  });

  it('are not made of a value without text, which stands for null', () => {
    const step = [...itemHead(['_step']), 0x01, 0x33];
    const item = itemHead(['a']);
    const record = (...value: readonly number[]) => {
      const items = [[...item, ...value], step].flatMap((bytes) => [0x0a, bytes.length, ...bytes]);
      return Uint8Array.of(0x08, 0x01, 0x12, items.length + 2, ...items, 0x12, 0x00);
    };
    const lines = createHistoryLines();
    lines.learn(decodeRecord({ offset: 0, payload: record(0x01, 0x37) }).content);
    expect(lines.lineOf(record(0x01, 0x37))).toBe('{"a":7,"_step":3}');
    expect(decoded(record(0x00))).toBe('{"a":null,"_step":3}');
    expect(lines.lineOf(record(0x00))).toBeUndefined();
  });

  it('are never wrong, whichever byte of the record is', () => {
    const lines = createHistoryLines();
    const [record] = recordsOf(PLAIN.slice(1, 2));
    lines.learn(decodeRecord({ offset: 0, payload: record! }).content);
    let made = 0;
    for (let at = 0; at < record!.length; at++) {
      for (let bit = 0; bit < 8; bit++) {
        const damaged = Uint8Array.from(record!);
        damaged[at]! ^= 1 << bit;
        const line = lines.lineOf(damaged);
        if (line === undefined) continue;
        made++;
        expect(line).toBe(decoded(damaged));
      }
      expect(lines.lineOf(record!.subarray(0, at))).toBeUndefined();
    }
    expect(made).toBeGreaterThan(record!.length);
  });
});
