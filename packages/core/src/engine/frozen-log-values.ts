import type { LogValue, LogValues } from '../logger/log-values.js';
import { show } from '../logger/option-checks.js';
import { frozenCopy } from './frozen-copy.js';

/** Copies and checks what a user logs. Throws a `TypeError` that names the key. */
export function frozenLogValues(values: LogValues): LogValues {
  if (typeof values !== 'object' || values === null || Array.isArray(values)) {
    throw new TypeError(`log: the values must be an object, not ${show(values)}`);
  }
  for (const key in values) {
    if (key === '') throw new TypeError(`log: a key must not be empty (its value is ${show(values[key])})`);
    assertLogValue(key, values[key]!);
  }
  return frozenCopy(values, 'log');
}

function assertLogValue(key: string, value: LogValue): void {
  if (typeof value === 'number' || typeof value === 'string' || value === undefined) return;
  const problem = typeof value === 'object' && value !== null ? shapeProblem(value) : 'is no value that can be logged';
  if (problem !== undefined) throw new TypeError(`log: ${JSON.stringify(key)} ${problem}, got ${show(value)}`);
}

function shapeProblem(value: Exclude<LogValue, number | string>): string | undefined {
  switch (value.kind) {
    case 'histogram':
      if ('values' in value) return isSeries(value.values) ? undefined : 'needs an array of numbers as its values';
      if (!isSeries(value.counts) || !isSeries(value.edges)) return 'needs values, or counts and edges';
      return value.edges.length === value.counts.length + 1 ? undefined : 'needs one edge more than counts';
    case 'image':
      return value.png instanceof Uint8Array && isSize(value.width) && isSize(value.height)
        ? undefined
        : 'needs png bytes (a Uint8Array), a width and a height';
    case 'text':
      return typeof value.text === 'string' ? undefined : 'needs a text';
    case 'table':
      if (!Array.isArray(value.columns) || !Array.isArray(value.rows)) return 'needs columns and rows';
      if (!value.rows.every((row) => Array.isArray(row) && row.length === value.columns.length)) {
        return 'needs rows as long as its columns';
      }
      return value.rows.every((row) => row.every(isCell))
        ? undefined
        : 'has a cell that is no text, number, boolean or null';
    default:
      return "must be a number, a string or have one of the kinds 'histogram', 'image', 'text', 'table'";
  }
}

function isCell(cell: unknown): boolean {
  return cell === null || cell === undefined || ['number', 'string', 'boolean'].includes(typeof cell);
}

function isSize(pixels: unknown): boolean {
  return Number.isSafeInteger(pixels) && (pixels as number) > 0;
}

function isSeries(values: unknown): boolean {
  if (ArrayBuffer.isView(values)) return true;
  return Array.isArray(values) && Array.from(values).every((value) => typeof value === 'number');
}
