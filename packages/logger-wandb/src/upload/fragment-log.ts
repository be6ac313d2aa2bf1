import { CHUNK_HEADER_BYTES, createChunkWriter } from '../log/chunk-writer.js';
import { createLogFile } from '../log/log-file.js';
import { encodeMessage } from '../log/proto.js';
import { RECORD_SCHEMA } from '../log/record-schema.js';

/** A log made of another's records, numbered anew. */
export interface FragmentLog {
  /** Appends a record's bytes, whatever fields of it this version knows. */
  copy(payload: Uint8Array): void;
  /** Returns when everything is on the disk. */
  sync(): void;
  close(): void;
}

/** Creates the log at `path`; fails where there is a file. */
export function createFragmentLog(path: string): FragmentLog {
  const file = createLogFile(path);
  const append = createChunkWriter(file.put);
  let num = 0;

  return {
    copy(payload) {
      // The last value of a field counts: a number behind the record's own replaces it.
      const number = encodeMessage(RECORD_SCHEMA, { num: ++num });
      const bytes = Buffer.concat([Buffer.alloc(CHUNK_HEADER_BYTES), payload, number]);
      append(bytes, CHUNK_HEADER_BYTES, bytes.length);
      file.commit();
    },
    sync: file.sync,
    close: file.close,
  };
}
