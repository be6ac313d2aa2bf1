import { type JsonTree, type LogItem, putItems, putText, treeText } from './json-tree.js';

/** A time as protobuf has it; `seconds` since 1970. */
export interface LogTimestamp {
  readonly seconds?: number;
  readonly nanos?: number;
}

/** What the server takes of one line; longer ones are left out, as the Python client does. */
export const MAX_LINE_BYTES: number = 10 * 1024 * 1024 - 100 * 1024;

/** A history record as a line of wandb-history.jsonl. */
export function historyLine(content: Readonly<Record<string, unknown>>): string {
  const row: JsonTree = new Map();
  putItems(row, (content.item ?? []) as LogItem[]);
  const { num = 0 } = (content.step ?? {}) as { num?: number };
  if (content.step !== undefined && !row.has('_step')) row.set('_step', String(num));
  return treeText(row);
}

/** A stats record as a line of wandb-events.jsonl; `startedAt` in seconds since 1970. */
export function eventsLine(content: Readonly<Record<string, unknown>>, startedAt: number): string {
  const time = secondsOf(content.timestamp);
  const row: JsonTree = new Map([
    ['_wandb', 'true'],
    ['_timestamp', String(time)],
    ['_runtime', String(time - startedAt)],
  ]);
  for (const { key = '', valueJson } of (content.item ?? []) as LogItem[]) {
    putText(row, [`system.${key}`], valueJson || 'null');
  }
  return treeText(row);
}

/** Whether a line is short enough to be sent. */
export function isSendable(line: string): boolean {
  // A UTF-16 unit has at most three bytes in UTF-8.
  return line.length * 3 <= MAX_LINE_BYTES || Buffer.byteLength(line) <= MAX_LINE_BYTES;
}

/** A protobuf timestamp in seconds. */
export function secondsOf(timestamp: unknown): number {
  const { seconds = 0, nanos = 0 } = (timestamp ?? {}) as LogTimestamp;
  return seconds + nanos / 1e9;
}
