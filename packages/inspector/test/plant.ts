import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TrainEvent } from '@microbatch/core';

/** A line of a journal, as plain JSON. */
type Line = TrainEvent & Record<string, unknown>;

export const JOURNAL = 'digits.microbatch.jsonl';

/** Rewrites a journal's lines behind its header; each as JSON, or, where it is not to be read, as a text. */
export function editJournal(dir: string, edit: (lines: Line[]) => readonly (object | string)[], name = JOURNAL): void {
  const path = join(dir, name);
  const [header, ...lines] = readFileSync(path, 'utf8').trimEnd().split('\n');
  const edited = edit(lines.map((line) => JSON.parse(line) as Line));
  const texts = edited.map((line) => (typeof line === 'string' ? line : JSON.stringify(line)));
  writeFileSync(path, `${[header, ...texts].join('\n')}\n`);
}

/** Where the first event is of which `isMeant`. */
export function indexWhere(lines: readonly Line[], isMeant: (line: Line) => boolean): number {
  const at = lines.findIndex(isMeant);
  if (at === -1) throw new Error('there is no such line');
  return at;
}

/** The path of a run's W&B log, the first or a later one. */
export function wandbLog(dir: string, at = 0): string {
  const folders = readdirSync(join(dir, 'wandb')).filter((name) => name.startsWith('offline-run-'));
  const folder = folders.sort()[at]!;
  const name = readdirSync(join(dir, 'wandb', folder)).find((file) => file.endsWith('.wandb'))!;
  return join(dir, 'wandb', folder, name);
}

/** The paths of a folder's event files. */
export function eventFiles(dir: string): string[] {
  return readdirSync(dir)
    .filter((name) => name.includes('tfevents'))
    .sort()
    .map((name) => join(dir, name));
}

const WANDB_HEADER = 7;

/** Rewrites the records of a W&B log that has one block: chunks of 4 bytes CRC, 2 length, 1 type, and the record. */
export function editWandb(dir: string, edit: (records: Buffer[]) => Buffer[], at = 0): void {
  const path = wandbLog(dir, at);
  const log = readFileSync(path);
  if (log.length > 32 * 1024) throw new Error('the log has more than a block');
  const records: Buffer[] = [];
  for (let at = WANDB_HEADER; at < log.length; ) {
    const end = at + 7 + log.readUInt16LE(at + 4);
    records.push(log.subarray(at, end));
    at = end;
  }
  writeFileSync(path, Buffer.concat([log.subarray(0, WANDB_HEADER), ...edit(records)]));
}

/** The places of the records that are rows: behind a record's number (below 128), a row is the message's field 2. */
export function rowsOf(records: readonly Buffer[]): number[] {
  return records.flatMap((record, at) => (record[7] === 0x08 && record[9] === 0x12 ? [at] : []));
}

/** Rewrites the records of an event file: 8 bytes length, 4 CRC, the event, 4 CRC. */
export function editEvents(path: string, edit: (records: Buffer[]) => Buffer[]): void {
  const file = readFileSync(path);
  const records: Buffer[] = [];
  for (let at = 0; at < file.length; ) {
    const end = at + 16 + Number(file.readBigUInt64LE(at));
    records.push(file.subarray(at, end));
    at = end;
  }
  writeFileSync(path, Buffer.concat(edit(records)));
}

/** The places of the records that hold a point of a tag. */
export function pointsOf(records: readonly Buffer[], tag: string): number[] {
  // The tag is a field of its own: its length stands before it.
  const field = Buffer.concat([Buffer.from([tag.length]), Buffer.from(tag)]);
  return records.flatMap((record, at) => (record.includes(field) ? [at] : []));
}

/** `items` with the one at `at` left out. */
export function without<T>(items: readonly T[], at: number): T[] {
  return items.filter((_, index) => index !== at);
}

/** `items` with two of them swapped. */
export function swapped<T>(items: readonly T[], a: number, b: number): T[] {
  const result = [...items];
  [result[a], result[b]] = [result[b]!, result[a]!];
  return result;
}

/** `items` with the one at `at` twice. */
export function doubled<T>(items: readonly T[], at: number): T[] {
  return [...items.slice(0, at + 1), ...items.slice(at)];
}
