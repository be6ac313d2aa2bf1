import { decodeMessage } from './proto.js';
import { RECORD_SCHEMA } from './record-schema.js';

/** The values of one row; the next row overwrites them. */
export interface WandbRow<Column> {
  readonly length: number;
  /** The column of each value, in the row's order. */
  readonly columns: readonly Column[];
  /** The JSON text of each value that is no number. */
  readonly texts: readonly (string | undefined)[];
  /** Each other value; NaN and ±Infinity among them. */
  readonly numbers: readonly number[];
}

interface Item {
  readonly key?: string;
  readonly nestedKey?: readonly string[];
  readonly valueJson?: string;
}

/** A column as records name it. */
interface Known<Column> {
  /** The bytes of its items before their value. */
  readonly head: Uint8Array;
  readonly column: Column;
  /** What followed it in the row before. */
  next: Known<Column> | undefined;
}

// A row's record: 08 varint(num), 12 varint(length), in it the items and 12 varint(length), the step. An item:
// 0a varint(length), in it 0a or 12 varint(length) name …, 82 01 varint(length) and the value as JSON.
const NUM_TAG = 0x08;
const HISTORY_TAG = 0x12;
const ITEM_TAG = 0x0a;
const KEY_TAG = 0x0a;
const NESTED_KEY_TAG = 0x12;
const VALUE_TAG = [0x82, 0x01] as const;

/**
 * Reads rows without an object for any value: programs log the same columns again and again. `columnAt` is asked once for
 * each column: one element of the path for a flat key, more for what lies inside an object. The reader says undefined for a
 * record that is no row, and throws a `RangeError` for what is no message.
 */
export function createRowReader<Column>(
  columnAt: (path: readonly string[]) => Column,
): (payload: Uint8Array) => WandbRow<Column> | undefined {
  const byHead = new Map<string, Known<Column>>();
  const byPath = new Map<string, Column>();
  const start: { next: Known<Column> | undefined } = { next: undefined };
  const row = { length: 0, columns: [] as Column[], texts: [] as (string | undefined)[], numbers: [] as number[] };
  let bytes: Buffer = Buffer.alloc(0);
  let at = 0;

  /** Reads a number below 2 ** 28; -1 for any other. */
  function varint(): number {
    let value = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = bytes[at++]!;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    return -1;
  }

  function isAt(head: Uint8Array): boolean {
    for (let i = 0; i < head.length; i++) if (bytes[at + i] !== head[i]) return false;
    return true;
  }

  /** Moves from an item's beginning to its value's length; undefined where the item is not of the usual form. */
  function columnBefore(end: number, before: { next: Known<Column> | undefined }): Known<Column> | undefined {
    const guess = before.next;
    // The value's tag is a part of the head, so that no longer name passes for it.
    if (guess !== undefined && isAt(guess.head)) {
      at += guess.head.length;
      return guess;
    }
    const from = at;
    while (at < end && (bytes[at] === KEY_TAG || bytes[at] === NESTED_KEY_TAG)) {
      at++;
      const length = varint();
      if (length < 0) return undefined;
      at += length;
    }
    if (at + 2 > end || bytes[at] !== VALUE_TAG[0] || bytes[at + 1] !== VALUE_TAG[1]) return undefined;
    at += 2;
    const key = bytes.toString('latin1', from, at);
    let known = byHead.get(key);
    if (known === undefined) {
      const head = new Uint8Array(bytes.subarray(from, at));
      // A value of no bytes ends the message.
      const item = decodeMessage(RECORD_SCHEMA, itemRecord(head)) as { history: { item: Item[] } };
      known = { head, column: columnOf(item.history.item[0]!), next: undefined };
      byHead.set(key, known);
    }
    before.next = known;
    return known;
  }

  /** Whether the record in `bytes` is a row of the usual form. */
  function readUsual(): boolean {
    at = 0;
    row.length = 0;
    if (bytes[at++] !== NUM_TAG || varint() < 0) return false;
    if (bytes[at++] !== HISTORY_TAG) return false;
    const length = varint();
    if (length < 0 || at + length !== bytes.length) return false;
    let before: { next: Known<Column> | undefined } = start;
    while (bytes[at] === ITEM_TAG) {
      at++;
      const itemLength = varint();
      const end = at + itemLength;
      if (itemLength < 0 || end > bytes.length) return false;
      const known = columnBefore(end, before);
      const valueLength = known === undefined ? -1 : varint();
      if (valueLength <= 0 || at + valueLength !== end) return false;
      put(known!.column, end);
      before = known!;
    }
    return true;
  }

  /** Puts the value in `bytes[at, end)`. */
  function put(column: Column, end: number): void {
    const index = row.length++;
    row.columns[index] = column;
    row.texts[index] = undefined;
    const number = wholeNumber(bytes, at, end);
    if (number >= 0) {
      row.numbers[index] = number;
    } else if (isNumber(bytes, at, end)) {
      row.numbers[index] = Number(bytes.toString('latin1', at, end));
    } else {
      row.texts[index] = bytes.toString('utf8', at, end);
    }
    at = end;
  }

  /** Reads a row of any form. */
  function readAny(): boolean {
    const { history } = decodeMessage(RECORD_SCHEMA, bytes) as { history?: { item?: Item[] } };
    if (history === undefined) return false;
    row.length = 0;
    for (const item of history.item ?? []) {
      const index = row.length++;
      const text = Buffer.from(item.valueJson || 'null');
      const isNumeric = isNumber(text, 0, text.length);
      row.columns[index] = columnOf(item);
      row.numbers[index] = isNumeric ? Number(text.toString()) : Number.NaN;
      row.texts[index] = isNumeric ? undefined : text.toString();
    }
    return true;
  }

  function columnOf({ key = '', nestedKey = [] }: Item): Column {
    const path = nestedKey.length > 0 ? nestedKey : [key];
    const name = JSON.stringify(path);
    const found = byPath.get(name);
    if (found !== undefined) return found;
    const column = columnAt(path);
    byPath.set(name, column);
    return column;
  }

  return (payload) => {
    bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.length);
    return readUsual() || readAny() ? row : undefined;
  };
}

/** A row of one item, which has this head and a value of no bytes. */
function itemRecord(head: Uint8Array): Uint8Array {
  const lengthOf = (length: number) => {
    const digits: number[] = [];
    for (let rest = length; ; rest >>>= 7) {
      if (rest < 0x80) return Uint8Array.from([...digits, rest]);
      digits.push((rest & 0x7f) | 0x80);
    }
  };
  const item = Buffer.concat([head, Uint8Array.of(0)]);
  const history = Buffer.concat([Uint8Array.of(ITEM_TAG), lengthOf(item.length), item]);
  return Buffer.concat([Uint8Array.of(HISTORY_TAG), lengthOf(history.length), history]);
}

const ZERO = 0x30;
const NINE = 0x39;
const MINUS = 0x2d;
const NOT_FINITE = ['NaN', 'Infinity', '-Infinity'];

/** A number of at most nine digits; -1 for all else. Clocks are such, and `Number` takes ten times as long. */
function wholeNumber(bytes: Buffer, start: number, end: number): number {
  if (end - start > 9) return -1;
  let value = 0;
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!;
    if (byte < ZERO || byte > NINE) return -1;
    value = value * 10 + byte - ZERO;
  }
  return value;
}

function isNumber(bytes: Buffer, start: number, end: number): boolean {
  const byte = bytes[start]!;
  if (byte >= ZERO && byte <= NINE) return true;
  if (byte === MINUS && bytes[start + 1]! <= NINE) return true;
  return end - start <= 9 && NOT_FINITE.includes(bytes.toString('latin1', start, end));
}
