import { readFileSync } from 'node:fs';
import { LoggerError } from '@microbatch/core/logger';
import { headerProblem, type LogDamage, type LogPayload, readPayloads } from './chunk-reader.js';
import { decodeMessage } from './proto.js';
import { RECORD_SCHEMA } from './record-schema.js';

/** One record as plain data: its number, and the fields of wandb's message under `content`, in camelCase. */
export interface WandbRecord {
  /** 1, 2, 3… in the order of writing. */
  readonly num: number;
  /** Which of the messages it is; `'unknown'` where this version does not know it. */
  readonly type: string;
  readonly content: Readonly<Record<string, unknown>>;
  /** Where the record begins in the file, in bytes. */
  readonly offset: number;
}

/** What a log holds, and where it could not be read. */
export interface WandbLog {
  readonly records: readonly WandbRecord[];
  /** Empty for a whole file; one entry at the end for a file whose last record is cut off. */
  readonly damage: readonly LogDamage[];
}

/**
 * Reads a `.wandb` transaction log: every whole record, also behind damage. Throws a `LoggerError` (`not-a-log`) where the
 * file's header is not that of a log, or the file system's error.
 */
export function readWandbLog(path: string): WandbLog {
  const log = readFileSync(path);
  const problem = headerProblem(log);
  if (problem !== undefined) throw new LoggerError('wandb', 'not-a-log', `${path}: ${problem}`);
  const records: WandbRecord[] = [];
  const damage: LogDamage[] = [];
  for (const { offset, payload } of readPayloads(log, (found) => damage.push(found))) {
    try {
      records.push(decodeRecord({ offset, payload }));
    } catch (error) {
      damage.push({ offset, reason: `the record is no message: ${(error as Error).message}` });
    }
  }
  return { records, damage };
}

/** Reads one record's bytes. Throws a `RangeError` where they are no message. */
export function decodeRecord({ offset, payload }: LogPayload): WandbRecord {
  const { num = 0, ...rest } = decodeMessage(RECORD_SCHEMA, payload);
  const [type = 'unknown', content = {}] = Object.entries(rest)[0] ?? [];
  return { num: num as number, type, content: content as Record<string, unknown>, offset };
}
