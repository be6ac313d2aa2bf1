import { itemHead } from '../log/history-encoder.js';
import { itemPath, type LogItem } from './json-tree.js';
import { historyLine } from './stream-lines.js';

/** Makes lines of wandb-history.jsonl without decoding the rows, where rows of the same columns were decoded before. */
export interface HistoryLines {
  /** The line of a record's bytes, as `historyLine` makes it; nothing where it is no row, or one that must be decoded. */
  lineOf(payload: Uint8Array): string | undefined;
  /** Takes the columns of a decoded history record. */
  learn(content: Readonly<Record<string, unknown>>): void;
}

/** How rows of the same columns look: in a record before each value, and in a line around the values. */
interface RowShape {
  /** By column, the item's bytes up to the length of its value. */
  readonly heads: readonly Uint8Array[];
  /** What stands in the line before each value, and behind the last one. */
  readonly between: readonly Uint8Array[];
  readonly betweenBytes: number;
}

/** Programs log a few sets of metrics, each in turn. */
const MAX_SHAPES = 8;

// A row's record: 08 varint(num), 12 varint(length), in it the items and 12 varint(length), the step: 08 varint(step), or
// nothing for 0. An item: 0a varint(length), in it the head, varint(length) and the value as JSON.
const NUM_TAG = 0x08;
const HISTORY_TAG = 0x12;
const ITEM_TAG = 0x0a;
const STEP_TAG = 0x12;
const STEP_NUM_TAG = 0x08;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** Knows no columns yet; keeps the last eight sets of them. */
export function createHistoryLines(): HistoryLines {
  const shapes: RowShape[] = [];
  let line = Buffer.alloc(4096);
  let at = 0;

  /** Reads a number below 2 ** 28; -1 for any other. */
  function readVarint(payload: Uint8Array): number {
    let value = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = payload[at++]!;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    return -1;
  }

  /** Whether `at` is where a length says that the payload ends. */
  function reachesEnd(payload: Uint8Array): boolean {
    const length = readVarint(payload);
    return length >= 0 && at + length === payload.length;
  }

  function lineIn(payload: Uint8Array, { heads, between, betweenBytes }: RowShape): string | undefined {
    at = 0;
    if (payload[at++] !== NUM_TAG || readVarint(payload) < 0) return undefined;
    if (payload[at++] !== HISTORY_TAG || !reachesEnd(payload)) return undefined;
    if (line.length < payload.length + betweenBytes) line = Buffer.alloc(2 * (payload.length + betweenBytes));
    let filled = 0;
    for (let column = 0; column < heads.length; column++) {
      if (payload[at++] !== ITEM_TAG) return undefined;
      const itemLength = readVarint(payload);
      const itemEnd = at + itemLength;
      const head = heads[column]!;
      for (let i = 0; i < head.length; i++) if (payload[at++] !== head[i]) return undefined;
      const length = readVarint(payload);
      if (length <= 0 || at + length !== itemEnd || itemEnd > payload.length) return undefined;
      // Both are short: loops are faster than calls of set().
      const text = between[column]!;
      for (let i = 0; i < text.length; i++) line[filled++] = text[i]!;
      while (at < itemEnd) {
        const byte = payload[at++]!;
        // It would end the line.
        if (byte === LINE_FEED || byte === CARRIAGE_RETURN) return undefined;
        line[filled++] = byte;
      }
    }
    if (payload[at++] !== STEP_TAG || !reachesEnd(payload)) return undefined;
    if (at < payload.length) {
      if (payload[at++] !== STEP_NUM_TAG || readVarint(payload) < 0 || at !== payload.length) return undefined;
    }
    const tail = between[heads.length]!;
    line.set(tail, filled);
    return line.toString('utf8', 0, filled + tail.length);
  }

  return {
    lineOf(payload) {
      for (const shape of shapes) {
        const found = lineIn(payload, shape);
        if (found !== undefined) return found;
      }
      return undefined;
    },
    learn(content) {
      const items = (content.item ?? []) as LogItem[];
      const between = textBetween(items);
      if (between === undefined) return;
      const heads = items.map((item) => itemHead(itemPath(item)));
      const betweenBytes = between.reduce((sum, text) => sum + text.length, 0);
      shapes.unshift({ heads, between, betweenBytes });
      shapes.length = Math.min(shapes.length, MAX_SHAPES);
    },
  };
}

/** What stands around the items' values in their line; nothing where the line does not hold each value, in this order. */
function textBetween(items: readonly LogItem[]): readonly Uint8Array[] | undefined {
  // Without its own item the step would be a value that is not among the items'.
  if (!items.some((item) => itemPath(item).join() === '_step')) return undefined;
  // No key's JSON has the character 0.
  const marked = items.map((item, column) => ({ nestedKey: itemPath(item), valueJson: `\0${column}\0` }));
  const parts = historyLine({ item: marked }).split('\0');
  const columns = parts.filter((_, index) => index % 2 === 1);
  if (columns.length !== items.length || columns.some((column, index) => column !== String(index))) return undefined;
  return parts.filter((_, index) => index % 2 === 0).map((text) => Buffer.from(text));
}
