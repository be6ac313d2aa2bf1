import { CHUNK_HEADER_BYTES, createChunkWriter } from './chunk-writer.js';
import { createHistoryEncoder } from './history-encoder.js';
import { createLogFile } from './log-file.js';
import { encodeMessage, type PlainMessage } from './proto.js';
import { RECORD_SCHEMA } from './record-schema.js';
import type { RowTable } from './row-table.js';

/** A `.wandb` transaction log that is being written. Records reach the OS at `settle`, `sync` and `close`. */
export interface RunLog {
  /** Appends the row of a table. */
  row(table: RowTable, step: number): void;
  /** Appends any other record: one of the message fields of `Record`, without its number. */
  record(record: PlainMessage): void;
  /** Writes through what has waited long enough. */
  settle(): void;
  /** Returns when everything appended is on the disk. */
  sync(): void;
  close(): void;
}

/** Creates the log at `path`; fails where there is a file. */
export function createRunLog(path: string): RunLog {
  const file = createLogFile(path);
  const append = createChunkWriter(file.put);
  const encodeRow = createHistoryEncoder();
  let num = 0;
  return {
    row(table, step) {
      const { bytes, start, end } = encodeRow(table, ++num, step);
      append(bytes, start, end);
      file.commit();
    },
    record(record) {
      const payload = encodeMessage(RECORD_SCHEMA, { num: ++num, ...record });
      const bytes = Buffer.concat([Buffer.alloc(CHUNK_HEADER_BYTES), payload]);
      append(bytes, CHUNK_HEADER_BYTES, bytes.length);
      file.commit();
    },
    settle: file.settle,
    sync: file.sync,
    close: file.close,
  };
}

/** A log that nobody keeps. */
export const DISCARDING_LOG: RunLog = { row() {}, record() {}, settle() {}, sync() {}, close() {} };
