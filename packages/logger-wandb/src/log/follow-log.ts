import { LoggerError, show } from '@microbatch/core/logger';
import { openLogTail } from '../upload/log-tail.js';
import type { LogDamage } from './chunk-reader.js';
import { decodeRecord, type WandbRecord } from './read-log.js';
import { createWandbRunState, type WandbRunInfo } from './read-run.js';
import { createRowReader, type WandbRow } from './row-reader.js';

/** Is told of what a log holds, in order. */
export interface WandbLogListener<Column> {
  /** Stands for a column of the rows; asked once for each: one element of the path for a flat key, more for what lies inside an object. */
  column(path: readonly string[]): Column;
  /** A row, whose record begins at byte `offset`. The next row overwrites it. */
  row(row: WandbRow<Column>, offset: number): void;
  /** A record of any other kind. */
  record(record: WandbRecord): void;
  damage(damage: LogDamage): void;
}

/** Reads a log part by part, as it grows; holds no file open between two reads. */
export interface WandbLogFollower {
  /**
   * Tells the listener of the whole records behind those of earlier reads, and resolves with what stands behind the last of
   * them: nothing, or the beginning of a record. Rejects with a `LoggerError` (`not-a-log`) or the file system's error.
   */
  read(): Promise<LogDamage | undefined>;
  /** The record that begins at byte `offset`. Rejects as `read` does, and (`not-a-record`) where none begins there. */
  record(offset: number): Promise<WandbRecord>;
}

/** Follows the `.wandb` file at `path`, from its beginning. Throws a `TypeError` where that is no path. */
export function followWandbLog<Column>(path: string, listener: WandbLogListener<Column>): WandbLogFollower {
  if (typeof path !== 'string' || path === '') throw new TypeError(`path must be a log's path, not ${show(path)}`);
  const rowOf = createRowReader((names) => listener.column(names));
  let offset = 0;

  return {
    async read() {
      const tail = await openLogTail(path, (damage) => listener.damage(damage), offset);
      try {
        for (let found = await tail.next(); found !== undefined; found = await tail.next()) {
          try {
            const row = rowOf(found.payload);
            if (row === undefined) listener.record(decodeRecord(found));
            else listener.row(row, found.offset);
          } catch (error) {
            if (!(error instanceof RangeError)) throw error;
            listener.damage({ offset: found.offset, reason: `the record is no message: ${error.message}` });
          }
          offset = tail.offset;
        }
        return tail.rest();
      } finally {
        await tail.close();
      }
    },
    async record(at) {
      const tail = await openLogTail(path, () => {}, at);
      try {
        const found = await tail.next();
        if (found?.offset === at) return decodeRecord(found);
        throw new LoggerError('wandb', 'not-a-record', `${path} holds no record at byte ${at}`);
      } finally {
        await tail.close();
      }
    },
  };
}

/**
 * Who the run of a log is, without reading further than to where that stands; undefined where it is not written yet.
 * Rejects with a `LoggerError` (`not-a-log`) or the file system's error.
 */
export async function peekWandbRun(path: string): Promise<WandbRunInfo | undefined> {
  const tail = await openLogTail(path, () => {});
  try {
    for (let found = await tail.next(); found !== undefined; found = await tail.next()) {
      const record = decodeRecord(found);
      if (record.type === 'history') return undefined;
      if (record.type !== 'run') continue;
      const state = createWandbRunState();
      state.apply(record);
      return state.current.run;
    }
    return undefined;
  } catch (error) {
    // Nothing that can be read stands in its place.
    if (error instanceof RangeError) return undefined;
    throw error;
  } finally {
    await tail.close();
  }
}
